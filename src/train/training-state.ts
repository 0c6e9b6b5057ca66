/**
 * All that training goes on from, as numbers.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { Shape, Values } from '../algebra/algebra.ts'
import { sameShape, showShape } from '../algebra/shape.ts'
import { tfjsParameters, tfjsParameterValues } from '../algebra/tfjs.ts'
import { fail } from '../failure.ts'
import { type Tensors, under } from './tensors.ts'

/** Training as it stands after some step. Tensors of rank 2 and 4 lie as checkpoints have them. */
export interface TrainingState {
  /** How many updates have been made. */
  readonly step: number
  /** What all random numbers come from. */
  readonly seed: number
  /** The weights, by their names in checkpoints. */
  readonly parameters: ReadonlyMap<string, Values>
  /** Their running average. */
  readonly ema: ReadonlyMap<string, Values>
  /** What the optimiser remembers. */
  readonly optimiser: ReadonlyMap<string, Values>
  /** What the sampler of timesteps remembers. */
  readonly timesteps: Float64Array
}

/**
 * Numbers by name as weights on the current backend; they belong to the caller.
 *
 * @param values - by name, as checkpoints have them
 * @param wanted - the shapes that they have to have; any unless said
 * @throws StateInvalid where a tensor is missing or has another shape
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const w = new Map([['w', { shape: [1, 2], data: Float32Array.of(3, 4) }]])
 * expect(upload(w).get('w')?.shape).toEqual([2, 1])
 * expect(() => upload(w, new Map([['w', [2, 2]]]))).toThrow('w has the shape [1, 2], not [2, 2]')
 * ```
 */
export const upload = (
  values: ReadonlyMap<string, Values>,
  wanted: ReadonlyMap<string, Shape> = new Map([...values].map(([name, { shape }]) => [name, shape])),
): Tensors => {
  const checked = [...wanted].map(([name, shape]) => {
    const found = values.get(name)
    if (found === undefined) throw fail('StateInvalid', { reason: `it has no tensor ${name}` })
    if (!sameShape(found.shape, shape))
      throw fail('StateInvalid', {
        reason: `${name} has the shape ${showShape(found.shape)}, not ${showShape(shape)}`,
      })
    return [name, found] as const
  })
  return new Map(checked.map(([name, found]) => [name, tfjsParameters(() => found)(name, found.shape)]))
}

/**
 * Reads tensors back, as checkpoints have them.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const read = await download(new Map([['w', tf.ones([2, 1])]]))
 * expect(read.get('w')).toEqual({ shape: [1, 2], data: Float32Array.of(1, 1) })
 * ```
 */
export const download = async (tensors: Tensors): Promise<ReadonlyMap<string, Values>> =>
  new Map(
    await Promise.all(
      [...tensors].map(async ([name, tensor]) => [name, await tfjsParameterValues(tensor)] as const),
    ),
  )

/** Training in the middle of a run: a {@link TrainingState} on the backend. All weights are one row, which one kernel works on. */
export interface Learner {
  readonly step: number
  readonly parameters: tf.Tensor
  readonly ema: tf.Tensor
  readonly optimiser: Tensors
  readonly timesteps: Float64Array
}

/**
 * Every tensor of a learner, once.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const row = tf.ones([1, 3])
 * const learner = { step: 0, parameters: row, ema: row, optimiser: new Map(), timesteps: new Float64Array() }
 * expect(tensorsOfLearner(learner)).toEqual([row])
 * ```
 */
export const tensorsOfLearner = ({ parameters, ema, optimiser }: Learner): readonly tf.Tensor[] => [
  ...new Set([parameters, ema, ...optimiser.values()]),
]

/**
 * A state as tensors by name, for a file: `parameters.NAME`, `ema.NAME`, `optimiser.NAME`, `timesteps`.
 *
 * @law {@link stateOfTensors} undoes it
 *
 * @example
 * ```ts
 * const nothing = new Map()
 * const state = { step: 3, seed: 7, parameters: nothing, ema: nothing, optimiser: nothing, timesteps: new Float64Array(2) }
 * expect(stateOfTensors(tensorsOfState(state), { step: 3, seed: 7 })).toEqual(state)
 * ```
 */
export const tensorsOfState = ({
  parameters,
  ema,
  optimiser,
  timesteps,
}: TrainingState): ReadonlyMap<string, Values> =>
  new Map<string, Values>([
    ...Object.entries({ parameters, ema, optimiser }).flatMap(([group, tensors]) =>
      [...tensors].map(([name, values]) => [`${group}.${name}`, values] as const),
    ),
    ['timesteps', { shape: [timesteps.length], data: timesteps }],
  ])

/**
 * A state from the tensors of a file.
 *
 * @param tensors - as {@link tensorsOfState} names them
 * @param numbers - its step and seed
 *
 * @example
 * ```ts
 * expect(stateOfTensors(new Map(), { step: 3, seed: 7 }).parameters.size).toBe(0)
 * ```
 */
export const stateOfTensors = (
  tensors: ReadonlyMap<string, Values>,
  { step, seed }: Pick<TrainingState, 'step' | 'seed'>,
): TrainingState => ({
  step,
  seed,
  parameters: under('parameters.', tensors),
  ema: under('ema.', tensors),
  optimiser: under('optimiser.', tensors),
  timesteps: Float64Array.from(tensors.get('timesteps')?.data ?? []),
})
