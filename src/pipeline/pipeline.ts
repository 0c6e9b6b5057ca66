/**
 * A pipeline as data: the whole vocabulary, and the codec of it.
 */
import type * as t from 'io-ts'
import { listOf, oneOf, wholeFrom, words } from '../codecs.ts'
import { engineNames } from '../engine/engine.ts'
import { MOST_SAMPLES } from '../limits.ts'
import type { Output } from '../media/output/output.ts'
import type { ClipSettings } from '../diffusion/clip-settings.ts'
import { clipCodec } from './clip.ts'
import { conditionCodec, type ConditionSettings } from './condition.ts'
import { type Experiment, experimentCodec } from './experiment.ts'
import { Named } from './named.ts'
import { type Noise, noiseCodec } from './noise.ts'
import { outputCodec } from './outputs.ts'
import { forkCodec, type ForkSettings, type Sampler, samplerCodec } from './sampler.ts'
import { type Steps, stepsCodec } from './steps.ts'
import { defaulted, free, needed, struct, type Struct } from './struct.ts'
import { sweptCodec, type SweptValues } from './swept.ts'

/** A pipeline, with every default. */
export interface Pipeline {
  /** What editors check the file by. */
  readonly $schema?: string
  readonly version: 1
  /** Folder or file of a model; the one that comes with the package unless said. */
  readonly model?: string
  readonly engine: 'auto' | (typeof engineNames)[number]
  readonly noise: Noise
  readonly condition: ConditionSettings
  /** How many samples; as many as there are labels or seeds unless said. */
  readonly batch?: number
  readonly steps: Steps
  readonly sampler: Sampler
  readonly clip?: ClipSettings
  readonly fork?: ForkSettings
  readonly experiment?: Experiment
  readonly outputs: readonly Output[]
  /** Values to try, by setting: a run for each combination. */
  readonly grid?: Readonly<Record<string, SweptValues>>
}

/**
 * The codec of a pipeline; {@link decodePipeline} says better what is wrong.
 *
 * @example
 * ```ts
 * expect(pipelineCodec.decode({ version: 1, outputs: [{ kind: 'grid', path: 'grid.png' }] })._tag).toBe('Right')
 * ```
 */
export const pipelineCodec: Struct<Pipeline> = struct<Pipeline>('a pipeline', {
  $schema: free(words, 'What editors check this file by.'),
  version: needed(oneOf<1>(1), 'Of this vocabulary: 1.'),
  model: free(
    words,
    'Folder or file of a model, relative to this file; the clothes that come with the package unless said.',
  ),
  engine: defaulted(oneOf<Pipeline['engine']>('auto', ...engineNames), 'auto', 'What runs the model.'),
  noise: defaulted(noiseCodec as t.Type<Noise>, { kind: 'philox', seed: 0 }, 'Where noise comes from.'),
  condition: defaulted(conditionCodec, { guidance: 1, rescale: 0 }, 'What the samples are to show.'),
  batch: free(
    wholeFrom(1, MOST_SAMPLES),
    'How many samples; as many as there are labels or seeds unless said.',
  ),
  steps: defaulted(
    stepsCodec as t.Type<Steps>,
    { kind: 'trailing', count: 50, finalLevel: 'clean' },
    'Which levels to visit.',
  ),
  sampler: defaulted(
    samplerCodec as t.Type<Sampler>,
    { kind: 'ddim', eta: 0 },
    'How x is made from step to step.',
  ),
  clip: free(
    clipCodec as t.Type<ClipSettings>,
    'How predicted images are clipped; x0+eps to the model’s range unless said.',
  ),
  fork: free(forkCodec, 'Branches that go on by other samplers from one place.'),
  experiment: free(experimentCodec as t.Type<Experiment>, 'What to do instead of sampling.'),
  outputs: needed(listOf('outputs', outputCodec as t.Type<Output>), 'What is written where.'),
  grid: free(
    new Named<SweptValues>('values by setting', sweptCodec) as unknown as t.Type<
      Readonly<Record<string, SweptValues>>
    >,
    'Values to try, by setting (such as eta, steps or noise.seed), a list or { from, to }: a run for each combination.',
  ),
})
