/**
 * Weights before training, as PyTorch draws them.
 */
import type { Shape, Values } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { fnv1a } from '../fnv.ts'
import { philox } from '../noise/philox.ts'
import { uniform } from '../noise/uniform.ts'

/**
 * Draws the weights of a network: uniform in `±1/√(inputs)` for filters, matrices and their biases; 1 and 0 for norms; standard
 * normal for tables.
 *
 * @remarks
 * These are the defaults of torch's `Conv2d`, `Linear`, `GroupNorm` and `Embedding`, from other random numbers. A tensor's numbers
 * depend on the seed, its name and its shape, and on no other tensor.
 *
 * @param parameters - shapes by name, as checkpoints have them
 * @param seed - a whole number from 0 to 2⁵³ − 1
 * @returns float32 numbers by name
 *
 * @example
 * ```ts
 * const weights = initialWeights(new Map([['norm.weight', [4]], ['norm.bias', [4]]]), 7)
 * expect(weights.get('norm.weight')?.data).toEqual(Float32Array.of(1, 1, 1, 1))
 * ```
 */
export const initialWeights = (
  parameters: ReadonlyMap<string, Shape>,
  seed: number,
): ReadonlyMap<string, Values> => {
  const draw = uniform(seed, 'weights')
  const normal = philox({ seed, samples: [2 ** 53 - 1] })
  const own = (name: string): number => fnv1a(new TextEncoder().encode(name))

  const values = (name: string, shape: Shape): Float32Array => {
    const isBias = name.endsWith('.bias')
    const weight = isBias ? parameters.get(name.replace(/bias$/, 'weight')) : shape
    const count = sizeOf(shape)
    if (weight?.length === 1) return new Float32Array(count).fill(isBias ? 0 : 1)
    if (!isBias && !parameters.has(name.replace(/weight$/, 'bias'))) return normal.draw(own(name), [1, count])
    const bound = 1 / Math.sqrt(sizeOf((weight ?? shape).slice(1)))
    return Float32Array.from(draw(own(name), count), (share) => bound * (2 * share - 1))
  }
  return new Map([...parameters].map(([name, shape]) => [name, { shape, data: values(name, shape) }]))
}
