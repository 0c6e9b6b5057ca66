/**
 * What a pipeline asks of a model that this model can't do, each with the way to its setting.
 */
import { attempt } from '../attempt.ts'
import { clipFor } from '../diffusion/clip.ts'
import { hasReached } from '../diffusion/mark.ts'
import { type Transition, transitions } from '../diffusion/transition.ts'
import type { Failure, FailureTag } from '../failure.ts'
import { E, pipe, RA, sequenceS } from '../fp.ts'
import { many } from '../many.ts'
import { batchLabels } from '../model/batch-labels.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { checkSteps } from '../stream/check-steps.ts'
import type { StepConfig } from '../stream/step.ts'
import type { Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import { flawFrom, type PipelineError } from './flaws.ts'
import { batchOfNoise, seedsOf, stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import { type Sampler, stageSampler } from './sampler.ts'
import { clipOf } from './stage-run.ts'
import { variable } from './staged.ts'
import { stageSteps } from './steps.ts'

/** What is known of a model before it is loaded. */
export type ModelFacts = Pick<
  Denoiser<never>,
  'schedule' | 'predicts' | 'labels' | 'range' | 'learnedVariance'
>

type Way = PipelineError['way']
type Checked<A> = E.Either<readonly PipelineError[], A>

/** All that is wrong, and not only what is wrong first. */
const together = sequenceS(E.getApplicativeValidation(RA.getSemigroup<PipelineError>()))

const at =
  (way: Way | ((failure: Failure) => Way)) =>
  <A>(tried: E.Either<Failure, A>): Checked<A> =>
    pipe(
      tried,
      E.mapLeft((failure) => [flawFrom(typeof way === 'function' ? way(failure) : way, failure)]),
    )

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

/** What lies in the levels, and not in the rule that goes through them. */
const ofLevels: ReadonlySet<FailureTag> = new Set<FailureTag>([
  'EpsilonAtZeroSnr',
  'SampleAtCleanLevel',
  'ScheduleMismatch',
])

/** After how many steps the chain is left to the branches of a fork; nothing where there is none. */
const forkedAfter = ({ fork }: Pipeline, chain: readonly Transition[]): number | undefined => {
  if (fork === undefined) return undefined
  const { at } = fork
  if ('step' in at) return at.step
  const reached = chain.findIndex((step) => hasReached(at, step, step.to))
  return reached < 0 ? chain.length : reached + 1
}

/** A fork that would have nothing to do. */
const checkFork = (
  { fork }: Pipeline,
  after: number | undefined,
  { length }: readonly Transition[],
): Checked<void> =>
  fork === undefined || after === undefined || after < length
    ? E.right(undefined)
    : E.left(
        Object.entries(fork.at).map(([scale, value]) => ({
          way: ['fork', 'at', scale],
          reason: `it is ${String(value)}, and of ${many(length, 'step')} none are left to fork`,
        })),
      )

/**
 * Whether a model can do what a pipeline asks, as far as that can be told without asking its network.
 *
 * @param pipeline - without flaws of its own
 * @returns a function of what is known of the model
 */
export const checkWith =
  (pipeline: Pipeline) =>
  (facts: ModelFacts): Checked<void> => {
    const { condition, steps, noise, fork, experiment, sampler } = pipeline
    const known = { ...facts, shape: [] } as unknown as Denoiser<Tensor>
    const scope = new Map<string, unknown>([['model', known]])
    return pipe(
      together({
        labels: at(wayOfLabels(condition))(batchLabels(facts.labels, condition.labels, batchOf(pipeline))),
        model: at(['condition', 'guidance'])(
          attempt(() => stageGuided(condition, variable<Denoiser<Tensor>>('model')).run(scope)),
        ),
        clip: at(['clip'])(
          attempt(() => {
            const clip = clipOf(pipeline)?.run(scope)
            clipFor(clip, facts.range)
            return clip
          }),
        ),
        chain: at(['steps'])(
          transitions(facts.schedule, stageSteps(steps).run(scope), { finalLevel: steps.finalLevel }),
        ),
      }),
      E.chain(({ model, clip, chain }): Checked<unknown> => {
        // these have other chains than the one of the pipeline
        if (experiment?.kind === 'matrix' || experiment?.kind === 'reconstruct') return E.right(undefined)
        const walk = (way: Way, sampler: Sampler, steps: readonly Transition[]): Checked<void> =>
          at((failure) => (ofLevels.has(failure._tag) ? ['steps'] : way))(
            pipe(
              attempt((): StepConfig<Tensor> => ({
                model,
                rule: stageSampler(sampler).run(scope),
                noise: stageNoise(noise).run(scope),
                ...(clip === undefined ? {} : { clip }),
              })),
              E.chain((config) => checkSteps(config)(steps)),
            ),
          )
        const split = forkedAfter(pipeline, chain)
        return together({
          fork: checkFork(pipeline, split, chain),
          trunk: walk(['sampler'], sampler, chain.slice(0, split)),
          ...(split === undefined
            ? {}
            : Object.fromEntries(
                Object.entries(fork?.branches ?? {}).map(([name, branch]) => [
                  `branch ${name}`,
                  walk(['fork', 'branches', name], branch, chain.slice(split)),
                ]),
              )),
        })
      }),
      E.map(() => undefined),
    )
  }
