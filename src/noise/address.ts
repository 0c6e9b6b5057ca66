/**
 * What a noise source accepts: how noise is addressed, and the refusal of anything else.
 */
import type { Shape } from '../algebra/algebra.ts'
import { rowsOf, sizeOf } from '../algebra/shape.ts'
import { WORD } from '../word.ts'
import { fail } from '../failure.ts'

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
 * What one row has of its own, where every row has its own.
 *
 * @param what - its name in the sentence of the failure
 * @throws NoiseInvalid where the list is shorter than the batch
 *
 * @example
 * ```ts
 * expect(ofRow('seed', [7, 8], 1)).toBe(8)
 * ```
 */
export const ofRow = <A>(what: string, list: readonly A[], row: number): A => {
  const own = list[row]
  if (own === undefined)
    throw fail('NoiseInvalid', {
      reason: `row ${String(row)} has no ${what}, since the list has only ${String(list.length)}`,
    })
  return own
}

/**
 * One draw for every row of a shape; the shape `[]` is one row of one value.
 *
 * @param draw - its number
 * @param shape - `[rows, …]`
 * @param fill - writes the noise of a row; what it writes beyond the row's end is lost
 * @throws NoiseInvalid for a draw outside `[0, 2³²)`
 *
 * @example
 * ```ts
 * expect(drawRows(0, [2, 3], (values, row) => values.fill(row))).toEqual(Float32Array.of(0, 0, 0, 1, 1, 1))
 * ```
 */
export const drawRows = (
  draw: number,
  shape: Shape,
  fill: (values: Float32Array, row: number) => void,
): Float32Array => {
  wholeBelow('the draw', WORD, draw)
  const size = sizeOf(shape.slice(1))
  const values = new Float32Array(sizeOf(shape))
  for (let row = 0; row < rowsOf(shape); row++) fill(values.subarray(row * size, (row + 1) * size), row)
  return values
}
