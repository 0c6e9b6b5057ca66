/**
 * Arithmetic on linear combinations that nobody has computed yet.
 *
 * x₀, ε and `x_{t−1}` are all linear in what is at hand (x_t, the network's output, a clipped x₀, fresh noise).
 * So a step is first worked out on paper, in float64 scalars, and then costs one pass over memory.
 */
import type { Coefficient, Sum } from '../algebra/algebra.ts'

const lift =
  (operation: (a: number, b: number) => number) =>
  (a: Coefficient, b: Coefficient): Coefficient =>
    typeof a === 'number'
      ? typeof b === 'number'
        ? operation(a, b)
        : b.map((bRow) => operation(a, bRow))
      : a.map((aRow, row) => operation(aRow, typeof b === 'number' ? b : (b[row] ?? 0)))

const plus = lift((a, b) => a + b)
const times = lift((a, b) => a * b)

/**
 * `1·v`.
 *
 * @example
 * ```ts
 * expect(sumOf('x')).toEqual([[1, 'x']])
 * ```
 */
export const sumOf = <T>(vector: T): Sum<T> => [[1, vector]]

/**
 * `Σ cᵢ·sumᵢ`, with the coefficients of equal vectors added up and vanished ones dropped (but for one, where
 * all vanish).
 *
 * @example
 * ```ts
 * const x0 = linear<string>([2, sumOf('x')], [-1, sumOf('eps')])
 * expect(linear([1, x0], [1, sumOf('eps')])).toEqual([[2, 'x']])
 * ```
 */
export const linear = <T>(...parts: ReadonlyArray<readonly [Coefficient, Sum<T>]>): Sum<T> => {
  // the vectors are few: looking through a list is cheaper than keeping a map
  const all: Array<[Coefficient, T]> = []
  for (const [factor, sum] of parts)
    for (const [coefficient, vector] of sum) {
      const scaled = times(factor, coefficient)
      const known = all.find(([, other]) => other === vector)
      if (known === undefined) all.push([scaled, vector])
      else known[0] = plus(known[0], scaled)
    }
  const present = all.filter(([coefficient]) => coefficient !== 0)
  // what cancels altogether is zero of some shape, and only a vector knows which
  return present.length > 0 ? present : all.slice(0, 1)
}
