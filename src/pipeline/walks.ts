/**
 * Which chains a pipeline walks, up or down, and which of its settings say so.
 */
import type { ClipChoice } from '../diffusion/clip.ts'
import { inversion } from '../diffusion/inversion.ts'
import { hasReached } from '../diffusion/mark.ts'
import { ddim, type Rule } from '../diffusion/rule.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import { type Spacing, strength } from '../diffusion/spacing.ts'
import { inversionTransitions, type Transition, transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { many } from '../many.ts'
import type { Of } from './bench.ts'
import { type Checked, flawAt, type PipelineError, together } from './flaw.ts'
import type { Pipeline } from './pipeline.ts'
import { type Sampler, stageSampler } from './sampler.ts'
import { isCounted, stageSteps } from './steps.ts'

type Way = PipelineError['way']

/** A chain that is walked. */
export interface Walk {
  /** The setting that says by which rule. */
  readonly way: Way
  readonly rule: Rule
  readonly steps: readonly Transition[]
  /** Where it is clipped as its rule wants it, and not as the pipeline says. */
  readonly clip?: ClipChoice
}

type Walks = Checked<readonly Walk[]>

const ruleOf = (sampler: Sampler): Rule => stageSampler(sampler).run(new Map())

/** The steps of the whole chain. */
const chainOf = ({ steps }: Pipeline, schedule: Schedule): Checked<readonly Transition[]> =>
  flawAt(['steps'])(transitions(schedule, stageSteps(steps).run(new Map()), { finalLevel: steps.finalLevel }))

/** The spacing that a share leaves of another. */
const shortened = (pipeline: Pipeline, schedule: Schedule, share: number, way: Way): Checked<Spacing> =>
  pipe(
    chainOf(pipeline, schedule),
    E.chain(({ length }): Checked<Spacing> => {
      const spacing = stageSteps(pipeline.steps).run(new Map())
      if (share === 1) return E.right(spacing)
      return Math.trunc(length * share) === 0
        ? E.left([{ way, reason: `it is ${share}, which leaves none of ${many(length, 'step')}` }])
        : E.right(strength(spacing, share))
    }),
  )

/** After how many steps the chain is left to the branches of a fork; nothing where there is none. */
const forkedAfter = ({ fork }: Pipeline, chain: readonly Transition[]): number | undefined => {
  if (fork === undefined) return undefined
  const { at } = fork
  if ('step' in at) return at.step
  const reached = chain.findIndex((step) => hasReached(at, step, step.to))
  return reached < 0 ? chain.length : reached + 1
}

/** One chain, and those that a fork makes of its end. */
const sampled = (pipeline: Pipeline, schedule: Schedule): Walks =>
  pipe(
    chainOf(pipeline, schedule),
    E.chain((chain): Walks => {
      const { fork, sampler } = pipeline
      const split = forkedAfter(pipeline, chain)
      if (fork !== undefined && split !== undefined && split >= chain.length)
        return E.left(
          Object.entries(fork.at).map(([scale, value]) => ({
            way: ['fork', 'at', scale],
            reason: `it is ${String(value)}, and of ${many(chain.length, 'step')} none are left to fork`,
          })),
        )
      return E.right([
        { way: ['sampler'], rule: ruleOf(sampler), steps: chain.slice(0, split) },
        ...Object.entries(fork?.branches ?? {}).map(([name, branch]) => ({
          way: ['fork', 'branches', name],
          rule: ruleOf(branch),
          steps: chain.slice(split),
        })),
      ])
    }),
  )

/** From images to noise and back, as far as a spacing leads. */
const coded = (
  { evaluateAt, refinements }: Pick<Of<'reconstruct'>, 'evaluateAt' | 'refinements'>,
  schedule: Schedule,
  spacing: Spacing,
): E.Either<Failure, readonly Walk[]> =>
  pipe(
    E.Do,
    E.bind('up', () => inversionTransitions(schedule, spacing, { evaluateAt })),
    E.bind('down', () => transitions(schedule, spacing)),
    E.map(({ up, down }) => [
      { way: ['steps'], rule: inversion({ refinements }), steps: up, clip: 'none' },
      { way: ['steps'], rule: ddim(), steps: down, clip: 'none' },
    ]),
  )

/** Each rule with each number of steps. */
const cells = ({ counts, samplers }: Of<'matrix'>, { steps }: Pipeline, schedule: Schedule): Walks => {
  if (!isCounted(steps)) return E.right([])
  return pipe(
    counts.map((count, column) =>
      pipe(
        transitions(schedule, stageSteps({ ...steps, count }).run(new Map())),
        flawAt(['experiment', 'counts', String(column)]),
        E.map((chain) =>
          samplers.map((sampler, row): Walk => ({
            way: ['experiment', 'samplers', String(row)],
            rule: ruleOf(sampler),
            steps: chain,
          })),
        ),
      ),
    ),
    together,
    E.map((columns) => columns.flat()),
  )
}

/**
 * The chains that a pipeline walks.
 *
 * @param pipeline - without flaws of its own
 * @param schedule - of its model
 * @returns the chains; or what can't be walked, each with the way to its setting
 */
export const walksOf = (pipeline: Pipeline, schedule: Schedule): Walks => {
  const { experiment, sampler, steps } = pipeline
  switch (experiment?.kind) {
    case 'matrix':
      return cells(experiment, pipeline, schedule)
    case 'reconstruct':
    case 'interpolate-images': {
      const depth = experiment.kind === 'reconstruct' ? 1 : experiment.depth
      return pipe(
        shortened(pipeline, schedule, depth, ['experiment', 'depth']),
        E.chain((spacing) => flawAt(['steps'])(coded(experiment, schedule, spacing))),
      )
    }
    case 'image-to-image':
    case 'vary':
      // at strength 0 nothing is forgotten, and nobody walks
      return experiment.strength === 0
        ? E.right([])
        : pipe(
            shortened(pipeline, schedule, experiment.strength, ['experiment', 'strength']),
            E.chain((spacing) =>
              flawAt(['steps'])(transitions(schedule, spacing, { finalLevel: steps.finalLevel })),
            ),
            E.map((chain) => [{ way: ['sampler'], rule: ruleOf(sampler), steps: chain }]),
          )
    case 'interpolate':
    case 'inpaint':
    case undefined:
      return sampled(pipeline, schedule)
  }
}
