/**
 * What a noise source accepts: how noise is addressed, and the refusal of anything else.
 */
import type { Shape } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'

/**
 * 2³², the number of values of one word.
 *
 * @example
 * ```ts
 * expect(wholeBelow('the draw', WORD, 4294967295)).toBe(WORD - 1)
 * ```
 */
export const WORD: number = 2 ** 32

/**
 * A whole number that a word or two can hold.
 *
 * @param what - its name in the sentence of the failure
 * @throws NoiseInvalid outside `[0, limit)`, and for what is not a safe whole number
 *
 * @example
 * ```ts
 * expect(wholeBelow('the seed', 2 ** 53, 0)).toBe(0)
 * expect(() => wholeBelow('the seed', 2 ** 53, -1)).toThrow('the seed is -1')
 * ```
 */
export const wholeBelow = (what: string, limit: number, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 0 || value >= limit)
    throw fail('NoiseInvalid', {
      reason: `${what} is ${String(value)}, and it has to be a whole number from 0 to ${String(limit - 1)}`,
    })
  return value
}

/**
 * How many rows a shape has and how many values each of them; the shape `[]` is one row of one value.
 *
 * @example
 * ```ts
 * expect(rowsOf([2, 28, 28, 1])).toEqual({ rows: 2, size: 784 })
 * ```
 */
export const rowsOf = (shape: Shape): { readonly rows: number; readonly size: number } => {
  const [rows = 1, ...rest] = shape
  return { rows, size: rest.reduce((product, extent) => product * extent, 1) }
}

/**
 * The seed of one row, where every row has its own.
 *
 * @throws NoiseInvalid where there are fewer seeds than rows
 *
 * @example
 * ```ts
 * expect(seedOfRow([7, 8], 1)).toBe(8)
 * ```
 */
export const seedOfRow = <Seed>(seeds: readonly Seed[], row: number): Seed => {
  const seed = seeds[row]
  if (seed === undefined)
    throw fail('NoiseInvalid', {
      reason: `row ${String(row)} has no seed, since the list has only ${String(seeds.length)}`,
    })
  return seed
}
