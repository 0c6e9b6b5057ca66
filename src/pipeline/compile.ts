/**
 * From a pipeline to what it means.
 */
import { attempt } from '../attempt.ts'
import type { Failure } from '../failure.ts'
import { E } from '../fp.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { ReplayConfig } from '../stream/replay-from.ts'
import { type Composition, type Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import type { PipelineError } from './flaw.ts'
import { flawsOf } from './flaws.ts'
import { checkWith, type ModelFacts } from './model-flaws.ts'
import { stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import { namesOfProgram, type Program, runProgram, showProgram } from './program.ts'
import { sampleProgram } from './stage-run.ts'
import { experimentProgram } from './stage-experiment.ts'
import { stageSampler } from './sampler.ts'
import { literal, variable } from './staged.ts'
import { stageSteps } from './steps.ts'
import type { Composed } from './composition.ts'

export type { ModelFacts } from './model-flaws.ts'

/** What a pipeline means. */
export interface Plan {
  readonly pipeline: Pipeline
  /** What it is called, for people. */
  readonly recipe: string
  /** What is done. */
  readonly composition: Composition
  /** The composition as the text of a TypeScript module, which is JavaScript as well. */
  readonly code: string
  /**
   * Whether it can be run with a model, as far as that can be told without asking the network.
   *
   * @param model - what is known of it
   * @returns all that the model can't do, each with the way to its setting
   */
  readonly check: (model: ModelFacts) => E.Either<readonly PipelineError[], void>
  /** What its one chain is made with, for those that go on from a saved state; none of a fork or an experiment. */
  readonly chain?: (model: Denoiser<Tensor>) => E.Either<Failure, ReplayConfig<Tensor>>
}

/** What a chain is made with. */
const chainOf =
  ({ condition, sampler, noise }: Pipeline) =>
  (model: Denoiser<Tensor>): E.Either<Failure, ReplayConfig<Tensor>> =>
    attempt(() => {
      const scope = new Map<string, unknown>([['model', model]])
      return {
        model: stageGuided(condition, variable<Denoiser<Tensor>>('model')).run(scope),
        rule: stageSampler(sampler).run(scope),
        noise: stageNoise(noise).run(scope),
      }
    })

const recipeOf = ({ sampler, steps, condition, noise, experiment }: Pipeline): string => {
  const rule = stageSampler(sampler).run(new Map()).name
  const spacing = stageSteps(steps).run(new Map()).name
  const { guidance } = condition
  const seed = typeof noise.seed === 'number' ? `seed ${noise.seed}` : 'a seed for each'
  return [
    ...(experiment === undefined ? [] : [experiment.kind]),
    ...(experiment?.kind === 'matrix' ? [] : [rule, spacing]),
    ...(guidance === 1 ? [] : [`guidance ${guidance}`]),
    `${noise.kind}, ${seed}`,
  ].join(', ')
}

const codeOf = ({ model, engine, outputs }: Pipeline, program: Program<Composed>): string => {
  const names = ['composition', ...namesOfProgram(program)].toSorted()
  const fields = [
    ...(model === undefined ? [] : [`model: ${literal(model).code}`]),
    `engine: ${literal(engine).code}`,
    `outputs: ${literal(outputs).code.replaceAll('\n', '\n  ')}`,
    `run: ${showProgram(program).replaceAll('\n', '\n  ')}`,
  ]
  return [
    `import {\n  ${[...new Set(names)].join(',\n  ')},\n} from 'rxdiffusion/node'`,
    '',
    `export default composition({\n  ${fields.join(',\n  ')},\n})`,
    '',
  ].join('\n')
}

/**
 * What a pipeline means: the composition of streams that a user would write, and the text of it.
 *
 * @param pipeline - as its codec takes it; paths as they are to be opened
 * @returns the plan; or all that is impossible, each with the way to its setting
 *
 * @example
 * ```ts
 * const decoded = decodePipeline({ version: 1, sampler: { kind: 'ddim', eta: 0.5 }, outputs: [{ kind: 'grid', path: 'a.png' }] })
 * const plan = orThrow(compile(orThrow(decoded)))
 * expect(plan.recipe).toBe('ddim(eta 0.5), trailing(50), philox, seed 0')
 * expect(plan.code).toContain('rule: ddim({ eta: 0.5 })')
 * ```
 */
export const compile = (pipeline: Pipeline): E.Either<readonly PipelineError[], Plan> => {
  const flaws = flawsOf(pipeline)
  if (flaws.length > 0) return E.left(flaws)
  const { model, engine, outputs, experiment } = pipeline
  const program = experiment === undefined ? sampleProgram(pipeline) : experimentProgram(pipeline, experiment)
  return E.right({
    pipeline,
    recipe: recipeOf(pipeline),
    composition: {
      ...(model === undefined ? {} : { model }),
      engine,
      outputs,
      run: (loaded) => runProgram(program, loaded),
    },
    code: codeOf(pipeline, program),
    check: checkWith(pipeline),
    ...(experiment === undefined && pipeline.fork === undefined ? { chain: chainOf(pipeline) } : {}),
  })
}
