/**
 * Everything that is expected to go wrong, as data: a tag, the facts, and one sentence.
 *
 * A {@link Failure} travels as the left of an `Either`, on the error channel of a stream, or is thrown by a
 * constructor that refuses illegal arguments; it is an `Error`, so whoever doesn't look still gets its sentence.
 */

const list = (names: readonly string[]): string => names.join(', ')
const shape = (extent: readonly number[]): string => `[${extent.join(', ')}]`
const hint = (nearest: string | undefined): string => (nearest === undefined ? '' : ` Did you mean ${nearest}?`)

/** One sentence per tag; the parameters are the facts that the failure carries. */
const sentences = {
  // schedules, spacings, transitions
  ScheduleInvalid: (f: { readonly reason: string }) => `The schedule is not usable: ${f.reason}.`,
  SpacingInvalid: (f: { readonly spacing: string; readonly reason: string }) =>
    `The spacing ${f.spacing} is not usable: ${f.reason}.`,
  TooManySteps: (f: { readonly steps: number; readonly trained: number }) =>
    `${String(f.steps)} steps were asked for, but the schedule has only ${String(f.trained)} timesteps.`,

  // rules and terms
  EtaOutOfRange: (f: { readonly eta: number }) => `eta is ${String(f.eta)}; it has to lie between 0 (DDIM) and 1 (DDPM).`,
  SigmaOutOfRange: (f: { readonly sigma: number; readonly largest: number; readonly t: number }) =>
    `sigma is ${String(f.sigma)} at t = ${String(f.t)}; it has to lie between 0 and √(1 − ᾱ) of the next level, ${String(f.largest)}.`,
  EpsilonAtZeroSnr: (f: { readonly t: number }) =>
    `At t = ${String(f.t)} nothing of the image is left (ᾱ = 0), so a prediction of ε says nothing about x₀; use a model that predicts v or x₀.`,
  SampleAtCleanLevel: (f: { readonly t: number }) =>
    `At t = ${String(f.t)} there is no noise (ᾱ = 1), so a prediction of x₀ says nothing about ε; use a model that predicts v or ε.`,
  ScheduleMismatch: (f: { readonly model: number; readonly schedule: number }) =>
    `The model was trained on ${String(f.model)} timesteps, but the steps come from a schedule of ${String(f.schedule)}.`,
  ClipWithoutRange: (f: { readonly clip: string }) =>
    `Clipping ${f.clip} needs a range, and the model names none.`,

  // conditions
  LabelUnknown: (f: { readonly label: string; readonly known: readonly string[]; readonly nearest: string | undefined }) =>
    `The model has no label ${f.label}; it knows ${list(f.known)}.${hint(f.nearest)}`,
  LabelsMissing: (f: { readonly classes: number }) =>
    `The model needs a label for every sample (0 to ${String(f.classes - 1)}).`,
  LabelsUnexpected: () => 'Labels were given, but the model is not conditioned on labels.',
  LabelCount: (f: { readonly labels: number; readonly rows: number }) =>
    `${String(f.labels)} labels were given for ${String(f.rows)} samples.`,
  GuidanceUnconditional: () =>
    'Guidance needs a label that stands for "none", and the model has none.',

  // noise
  NoiseInvalid: (f: { readonly reason: string }) => `The noise is not usable: ${f.reason}.`,

  // streams
  FrameExpired: (f: { readonly step: number; readonly field: string }) =>
    `${f.field} of the frame of step ${String(f.step)} was read after the frame was handed back. ` +
    'Read it while next() runs, hold it with waitUntil(), copy it with snapshot(), or keep() it.',
  NotARun: () => 'settled() takes the observable that denoise() returned, or a frame of it.',

  // checkpoints
  FileUnreadable: (f: { readonly path: string; readonly reason: string }) => `${f.path} can't be read: ${f.reason}.`,
  FileUnwritable: (f: { readonly path: string; readonly reason: string }) => `${f.path} can't be written: ${f.reason}.`,
  SafetensorsInvalid: (f: { readonly path: string; readonly reason: string }) =>
    `${f.path} is not a sound safetensors file: ${f.reason}.`,
  ConfigInvalid: (f: { readonly path: string; readonly reason: string }) => `${f.path} is not usable: ${f.reason}.`,
  TensorMissing: (f: { readonly path: string; readonly tensor: string }) =>
    `${f.path} has no tensor ${f.tensor}, which its config.json asks for.`,
  TensorShape: (f: {
    readonly path: string
    readonly tensor: string
    readonly expected: readonly number[]
    readonly found: readonly number[]
  }) => `${f.tensor} in ${f.path} has the shape ${shape(f.found)}; config.json asks for ${shape(f.expected)}.`,

  // engines
  EngineUnknown: (f: { readonly engine: string; readonly known: readonly string[] }) =>
    `There is no engine ${f.engine}; there are ${list(f.known)}.`,
  EngineUnavailable: (f: { readonly engine: string; readonly reason: string }) =>
    `The engine ${f.engine} can't run here: ${f.reason}.`,
  ModelRejected: (f: { readonly engine: string; readonly reason: string }) =>
    `The engine ${f.engine} could not run the model: ${f.reason}.`,

  // the command line
  Usage: (f: { readonly reason: string }) => `${f.reason}.`,
} as const

type Sentences = typeof sentences

/** The name of a kind of failure. */
export type FailureTag = keyof Sentences

/** The facts that go with a tag. */
export type Facts<Tag extends FailureTag> = Sentences[Tag] extends (facts: infer F) => string
  ? unknown extends F
    ? Record<never, never>
    : F
  : never

/** A failure with one particular tag. */
export type FailureOf<Tag extends FailureTag> = Error & { readonly _tag: Tag } & Readonly<Facts<Tag>>

/** Any expected failure: a union that `_tag` tells apart. */
export type Failure = { readonly [Tag in FailureTag]: FailureOf<Tag> }[FailureTag]

/**
 * Makes a failure.
 *
 * @param tag - what went wrong
 * @param facts - the fields that its sentence speaks of
 *
 * @example
 * ```ts
 * const failure = fail('EtaOutOfRange', { eta: 1.5 })
 * expect(failure._tag).toBe('EtaOutOfRange')
 * expect(failure.message).toBe('eta is 1.5; it has to lie between 0 (DDIM) and 1 (DDPM).')
 * ```
 */
export const fail = <Tag extends FailureTag>(tag: Tag, facts: Facts<Tag>): FailureOf<Tag> => {
  const sentence = (sentences[tag] as (facts: Facts<Tag>) => string)(facts)
  return Object.assign(new Error(sentence), { name: tag, _tag: tag }, facts) as FailureOf<Tag>
}

/**
 * Tells an expected failure from a defect.
 *
 * @example
 * ```ts
 * expect(isFailure(fail('NotARun', {}))).toBe(true)
 * expect(isFailure(new Error('a defect'))).toBe(false)
 * ```
 */
export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && '_tag' in error && typeof error._tag === 'string' && error._tag in sentences

/**
 * The sentence for people: an expected failure's own, or what is known of a defect.
 *
 * @example
 * ```ts
 * expect(render(fail('EtaOutOfRange', { eta: -1 }))).toContain('eta is -1')
 * expect(render(new Error('x is undefined'))).toBe('Unexpected: x is undefined')
 * ```
 */
export const render = (error: unknown): string =>
  isFailure(error) ? error.message : `Unexpected: ${error instanceof Error ? error.message : String(error)}`
