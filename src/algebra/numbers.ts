/**
 * The real line: an algebra without tensors, in which laws are checked and a whole sampler runs in virtual time.
 */
import type { VectorAlgebra } from './algebra.ts'
import { fail } from '../failure.ts'
import { planSum } from './plan-sum.ts'

const noBatch = (rows: number): Error =>
  fail('RunInvalid', { reason: `a plain number is one sample, and has no place for ${String(rows)}` })

const within =
  (low: number, high: number) =>
  (x: number): number =>
    Math.min(Math.max(x, low), high)

/**
 * The algebra of plain numbers. A number is one row of the shape `[]`.
 *
 * @remarks
 * A batch has no place here: `fromValues` takes exactly one value, `joinRows` one number, and both throw RunInvalid at
 * anything else.
 *
 * @example
 * ```ts
 * expect(numbers.combine([[2, 10], [[0.5], 4]])).toBe(22)
 * expect(numbers.clamp([[1, 3]], -1, 1)).toBe(1)
 * ```
 */
export const numbers: VectorAlgebra<number> = {
  combine: (sum) => {
    const { coefficients, vectors } = planSum(sum, numbers.shape)
    return vectors.reduce((total, vector, i) => total + (coefficients[i]?.[0] ?? 0) * vector, 0)
  },
  clamp: (sum, low, high) => within(low, high)(numbers.combine(sum)),
  matchDeviation: (x) => x,
  divideByQuantile: (x, _, low, high) => x / within(low, high)(Math.abs(x)),
  scaleByExp: (x, exponent, factor) => x * Math.exp(factor * exponent),
  joinRows: ([x, ...others]) => {
    if (x === undefined || others.length > 0) throw noBatch(x === undefined ? 0 : 1 + others.length)
    return x
  },
  splitRows: (x, rows) => {
    if (rows.length !== 1 || rows[0] !== 1) throw noBatch(rows.reduce((sum, part) => sum + part, 0))
    return [x]
  },
  fromValues: ({ data }) => {
    const [value] = data
    if (value === undefined || data.length !== 1) throw noBatch(data.length)
    return value
  },
  toValues: (x) => ({ shape: [], data: Float64Array.of(x) }),
  shape: () => [],
  dispose: () => undefined,
}
