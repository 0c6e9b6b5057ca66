/**
 * A pipeline as the composition that a user would write.
 */
import type { ClipChoice } from '../diffusion/clip.ts'
import type { Rule } from '../diffusion/rule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import type { E } from '../fp.ts'
import { type BatchLabels, batchLabels, captionsOf } from '../model/batch-labels.ts'
import { coalesce } from '../model/coalesce.ts'
import type { Denoiser, Labels } from '../model/denoiser.ts'
import { orThrow } from '../or-throw.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import { type FrameOperator, fork } from '../stream/fork.ts'
import { takeSteps } from '../stream/operators/take-steps.ts'
import { takeUntilLevel } from '../stream/operators/take-until-level.ts'
import { respace } from '../stream/respace.ts'
import { resume } from '../stream/resume.ts'
import type { Frame } from '../stream/frame.ts'
import type { Observable } from 'rxjs'
import { stageClip } from './clip.ts'
import type { Composed, Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import { batchOfNoise, seedsOf, stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import { type Naming, type Program, program } from './program.ts'
import { type ForkSettings, stageSampler } from './sampler.ts'
import { call, field, type Fields, literal, piped, record, type Staged } from './staged.ts'
import { stageSteps } from './steps.ts'
import type { Model } from '../engine/engine.ts'

/** The labels of a batch, as an expression with a name. */
export const nameBatch = (
  { labels }: Pipeline['condition'],
  samples: number | readonly number[] | undefined,
  model: Staged<Model>,
  { name }: Naming,
): Staged<BatchLabels> =>
  name(
    'batch',
    call(
      'orThrow',
      orThrow as (either: E.Either<Failure, BatchLabels>) => BatchLabels,
      call(
        'batchLabels',
        batchLabels,
        field(model as Staged<Pick<Model, 'labels'>>, 'labels') as Staged<Labels | undefined>,
        literal(labels),
        literal(samples),
      ),
    ),
  )

/** The steps of a chain, as an expression. */
export const stageTransitions = (
  { steps }: Pick<Pipeline, 'steps'>,
  model: Staged<Pick<Model, 'schedule'>>,
  spacing: Staged<Spacing> = stageSteps(steps),
): Staged<Observable<Transition>> =>
  call(
    'respace',
    respace,
    field(model, 'schedule'),
    spacing,
    literal(steps.finalLevel === 'clean' ? undefined : { finalLevel: steps.finalLevel }),
  )

/** What is said of clipping, if anything is. */
export const clipOf = ({ clip }: Pick<Pipeline, 'clip'>): Staged<ClipChoice> | undefined =>
  clip === undefined ? undefined : stageClip(clip)

/** What every branch of a pipeline is told. */
const samplingOf = (
  pipeline: Pipeline,
  model: Staged<Denoiser<Tensor>>,
  batch: Staged<BatchLabels>,
): Fields<DenoiseConfig<Tensor>> => ({
  model: stageGuided(pipeline.condition, model),
  noise: stageNoise(pipeline.noise),
  condition: field(batch, 'condition'),
  batch: field(batch, 'rows'),
  clip: clipOf(pipeline),
})

type Branching = (source: never) => Observable<Frame<Tensor>>

const denoising = (config: Staged<DenoiseConfig<Tensor>>): Staged<Branching> =>
  call('denoise', denoise<Tensor> as (config: DenoiseConfig<Tensor>) => Branching, config)

/** The operators that split a chain at a place, into branches. */
const stageFork = (
  { at, branches }: ForkSettings,
  sampling: Staged<object>,
  rule: Staged<Rule>,
): readonly [...ReadonlyArray<Staged<unknown>>, Staged<Branching>] => {
  const atNoise = 'step' in at && at.step === 0
  const operators = Object.entries(branches).map(([name, sampler]) => {
    const own = { rule: stageSampler(sampler) }
    return [
      name,
      atNoise
        ? denoising(record<DenoiseConfig<Tensor>>(own, sampling))
        : call('resume', resume as (options: object) => FrameOperator, record(own)),
    ] as const
  })
  const split = call(
    'fork',
    fork as unknown as (branches: object) => Branching,
    record<Readonly<Record<string, unknown>>>(Object.fromEntries(operators)),
  )
  if (atNoise) return [split]
  const cut =
    'step' in at
      ? call('takeSteps', takeSteps, literal(at.step))
      : call('takeUntilLevel', takeUntilLevel, literal(at))
  return [denoising(record<DenoiseConfig<Tensor>>({ rule }, sampling)), cut, split]
}

/** What a fork's branches are called. */
const branchesOf = ({ branches }: ForkSettings): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(branches).map((name) => [name, name]))

/** Plain sampling, and forks. */
export const sampleProgram = (pipeline: Pipeline): Program<Composed> =>
  program((model, naming) => {
    const { noise, sampler, fork: forked, batch: asked } = pipeline
    const batch = nameBatch(pipeline.condition, batchOfNoise(noise) ?? asked, model, naming)
    const rule = stageSampler(sampler)
    const transitions = stageTransitions(pipeline, model)
    const frames$ =
      forked === undefined
        ? piped(
            transitions,
            denoising(record<DenoiseConfig<Tensor>>({ rule, ...samplingOf(pipeline, model, batch) })),
          )
        : (() => {
            // branches ask together
            const shared = call('coalesce', coalesce<Tensor>, model as Staged<Denoiser<Tensor>>)
            const sampling = naming.name('sampling', record(samplingOf(pipeline, shared, batch)))
            return piped(transitions, ...stageFork(forked, sampling, rule))
          })()
    const seeds = seedsOf(noise)
    return record<Composed>({
      frames$,
      captions: call('captionsOf', captionsOf, batch, literal(seeds)),
      ...(forked === undefined ? {} : { branches: literal(branchesOf(forked)) }),
    })
  })
