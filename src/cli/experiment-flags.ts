/**
 * What the verbs of experiments have in common: flags in, a pipeline out, which is run as one from a file is.
 */
import { clips } from '../diffusion/clip-settings.ts'
import type { RuleSettings } from '../diffusion/solver.ts'
import type { SpacingSettings } from '../diffusion/spacing.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { MOST_SAMPLES } from '../limits.ts'
import { compile } from '../pipeline/compile.ts'
import { decodePipeline } from '../pipeline/decode.ts'
import type { PipelineError } from '../pipeline/flaw.ts'
import { type Read, readOneOf, readWholes } from './flags.ts'
import { commandOf, dashed } from './made-by.ts'
import type { OutputFlags } from './output-flags.ts'
import { readOutputs } from './outputs.ts'
import { readRule } from './rule-flags.ts'
import { runAll, showAll } from './run.ts'
import { readNamed, scalar } from './settings-text.ts'
import { readSpacing } from './spacing-flags.ts'
import { refuse } from './refuse.ts'
import { workOf } from './work.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them: those of `sample` that experiments have too. */
export interface ExperimentFlags extends OutputFlags {
  readonly model?: string
  readonly engine?: string
  readonly seed?: string
  readonly seeds?: string
  readonly rng?: string
  readonly labels?: string
  readonly guidance?: string
  readonly steps?: string
  readonly spacing?: string
  readonly sampler?: string
  readonly eta?: string
  readonly variance?: string
  readonly clip?: string
  readonly finalLevel?: string
  readonly batch?: string
  readonly dryRun?: boolean
}

/** Settings as a document has them. */
export type Said = Readonly<Record<string, unknown>>

/** Leaves out what nobody has said. */
export const said = (settings: Said): Said =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))

/** A number, or whatever else was typed, for the codecs to refuse. */
export const value = (text: string | undefined): unknown => (text === undefined ? undefined : scalar(text))

/** Values between commas. */
export const values = (text: string | undefined): readonly unknown[] | undefined =>
  text?.split(',').map((each) => scalar(each.trim()))

const optional = <A>(text: string | undefined, read: (text: string) => Read<A>): Read<A | undefined> =>
  text === undefined ? E.right(undefined) : read(text)

const seedOf = ({ seed, seeds }: ExperimentFlags): Read<unknown> => {
  if (seed !== undefined && seeds !== undefined)
    return E.left(fail('Usage', { reason: '--seed and --seeds exclude each other' }))
  return seeds === undefined ? E.right(value(seed)) : readWholes('--seeds', MOST_SAMPLES)(seeds)
}

/** What a sampler is called, and the two of its settings that have flags of their own. */
export const samplerOf = (flags: ExperimentFlags): Read<RuleSettings | undefined> =>
  flags.sampler === undefined && flags.eta === undefined && flags.variance === undefined
    ? E.right(undefined)
    : readRule(
        {
          sampler: flags.sampler ?? 'ddim',
          ...(flags.eta === undefined ? {} : { eta: flags.eta }),
          ...(flags.variance === undefined ? {} : { variance: flags.variance }),
        },
        'fixed-small',
      )

const stepsOf = ({ spacing, steps, finalLevel }: ExperimentFlags): Read<Said | undefined> =>
  spacing === undefined && steps === undefined && finalLevel === undefined
    ? E.right(undefined)
    : pipe(
        readSpacing(spacing ?? 'trailing', steps),
        E.map((read: SpacingSettings) => said({ ...read, finalLevel })),
      )

