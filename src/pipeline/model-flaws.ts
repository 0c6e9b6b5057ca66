/**
 * What a pipeline asks of a model that this model can't do, each with the way to its setting.
 */
import { attempt } from '../attempt.ts'
import { clipFor } from '../diffusion/clip.ts'
import type { Model } from '../engine/engine.ts'
import { boxUnknown } from '../experiment/mask.ts'
import type { Failure, FailureTag } from '../failure.ts'
import { E, pipe, sequenceS } from '../fp.ts'
import { many } from '../many.ts'
import { batchLabels } from '../model/batch-labels.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { checkSteps } from '../stream/check-steps.ts'
import type { Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import { type Checked, flawAt, type PipelineError, together, validation } from './flaw.ts'
import { batchOfNoise, seedsOf, stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import { clipOf } from './stage-run.ts'
import { variable } from './staged.ts'
import { type Walk, walksOf } from './walks.ts'

/** What is known of a model before it is loaded. */
export type ModelFacts = Pick<
  Denoiser<never>,
  'schedule' | 'predicts' | 'labels' | 'range' | 'learnedVariance' | 'shape'
>

/** A model of which only facts are known: it can be composed with, and not be asked. */
export const unasked = (facts: ModelFacts): Model => ({
  ...facts,
  algebra: {} as Model['algebra'],
  predict: () => {
    throw new Error('a model of which only facts are known is not asked')
  },
  [Symbol.dispose]: () => undefined,
})

type Way = PipelineError['way']

/** How many rows a batch has where that is known, and is of the labels otherwise. */
const batchOf = ({ noise, batch, experiment }: Pipeline): number | readonly number[] | undefined =>
  experiment?.kind === 'interpolate' ? seedsOf(noise)?.length : (batchOfNoise(noise) ?? batch)

/** The way to the label that a model has not, or to all of them. */
const wayOfLabels =
  ({ labels = [] }: Pipeline['condition']) =>
  (failure: Failure): Way => {
    const place =
      failure._tag === 'LabelUnknown' ? labels.findIndex((label) => String(label) === failure.label) : -1
    return ['condition', 'labels', ...(place < 0 ? [] : [String(place)])]
  }

/** Labels that a model has not. */
export const checkLabels = (pipeline: Pipeline, { labels }: Pick<ModelFacts, 'labels'>): Checked<unknown> =>
  flawAt(wayOfLabels(pipeline.condition))(batchLabels(labels, pipeline.condition.labels, batchOf(pipeline)))

/**
 * Seeds that are fewer than there are samples, which is known when images have been read.
 *
 * @param pipeline - which has been composed
 * @param rows - how many samples it has
 */
export const checkRows = ({ noise, experiment }: Pipeline, rows: number): Checked<void> => {
  const named = batchOfNoise(noise)
  const seeds = typeof named === 'object' ? named.length : named
  const drawn = experiment !== undefined && ['image-to-image', 'vary', 'inpaint'].includes(experiment.kind)
  return drawn && seeds !== undefined && seeds < rows
    ? E.left([
        {
          way: ['noise', typeof named === 'object' ? 'samples' : 'seed'],
          reason: `it names ${many(seeds, 'sample')}, and there are ${rows}`,
        },
      ])
    : E.right(undefined)
}

/** A part to be painted that the images don't have. */
const checkKnown = ({ experiment }: Pipeline, { shape }: Pick<ModelFacts, 'shape'>): Checked<unknown> => {
  if (experiment?.kind !== 'inpaint' || experiment.known.kind !== 'around') return E.right(undefined)
  const { known } = experiment
  return flawAt(['experiment', 'known'])(attempt(() => boxUnknown([1, ...shape], known)))
}

/** What lies in the levels, and not in the rule that goes through them. */
const ofLevels: ReadonlySet<FailureTag> = new Set<FailureTag>([
  'EpsilonAtZeroSnr',
  'SampleAtCleanLevel',
  'ScheduleMismatch',
])

/** What several chains have in common is said once. */
const once = (errors: readonly PipelineError[]): readonly PipelineError[] => [
  ...new Map(errors.map((error) => [JSON.stringify([error.way, error.reason]), error])).values(),
]

/**
 * Whether a model can do what a pipeline asks, as far as that can be told without asking its network.
 *
 * @param pipeline - without flaws of its own
 * @returns a function of what is known of the model
 */
export const checkWith =
  (pipeline: Pipeline) =>
  (facts: ModelFacts): Checked<void> => {
    const { condition, noise } = pipeline
    const scope = new Map<string, unknown>([['model', unasked(facts)]])
    return pipe(
      sequenceS(validation)({
        labels: checkLabels(pipeline, facts),
        known: checkKnown(pipeline, facts),
        model: flawAt(['condition', 'guidance'])(
          attempt(() => stageGuided(condition, variable<Denoiser<Tensor>>('model')).run(scope)),
        ),
        clip: flawAt(['clip'])(
          attempt(() => {
            const clip = clipOf(pipeline)?.run(scope)
            clipFor(clip, facts.range)
            return clip
          }),
        ),
        walks: walksOf(pipeline, facts.schedule),
      }),
      E.chain(({ model, clip, walks }) =>
        together(
          walks.map(({ way, rule, steps, clip: own = clip }: Walk) =>
            flawAt((failure) => (ofLevels.has(failure._tag) ? ['steps'] : way))(
              checkSteps({
                model,
                rule,
                noise: stageNoise(noise).run(scope),
                ...(own === undefined ? {} : { clip: own }),
              })(steps),
            ),
          ),
        ),
      ),
      E.bimap(once, () => undefined),
    )
  }
