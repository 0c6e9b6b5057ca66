/**
 * Everything that is expected to go wrong, as data: a tag, the facts, and one sentence.
 *
 * A {@link Failure} travels as the left of an `Either`, on the error channel of a stream, or is thrown by a
 * constructor that refuses illegal arguments; it is an `Error`, so whoever doesn't look still gets its sentence.
 */

/** Names that a sentence has room for. */
const MOST_NAMES = 40
const list = (names: readonly string[]): string =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${String(names.length - MOST_NAMES)} more`
const shape = (extent: readonly number[]): string => `[${extent.join(', ')}]`
const hint = (nearest: string | undefined): string =>
  nearest === undefined ? '' : `, and the nearest is ${nearest}`

/** Where a step begins or ends. */
interface Point {
  readonly t: number
  readonly alphaBar: number
}

/** The facts of every kind of failure, by tag. */
export interface FailureFacts {
  readonly NameUnknown: {
    readonly what: string
    readonly given: string
    readonly known: readonly string[]
    readonly nearest: string | undefined
  }

  readonly ArgumentInvalid: { readonly argument: string; readonly given: string; readonly expected: string }

  // schedules, spacings, transitions
  readonly ScheduleInvalid: { readonly reason: string }
  readonly SpacingInvalid: { readonly spacing: string; readonly reason: string }
  readonly TooManySteps: { readonly steps: number; readonly trained: number }

  // rules and terms
  readonly EtaOutOfRange: { readonly eta: number }
  readonly NoiseAscending: { readonly t: number }
  readonly SigmaOutOfRange: { readonly sigma: number; readonly largest: number; readonly t: number }
  readonly RuleInvalid: { readonly rule: string; readonly reason: string }
  readonly VarianceUnknown: { readonly variance: string; readonly known: readonly string[] }
  readonly VarianceMissing: { readonly rule: string }
  readonly EpsilonAtZeroSnr: { readonly t: number }
  readonly SampleAtCleanLevel: { readonly t: number }
  readonly ScheduleMismatch: {
    readonly t: number
    readonly steps: number
    readonly model: number | undefined
    readonly trained: number
  }
  readonly ClipWithoutRange: { readonly clip: string }
  readonly ClipInvalid: { readonly clip: string; readonly reason: string }
  readonly NoiseDescending: { readonly t: number }

  // conditions
  readonly LabelUnknown: {
    readonly label: string
    readonly known: readonly string[]
    readonly nearest: string | undefined
  }
  readonly LabelsMissing: { readonly classes: number }
  readonly LabelsUnexpected: Record<never, never>
  readonly LabelCount: { readonly labels: number; readonly rows: number }
  readonly GuidanceUnconditional: Record<never, never>
  readonly GuidanceInvalid: { readonly reason: string }

  readonly RunInvalid: { readonly reason: string }
  readonly SamplesNotFinite: { readonly samples: readonly string[] }
  readonly ModelInvalid: { readonly reason: string }
  readonly WeightingInvalid: { readonly reason: string }

  // noise
  readonly NoiseInvalid: { readonly reason: string }

  // streams
  readonly StepsApart: { readonly ended: Point; readonly begins: Point }
  readonly PredictionMissing: { readonly t: number }
  readonly FrameExpired: { readonly step: number; readonly field: string }
  readonly NotARun: Record<never, never>
  readonly BranchInvalid: { readonly branch: string; readonly reason: string }
  readonly StateMismatch: { readonly what: string; readonly saved: string; readonly given: string }
  readonly StateInvalid: { readonly reason: string }
  readonly OperatorInvalid: { readonly operator: string; readonly reason: string }

  // training
  readonly LossNotFinite: { readonly step: number; readonly loss: number; readonly gradientNorm: number }

  // encoders
  readonly EncoderMissing: { readonly path: string; readonly encoder: string; readonly reason: string }
  readonly PictureTooLarge: { readonly width: number; readonly height: number; readonly most: string }
  readonly EncoderFailed: { readonly path: string; readonly encoder: string; readonly reason: string }

  // checkpoints
  readonly FileUnreadable: { readonly path: string; readonly reason: string }
  readonly FileUnwritable: { readonly path: string; readonly reason: string }
  readonly StreamUnwritable: { readonly reason: string }
  readonly ImageUnfit: { readonly path: string; readonly reason: string }
  readonly SafetensorsInvalid: { readonly path: string; readonly reason: string }
  readonly ConfigInvalid: { readonly path: string; readonly reason: string }
  readonly TensorMissing: { readonly path: string; readonly tensor: string }
  readonly TensorShape: {
    readonly path: string
    readonly tensor: string
    readonly expected: readonly number[]
    readonly found: readonly number[]
  }

  // networks
  readonly ShapesDisagree: { readonly operation: string; readonly reason: string }
  readonly FeaturesDisagree: { readonly reason: string }

  // engines
  readonly EngineUnknown: {
    readonly engine: string
    readonly known: readonly string[]
    readonly nearest: string | undefined
  }
  readonly EngineUnavailable: { readonly engine: string; readonly reason: string }
  readonly ModelRejected: { readonly engine: string; readonly reason: string }
  readonly DeviceLost: { readonly engine: string; readonly reason: string }
  readonly OutOfMemory: { readonly engine: string; readonly rows: number }
  readonly SetupFailed: { readonly what: string; readonly reason: string }

  // pipelines
  readonly PipelineInvalid: { readonly problems: readonly string[] }

  // the command line
  readonly Usage: { readonly reason: string }
}

/** One sentence per tag. */
const sentences: { readonly [Tag in keyof FailureFacts]: (facts: FailureFacts[Tag]) => string } = {
  NameUnknown: (f) => `There is no ${f.what} ${f.given}; there are ${list(f.known)}${hint(f.nearest)}.`,
  ArgumentInvalid: (f) => `${f.argument} is ${f.given}, and has to be ${f.expected}.`,

  // schedules, spacings, transitions
  ScheduleInvalid: (f) => `The schedule is not usable: ${f.reason}.`,
  SpacingInvalid: (f) => `The spacing ${f.spacing} is not usable: ${f.reason}.`,
  TooManySteps: (f) =>
    `${String(f.steps)} steps were asked for, but the schedule has only ${String(f.trained)} timesteps.`,

  // rules and terms
  EtaOutOfRange: (f) => `eta is ${String(f.eta)}; it has to lie between 0 (DDIM) and 1 (DDPM).`,
  NoiseAscending: (f) =>
    `The step from t = ${String(f.t)} leads to more noise, and a rule that draws noise of its own only goes the other way; ` +
    'take inversion(), or ddim() with eta 0.',
  SigmaOutOfRange: (f) =>
    `sigma is ${String(f.sigma)} at t = ${String(f.t)}; it has to lie between 0 and √(1 − ᾱ) of the next level, ${String(f.largest)}.`,
  RuleInvalid: (f) => `The rule ${f.rule} is not possible: ${f.reason}.`,
  VarianceUnknown: (f) => `There is no variance ${f.variance}; there are ${list(f.known)}.`,
  VarianceMissing: (f) => `${f.rule} needs a model that has learned a variance, and this one predicts none.`,
  EpsilonAtZeroSnr: (f) =>
    `At t = ${String(f.t)} nothing of the image is left (ᾱ = 0), so a prediction of ε says nothing about x₀; use a model that predicts v or x₀.`,
  SampleAtCleanLevel: (f) =>
    `At t = ${String(f.t)} there is no noise (ᾱ = 1), so a prediction of x₀ says nothing about ε; use a model that predicts v or ε.`,
  ScheduleMismatch: (f) =>
    `The steps don't belong to the model's schedule: at t = ${String(f.t)} they have ᾱ = ${String(f.steps)}, ` +
    (f.model === undefined
      ? `and the model knows only 0 to ${String(f.trained - 1)}.`
      : `the model ${String(f.model)}.`),
  ClipWithoutRange: (f) => `Clipping ${f.clip} needs a range, and the model names none.`,
  ClipInvalid: (f) => `Clipping ${f.clip} is not possible: ${f.reason}.`,
  NoiseDescending: (f) =>
    `The step from t = ${String(f.t)} leads to less noise; an inversion goes from image to noise, as inversionTransitions() does.`,

  // conditions
  LabelUnknown: (f) => `The model has no label ${f.label}; it knows ${list(f.known)}${hint(f.nearest)}.`,
  LabelsMissing: (f) => `The model needs a label for every sample (0 to ${String(f.classes - 1)}).`,
  LabelsUnexpected: () => 'Labels were given, but the model is not conditioned on labels.',
  LabelCount: (f) => `${String(f.labels)} labels were given for ${String(f.rows)} samples.`,
  GuidanceUnconditional: () => 'Guidance needs a label that stands for "none", and the model has none.',
  GuidanceInvalid: (f) => `The guidance is not possible: ${f.reason}.`,

  SamplesNotFinite: (f) =>
    `The network's answers came to NaN or infinity in ${f.samples.length === 1 ? 'sample' : 'samples'} ${list(f.samples)}, of which the files show nothing.`,
  RunInvalid: (f) => `The run is not possible: ${f.reason}.`,
  ModelInvalid: (f) => `The model is not possible: ${f.reason}.`,
  WeightingInvalid: (f) => `The weighting is not possible: ${f.reason}.`,

  // noise
  NoiseInvalid: (f) => `The noise is not usable: ${f.reason}.`,

  // streams
  StepsApart: ({ ended, begins }) =>
    "The steps of a chain have to join up, and these don't: one ends at " +
    (ended.t === begins.t
      ? `t = ${String(ended.t)} with ᾱ = ${String(ended.alphaBar)}, and the next begins there with ᾱ = ${String(begins.alphaBar)}.`
      : `t = ${String(ended.t)}, and the next begins at t = ${String(begins.t)}.`),
  PredictionMissing: (f) => `The model ended without a prediction at t = ${String(f.t)}.`,
  FrameExpired: (f) =>
    `${f.field} of the frame of step ${String(f.step)} was read after the frame was handed back. ` +
    'Read it while next() runs, hold it with waitUntil(), copy it with snapshot(), or keep() it.',
  NotARun: () => 'settled() takes the observable that denoise() returned, or a frame of it.',
  BranchInvalid: (f) => `The branch ${f.branch} is not possible: ${f.reason}.`,
  StateMismatch: (f) =>
    `The saved state goes on with the ${f.what} that it was made with, ${f.saved}, and not with ${f.given}.`,
  StateInvalid: (f) => `The saved state is not usable: ${f.reason}.`,
  OperatorInvalid: (f) => `The operator ${f.operator} is not possible: ${f.reason}.`,

  // training
  LossNotFinite: (f) =>
    `The ${Number.isFinite(f.loss) ? 'norm of the gradients' : 'loss'} is ${String(Number.isFinite(f.loss) ? f.gradientNorm : f.loss)} at step ${String(f.step)}, so training has stopped; a smaller learning rate or clipped gradients may help.`,

  // encoders
  EncoderMissing: (f) =>
    `${f.path} needs ${f.encoder}, and ${f.reason}; .gif, .apng and .png are written without it.`,
  PictureTooLarge: (f) =>
    `A picture would have ${String(f.width)} × ${String(f.height)} pixels, and ${f.most} are the most; choose a smaller scale, or fewer samples.`,
  EncoderFailed: (f) => `${f.encoder} could not write ${f.path}: ${f.reason}.`,

  // checkpoints
  FileUnreadable: (f) => `${f.path} can't be read: ${f.reason}.`,
  FileUnwritable: (f) => `${f.path} can't be written: ${f.reason}.`,
  StreamUnwritable: (f) => `The stream can't be written: ${f.reason}.`,
  ImageUnfit: (f) => `${f.path} doesn't suit the model: ${f.reason}.`,
  SafetensorsInvalid: (f) => `${f.path} is not a sound safetensors file: ${f.reason}.`,
  ConfigInvalid: (f) => `${f.path} is not usable: ${f.reason}.`,
  TensorMissing: (f) => `${f.path} has no tensor ${f.tensor}, which its config.json asks for.`,
  TensorShape: (f) =>
    `${f.tensor} in ${f.path} has the shape ${shape(f.found)}; config.json asks for ${shape(f.expected)}.`,

  // networks
  FeaturesDisagree: (f) => `These features can't be compared: ${f.reason}.`,
  ShapesDisagree: (f) => `The network doesn't fit together at ${f.operation}: ${f.reason}.`,

  // engines
  EngineUnknown: (f) => `There is no engine ${f.engine}; there are ${list(f.known)}${hint(f.nearest)}.`,
  EngineUnavailable: (f) => `The engine ${f.engine} can't run here: ${f.reason}.`,
  ModelRejected: (f) => `The engine ${f.engine} could not run the model: ${f.reason}.`,
  DeviceLost: (f) =>
    `The engine ${f.engine} has lost its device (${f.reason}); start again, with --resume where the run was kept by --checkpoint.`,
  OutOfMemory: (f) =>
    `The engine ${f.engine} has too little memory for ${String(f.rows)} ${f.rows === 1 ? 'sample' : 'samples'} at a time; ` +
    (f.rows === 1
      ? 'take another with --engine.'
      : `ask for fewer, such as --batch ${String(Math.ceil(f.rows / 4))}.`),
  SetupFailed: (f) => `${f.what} could not be set up: ${f.reason}.`,

  // pipelines: a line for each problem, with its place
  PipelineInvalid: (f) => f.problems.join('\n'),

  // the command line
  Usage: (f) => `${f.reason}.`,
}

/** The name of a kind of failure. */
export type FailureTag = keyof FailureFacts

/** A failure with one particular tag, or one of several. */
export type FailureOf<Tag extends FailureTag> = {
  readonly [Each in Tag]: Error & { readonly _tag: Each } & FailureFacts[Each]
}[Tag]

/** Any expected failure: a union that `_tag` tells apart. */
export type Failure = FailureOf<FailureTag>

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
export const fail = <Tag extends FailureTag>(tag: Tag, facts: FailureFacts[Tag]): FailureOf<Tag> => {
  const sentence = sentences[tag](facts)
  return Object.assign(new Error(sentence), facts, { name: tag, _tag: tag })
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
