/**
 * A linear form over the four vectors that a step of the family is made of: x_t, x₀, ε and fresh noise z.
 *
 * Four float64 numbers. Forms add, so they are a monoid, and a rule is the sum of its terms.
 */
import type { Sum } from '../algebra/algebra.ts'
import { linear } from './sum.ts'
import { M, N } from '../fp.ts'

/** `xt·x_t + x0·x̂₀ + eps·ε̂ + z·z`. */
export interface LinearForm {
  readonly xt: number
  readonly x0: number
  readonly eps: number
  readonly z: number
}

/** The vectors that a form is evaluated on. */
export type Basis<V> = Readonly<Record<keyof LinearForm, V>>

/**
 * Addition of linear forms; the empty sum is zero.
 *
 * @example
 * ```ts
 * const half = linearForm({ x0: 0.5 })
 * expect(linearFormMonoid.concat(half, linearForm({ x0: 0.5, z: 2 }))).toEqual({ xt: 0, x0: 1, eps: 0, z: 2 })
 * ```
 */
export const linearFormMonoid: M.Monoid<LinearForm> = M.struct({
  xt: N.MonoidSum,
  x0: N.MonoidSum,
  eps: N.MonoidSum,
  z: N.MonoidSum,
})

/**
 * A linear form from the coefficients that are not zero.
 *
 * @example
 * ```ts
 * expect(linearForm({ eps: 1 })).toEqual({ xt: 0, x0: 0, eps: 1, z: 0 })
 * ```
 */
export const linearForm = (coefficients: Partial<LinearForm>): LinearForm => ({
  ...linearFormMonoid.empty,
  ...coefficients,
})

/**
 * The form at given vectors, still on paper: each may itself be a sum of others.
 *
 * @example
 * ```ts
 * const basis = { xt: sumOf('x'), x0: [[2, 'x']] as const, eps: sumOf('eps'), z: sumOf('z') }
 * expect(evaluate(linearForm({ xt: 1, x0: 3 }), basis)).toEqual([[7, 'x']])
 * ```
 */
export const evaluate = <T>(form: LinearForm, basis: Basis<Sum<T>>): Sum<T> =>
  linear([form.xt, basis.xt], [form.x0, basis.x0], [form.eps, basis.eps], [form.z, basis.z])
