/** Euler's method, and its ancestral form: two more names for DDIM. */
import { type Tunable, tunable } from '../../tunable.ts'
import { ddim, type Rule } from '../rule.ts'
import { functionOfStep, type PerStep } from '../sigma.ts'

/**
 * Euler's method on `dx̄/dσ = ε̂`, `x̄ = x/√ᾱ`, `σ = √(1/ᾱ − 1)` (arXiv:2206.00364, alg. 1 without churn).
 * This is {@link ddim} at η = 0 (arXiv:2010.02502, eq. 14): the peers differ only in where they keep x, in x̄.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect(euler().step(step)).toEqual(ddim().step(step))
 * ```
 */
export const euler = (): Rule => ({ ...ddim(), name: 'euler' })

/**
 * Euler's method to a level below the next one, and fresh noise up to it (k-diffusion's `sample_euler_ancestral`):
 * `σ_up = η·√(σ'²·(σ² − σ'²)/σ²)`, `σ_down = √(σ'² − σ_up²)`. In x this is {@link ddim} at η: `σ_up·√ᾱ' = σ(η)`.
 *
 * @param options - `eta`, in `[0, 1]`, a number or a function of the step; 1 unless said
 * @throws EtaOutOfRange
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * const [from, to] = [3, 1]
 * expect(eulerAncestral().step(step).z / Math.sqrt(0.5)).toBeCloseTo(to * Math.sqrt(from ** 2 - to ** 2) / from, 15)
 * ```
 */
export const eulerAncestral: Tunable<(options?: { readonly eta?: PerStep }) => Rule> = tunable(
  ddim.settings,
  ({ eta = 1 } = {}) => ({
    ...ddim({ eta }),
    name: `euler-ancestral${eta === 1 ? '' : `(eta ${typeof eta === 'number' ? String(eta) : 'of the step'})`}`,
  }),
  { eta: functionOfStep },
)
