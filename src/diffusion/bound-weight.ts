/**
 * Theorem 1 of the paper: the variational bound of every σ is `L_γ` for some γ, so one trained ε fits the whole family.
 */
import { fail } from '../failure.ts'
import { posterior } from './posterior.ts'
import type { PerStep } from './sigma.ts'
import type { Transition } from './transition.ts'
import { errorRatio } from './weighting.ts'

/**
 * γ_t of `J_σ = L_γ + C` (arXiv:2010.02502, theorem 1): what `‖ε − ε̂‖²` at a step contributes to the bound, in nats.
 *
 * @remarks
 * `KL(q_σ(x_{t−1}|x_t,x₀) ‖ q_σ(x_{t−1}|x_t,x̂₀)) = k²·‖x₀ − x̂₀‖²/2σ²`, with k the posterior's coefficient on x₀.
 * On the step to the clean level k = 1 and σ is the deviation of the decoder `N(x̂₀, σ²·I)` (eq. 10), any number above 0.
 *
 * @equation `γ = k²/2σ² · (1−ᾱ_t)/ᾱ_t` with `k = √ᾱ_{t−1} − √(1−ᾱ_{t−1}−σ²)·√ᾱ_t/√(1−ᾱ_t)`
 *
 * @param sigma - σ, a number or a function of the step; {@link sigmaOf} makes one of η
 * @returns γ of a step, Infinity where σ = 0; it throws SigmaOutOfRange, and EpsilonAtZeroSnr where ᾱ_t = 0
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.36 }, to: { t: 250, alphaBar: 0.75 }, at: 500 }
 * expect(boundWeight(0.3)(step)).toBeCloseTo(((Math.sqrt(0.75) - 0.3) ** 2 / 0.18) * (0.64 / 0.36), 12)
 * ```
 */
export const boundWeight =
  (sigma: PerStep): ((transition: Transition) => number) =>
  (transition) => {
    const { from, to } = transition
    const deviation = typeof sigma === 'number' ? sigma : sigma(transition)
    if (!(deviation >= 0)) throw fail('SigmaOutOfRange', { sigma: deviation, largest: Infinity, t: from.t })
    const k = to.alphaBar === 1 ? 1 : posterior({ sigma: deviation })(transition).mean.x0
    if (from.alphaBar === 0) throw fail('EpsilonAtZeroSnr', { t: from.t })
    return ((k / deviation) ** 2 / 2) * errorRatio('sample', 'epsilon', from)
  }