/** The flags that settings are said by, for refusals; of several, the first that has been said, or else the last. */
const flagsOf: ReadonlyArray<readonly [way: string, ...flags: readonly string[]]> = [
  ['noise.seed', 'seed', 'seeds'],
  ['condition.labels', 'labels'],
  ['condition.guidance', 'guidance'],
  ['engine', 'engine'],
  ['model', 'model'],
  ['steps.finalLevel', 'finalLevel'],
  ['steps', 'spacing', 'steps'],
  ['sampler', 'eta', 'variance', 'sampler'],
  ['clip', 'clip'],
  ['batch', 'batch'],
  ['experiment.images.path', 'images'],
  ['experiment.images.first', 'first'],
  ['experiment.images.count', 'count'],
  ['experiment.images', 'first', 'images'],
  ['experiment.known', 'mask', 'box', 'known'],
  ['experiment.route.kind', 'route'],
  ['experiment.route.columns', 'columns'],
  ['experiment.route.rows', 'rows'],
  ['experiment.route', 'frames', 'columns', 'rows', 'route'],
  ['experiment.evaluateAt', 'at'],
  ['experiment.counts', 'steps'],
  ['experiment.samplers', 'sampler'],
]

/** `--strength: expected a number from 0 to 1, got 2`. */
const sentence =
  (said: object) =>
  ({ way, reason }: PipelineError): string => {
    const path = way.join('.')
    const [, ...known] = flagsOf.find(([start]) => path === start || path.startsWith(`${start}.`)) ?? []
    const own = /^experiment\.(?:route\.|images\.)?(\w+)/.exec(path)?.[1]
    const flag = known.find((name) => name in said) ?? known.at(-1) ?? own
    if (flag === undefined) return path.startsWith('outputs') ? `-o: ${reason}` : `${path}: ${reason}`
    return `${dashed(flag)}: ${reason}`
  }

/** What is wrong with settings, by the flags that say them. */
const refusalOf =
  (flags: object) =>
  (errors: readonly PipelineError[]): Failure =>
    fail('Usage', { reason: errors.map(sentence(flags)).join('\n') })

/** Everything about a pipeline but its experiment. */
const documentOf = (flags: ExperimentFlags): E.Either<Failure, Said> =>
  pipe(
    E.Do,
    E.apSW('seed', seedOf(flags)),
    E.apSW('kind', readOneOf('--rng', ['philox', 'torch'])(flags.rng ?? 'philox')),
    E.apSW('steps', stepsOf(flags)),
    E.apSW('sampler', samplerOf(flags)),
    E.apSW('clip', optional(flags.clip, readNamed('--clip', clips))),
    E.bindW('outputs', () => readOutputs(flags)),
    E.map(({ seed, kind, steps, sampler, clip, outputs }) =>
      said({
        version: 1,
        model: flags.model,
        engine: flags.engine,
        noise: said({ kind, seed }),
        condition: said({
          labels: values(flags.labels),
          guidance: value(flags.guidance),
        }),
        batch: value(flags.batch),
        steps,
        sampler,
        clip,
        outputs: outputs.map((output) => said({ ...output })),
      }),
    ),
  )

/**
 * Runs an experiment that flags ask for.
 *
 * @param verb - its name
 * @param flags - as the command line has them
 * @param experiment - as a document has it
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const experimentCommand = async (
  verb: string,
  flags: ExperimentFlags,
  experiment: E.Either<Failure, Said>,
  context: Context,
): Promise<number> => {
  const refusal = refusalOf(flags)
  const planned = pipe(
    experiment,
    E.bindTo('experiment'),
    E.bind('document', () => documentOf(flags)),
    E.chain(({ experiment, document }) =>
      pipe(decodePipeline({ ...document, experiment }), E.mapLeft(refusal)),
    ),
    E.bindTo('pipeline'),
    E.bind('plan', ({ pipeline }) => pipe(compile(pipeline), E.mapLeft(refusal))),
  )
  if (E.isLeft(planned)) return refuse(context, planned.left)
  const { pipeline, plan } = planned.right
  const all = [workOf(commandOf(verb, flags))({ pipeline, plan, refusal })]
  return flags.dryRun === true ? showAll(all, context) : runAll(all, context)
}

/** Flags about images that an experiment begins with. */
export interface ImageFlags {
  readonly images?: string
  readonly first?: string
  readonly count?: string
  readonly resize?: boolean
}

/** Images as a document has them. */
export const imagesOf = ({ images, first, count, resize }: ImageFlags): Said =>
  said({ path: images, first: value(first), count: value(count), resize })
