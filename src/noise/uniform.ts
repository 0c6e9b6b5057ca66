/**
 * Uniform numbers by address, for everything that is drawn and is no noise: timesteps, dropped labels, the order of images.
 */
import { highWord, lowWord, WORD } from '../word.ts'
import { wholeBelow } from './address.ts'
import { philox4x32 } from './philox4x32.ts'

/**
 * What numbers are for. Each has its own, so that none is used twice.
 *
 * @example
 * ```ts
 * expect(new Set(Object.values(purposes)).size).toBe(Object.keys(purposes).length)
 * ```
 */
export const purposes = {
  timesteps: 1,
  labels: 2,
  order: 3,
  flips: 4,
  weights: 5,
  split: 6,
  blocks: 7,
  crops: 8,
} as const

/** The name of a purpose. */
export type Purpose = keyof typeof purposes

/** No sample id of {@link philox} reaches this word, so these numbers are never those behind its noise. */
const APART = 0xffffffff

/**
 * Uniform numbers in `[0, 1)` from Philox4x32-10, addressed by (seed, purpose, draw).
 *
 * @param seed - a whole number from 0 to 2⁵³ − 1
 * @param purpose - what they are for
 * @returns for a draw in `[0, 2³²)` and a count, as many numbers; the first n of a draw are the same however many are asked for
 * @throws NoiseInvalid
 *
 * @example
 * ```ts
 * const draw = uniform(7, 'timesteps')
 * expect(draw(3, 5).subarray(0, 2)).toEqual(draw(3, 2))
 * expect(draw(4, 2)).not.toEqual(draw(3, 2))
 * ```
 */
export const uniform = (seed: number, purpose: Purpose): ((draw: number, count: number) => Float64Array) => {
  const key = wholeBelow('the seed', 2 ** 53, seed)
  const words = new Uint32Array(4)
  return (draw, count) => {
    wholeBelow('the draw', WORD, draw)
    const numbers = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      if (i % 4 === 0) philox4x32(words, i >>> 2, draw, purposes[purpose], APART, lowWord(key), highWord(key))
      numbers[i] = words[i % 4]! / WORD
    }
    return numbers
  }
}

/**
 * A permutation of `0 … count − 1`, by Fisher and Yates.
 *
 * @param numbers - at least `count − 1` uniform ones
 *
 * @example
 * ```ts
 * expect([...permutation(3, Float64Array.of(0, 0.9))]).toEqual([2, 1, 0])
 * ```
 */
export const permutation = (count: number, numbers: Float64Array): Uint32Array => {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(numbers[count - 1 - i]! * (i + 1))
    const moved = order[i]!
    order[i] = order[j]!
    order[j] = moved
  }
  return order
}
