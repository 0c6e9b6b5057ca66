/**
 * What every evaluation of a {@link Sum} needs to know first: how many rows there are, and each row's coefficient.
 */
import type { Coefficient, Shape, Sum } from './algebra.ts'
import { rowsOf, sameShape, showShape } from './shape.ts'

/** The coefficient of every row. */
const perRow = (coefficient: Coefficient, rows: number): readonly number[] => {
  if (typeof coefficient === 'number') return Array<number>(rows).fill(coefficient)
  if (coefficient.length === rows) return coefficient
  throw new RangeError(`${String(coefficient.length)} coefficients were given for ${String(rows)} rows`)
}

/** A sum, ready to be evaluated: one shape, and a coefficient per vector and row. */
export interface Plan<T> {
  readonly shape: Shape
  readonly rows: number
  /** `coefficients[i][r]` belongs to row r of vector i. */
  readonly coefficients: ReadonlyArray<readonly number[]>
  readonly vectors: readonly T[]
}

/**
 * Checks that a sum can be evaluated, and spreads its coefficients over the rows.
 *
 * @remarks
 * A sum that can't is a defect of the caller, never a matter of input, so it throws a plain `RangeError`: an empty
 * sum (whose shape nobody knows), vectors of two shapes, or a list of coefficients that is not one per row.
 *
 * @param sum - `Σ cᵢ·vᵢ`
 * @param shapeOf - the shape of a vector
 *
 * @example
 * ```ts
 * const { coefficients } = planSum([[2, 'v'], [[0.5, 1], 'w']], () => [2, 3])
 * expect(coefficients).toEqual([[2, 2], [0.5, 1]])
 * ```
 */
export const planSum = <T>(sum: Sum<T>, shapeOf: (vector: T) => Shape): Plan<T> => {
  const [first] = sum
  if (first === undefined) throw new RangeError('an empty sum has no shape')
  const shape = shapeOf(first[1])
  const rows = rowsOf(shape)
  for (const [, vector] of sum) {
    const other = shapeOf(vector)
    if (!sameShape(shape, other))
      throw new RangeError(`vectors of the shapes ${showShape(shape)} and ${showShape(other)} don't add up`)
  }
  return {
    shape,
    rows,
    coefficients: sum.map(([coefficient]) => perRow(coefficient, rows)),
    vectors: sum.map(([, vector]) => vector),
  }
}
