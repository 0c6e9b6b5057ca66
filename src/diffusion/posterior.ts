/**
 * The processes behind the family: for every σ a way from noise to image whose marginals are those of {@link forward}.
 *
 * They all train alike and differ in how x_t and its successor depend on each other once x₀ is known. Read from noise to
 * image that is {@link posterior}, read from image to noise {@link forwardStep}; Bayes' rule makes one of the other.
 */
import { fail } from '../failure.ts'
import type { Level } from './level.ts'
import { linearForm, type LinearForm } from './linear-form.ts'
import { sigmaOf, type Stochasticity } from './sigma.ts'
import { directionToXt, predictedX0, sumOfTerms } from './terms.ts'
import type { Transition } from './transition.ts'

/** A Gaussian whose mean is a form in the x at hand and x₀, the same in every direction. */
export interface GaussianForm {
  /** `xt` multiplies the x that one stands at, `x0` the image; the rest is 0. */
  readonly mean: LinearForm
  /** In units of the data's variance, per dimension. */
  readonly variance: number
}

/**
 * A form without ε, where ε is the one that goes with x_t and x₀: `ε = (x_t − √ᾱ·x₀)/√(1−ᾱ)`.
 *
 * @param form - over x_t, x₀, ε and z
 * @param level - where x_t is
 * @throws SampleAtCleanLevel where ᾱ = 1 and the form needs ε
 *
 * @example
 * ```ts
 * expect(withoutEps(linearForm({ x0: 1, eps: 0.5, z: 2 }), { t: 500, alphaBar: 0.75 }))
 *   .toEqual({ xt: 1, x0: 1 - Math.sqrt(0.75), eps: 0, z: 2 })
 * ```
 */
export const withoutEps = (form: LinearForm, { t, alphaBar }: Level): LinearForm => {
  if (form.eps === 0) return form
  if (alphaBar === 1) throw fail('SampleAtCleanLevel', { t })
  const perNoise = form.eps / Math.sqrt(1 - alphaBar)
  return { xt: form.xt + perNoise, x0: form.x0 - perNoise * Math.sqrt(alphaBar), eps: 0, z: form.z }
}

/**
 * `q_σ(x_{t−1} | x_t, x₀)`: what the sampler imitates, with x̂₀ for x₀ (arXiv:2010.02502, eq. 7).
 *
 * @remarks
 * The mean is the sum of {@link predictedX0} and {@link directionToXt} with the ε that belongs to x_t and x₀. At η = 1 it is
 * DDPM's posterior, {@link posteriorMean} (arXiv:2006.11239, eq. 6 and 7).
 *
 * @equation `N(√ᾱ_{t−1}·x₀ + √(1−ᾱ_{t−1}−σ²)·(x_t − √ᾱ_t·x₀)/√(1−ᾱ_t), σ²·I)`
 * @law with x_t from `forward(from)` it gives the next x from `forward(to)`, whatever σ (Lemma 1)
 *
 * @param stochasticity - σ, by η or directly
 * @returns mean and variance for a transition towards the image; it throws SigmaOutOfRange, and SampleAtCleanLevel from a clean level
 * @throws EtaOutOfRange
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.36 }, to: { t: 250, alphaBar: 0.75 }, at: 500 }
 * const { mean, variance } = posterior({ sigma: 0.3 })(step)
 * expect(mean).toEqual(linearForm({ xt: 0.5, x0: Math.sqrt(0.75) - 0.3 }))
 * expect(variance).toBe(0.09)
 * ```
 */
export const posterior = (stochasticity: Stochasticity): ((transition: Transition) => GaussianForm) => {
  const sigma = sigmaOf(stochasticity)
  const mean = sumOfTerms([predictedX0, directionToXt(stochasticity)])
  return (transition) => ({
    mean: withoutEps(mean(transition), transition.from),
    variance: sigma(transition) ** 2,
  })
}

/**
 * `q_σ(x_t | x_{t−1}, x₀)`: the same process from image to noise (arXiv:2010.02502, eq. 8).
 *
 * @remarks
 * Bayes' rule on two Gaussians. The larger σ, the less x_t remembers of `x_{t−1}`; at η = 1 it forgets x₀ instead, and the
 * process is DDPM's Markov chain `N(√(1−β)·x_{t−1}, β·I)` with `1 − β = ᾱ_t/ᾱ_{t−1}`; at σ = 0 nothing is left to chance.
 *
 * @equation `N(√ᾱ_t·x₀ + √(1−ᾱ_{t−1}−σ²)·√(1−ᾱ_t)/(1−ᾱ_{t−1})·(x_{t−1} − √ᾱ_{t−1}·x₀), σ²·(1−ᾱ_t)/(1−ᾱ_{t−1})·I)`
 * @law `q_σ(x_t | x_{t−1}, x₀)·q(x_{t−1} | x₀) = q_σ(x_{t−1} | x_t, x₀)·q(x_t | x₀)`
 *
 * @param stochasticity - σ, by η or directly
 * @returns mean and variance for a transition, read backwards: the mean's `xt` multiplies `x_{t−1}`. Where that is x₀ itself, it is {@link forward}
 * @throws EtaOutOfRange
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.36 }, to: { t: 250, alphaBar: 0.75 }, at: 500 }
 * const { mean, variance } = forwardStep({ eta: 1 })(step)
 * expect(mean.xt).toBeCloseTo(Math.sqrt(0.36 / 0.75), 15)
 * expect(mean.x0).toBeCloseTo(0, 15)
 * expect(variance).toBeCloseTo(1 - 0.36 / 0.75, 15)
 * ```
 */
export const forwardStep = (stochasticity: Stochasticity): ((transition: Transition) => GaussianForm) => {
  const sigma = sigmaOf(stochasticity)
  return (transition) => {
    const { from, to } = transition
    const noise = 1 - to.alphaBar
    const variance = sigma(transition) ** 2
    const signal = Math.sqrt(from.alphaBar)
    if (noise === 0) return { mean: linearForm({ x0: signal }), variance: 1 - from.alphaBar }
    const kept = Math.sqrt(Math.max(0, noise - variance) * (1 - from.alphaBar)) / noise
    return {
      mean: linearForm({ xt: kept, x0: signal - kept * Math.sqrt(to.alphaBar) }),
      variance: (variance * (1 - from.alphaBar)) / noise,
    }
  }
}
