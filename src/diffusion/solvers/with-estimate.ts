/** Both halves of a better estimate from one of them. */
import type { Sum } from '../../algebra/algebra.ts'
import { epsFromX0, x0FromEps } from '../estimate.ts'
import type { Now, Refined } from '../rule.ts'

/**
 * A refinement by a better x̂₀, with the ε̂ that follows from it and x_t.
 *
 * @throws SampleAtCleanLevel where x_t is clean
 *
 * @example
 * ```ts
 * const transition = { index: 0, count: 2, from: { t: 9, alphaBar: 0.75 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * const now = { transition, base: sumOf('x'), estimate: { x0: sumOf('x0'), eps: sumOf('eps') } }
 * expect(withX0(now, sumOf('better')).estimate.eps).toEqual([[2, 'x'], [-Math.sqrt(3), 'better']])
 * ```
 */
export const withX0 = <T>({ transition, base }: Omit<Now<T>, 'estimate'>, x0: Sum<T>): Refined<T> => ({
  base,
  estimate: { x0, eps: epsFromX0(transition.from)(base, x0) },
})

/**
 * A refinement by a better ε̂, with the x̂₀ that follows from it and x_t.
 *
 * @throws EpsilonAtZeroSnr where x_t is nothing but noise
 *
 * @example
 * ```ts
 * const transition = { index: 0, count: 2, from: { t: 9, alphaBar: 0.25 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
 * const now = { transition, base: sumOf('x'), estimate: { x0: sumOf('x0'), eps: sumOf('eps') } }
 * expect(withEps(now, sumOf('better')).estimate.x0).toEqual([[2, 'x'], [-Math.sqrt(3), 'better']])
 * ```
 */
export const withEps = <T>({ transition, base }: Omit<Now<T>, 'estimate'>, eps: Sum<T>): Refined<T> => ({
  base,
  estimate: { x0: x0FromEps(transition.from)(base, eps), eps },
})
