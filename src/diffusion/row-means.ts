/** Means over everything but the rows. */
import type { Values } from '../algebra/algebra.ts'
import { rowsOf, sameShape, showShape } from '../algebra/shape.ts'

/**
 * The mean of a function over the elements of each row.
 *
 * @param values - what the function reads, all of one shape
 * @param f - of an element's place in the data
 * @throws RangeError for shapes that differ
 *
 * @example
 * ```ts
 * const x = { shape: [2, 2], data: Float64Array.of(1, 3, 5, 5) }
 * expect(rowMeans([x], (k) => x.data[k]!)).toEqual([2, 5])
 * ```
 */
export const rowMeans = (
  values: readonly [Values, ...(readonly Values[])],
  f: (k: number) => number,
): readonly number[] => {
  const [{ shape, data }] = values
  const other = values.find((one) => !sameShape(one.shape, shape))
  if (other) throw new RangeError(`${showShape(other.shape)} does not go with ${showShape(shape)}`)
  const rows = rowsOf(shape)
  const width = data.length / rows
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0
    for (let k = row * width; k < (row + 1) * width; k++) sum += f(k)
    return sum / width
  })
}
