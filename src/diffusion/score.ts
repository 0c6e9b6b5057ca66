/**
 * The score, the slope of the noised data's log-density: what ε is but for a factor.
 */
import type { Sum } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import type { Level } from './level.ts'
import { linear } from './sum.ts'

/**
 * `∇ log p_t(x_t) = −ε/√(1−ᾱ_t)` — arXiv:2011.13456, sec. 3.4; arXiv:2105.05233, eq. 11.
 *
 * @param level - where x_t is
 * @returns the score from ε, not yet computed
 * @throws SampleAtCleanLevel where ᾱ = 1: without noise there is no ε to tell it
 *
 * @example
 * ```ts
 * expect(scoreFromEps({ t: 500, alphaBar: 0.75 })(sumOf('eps'))).toEqual([[-2, 'eps']])
 * ```
 */
export const scoreFromEps = ({ t, alphaBar }: Level): (<T>(eps: Sum<T>) => Sum<T>) => {
  if (alphaBar === 1) throw fail('SampleAtCleanLevel', { t })
  return (eps) => linear([-1 / Math.sqrt(1 - alphaBar), eps])
}

/**
 * `ε = −√(1−ᾱ_t)·∇ log p_t(x_t)`, the inverse of {@link scoreFromEps}.
 *
 * @remarks
 * Scores of independent factors add, so this is also how guidance by a gradient enters: `ε − √(1−ᾱ)·∇ log p(y | x_t)`
 * (arXiv:2105.05233, alg. 2).
 *
 * @param level - where x_t is
 * @returns ε from the score, not yet computed
 *
 * @example
 * ```ts
 * const guided = linear([1, sumOf('eps')], [1, epsFromScore({ t: 500, alphaBar: 0.75 })(sumOf('gradient'))])
 * expect(guided).toEqual([[1, 'eps'], [-0.5, 'gradient']])
 * ```
 */
export const epsFromScore = ({ alphaBar }: Level): (<T>(score: Sum<T>) => Sum<T>) => {
  return (score) => linear([-Math.sqrt(1 - alphaBar), score])
}
