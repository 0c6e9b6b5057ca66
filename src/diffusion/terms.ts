/**
 * The three terms of the paper's step (arXiv:2010.02502, eq. 12):
 *
 * ```text
 * x_{t−1} = √ᾱ_{t−1} · x̂₀  +  √(1 − ᾱ_{t−1} − σ²) · ε̂  +  σ · z
 *           predictedX0        directionToXt(σ)           randomNoise(σ)
 * ```
 *
 * A term is a linear form for every step. Terms add, so a sampler is a sum of terms: those of the paper, or your own.
 */
import { getFunctionMonoid, M } from '../fp.ts'
import { linearForm, type LinearForm, linearFormMonoid } from './linear-form.ts'
import { keptNoise, sigmaOf, type Stochasticity } from './sigma.ts'
import { betaOf, type Transition } from './transition.ts'

/** One summand of `x_{t−1}`: what it takes of x_t, x̂₀, ε̂ and z at a given step. */
export type Term = (transition: Transition) => LinearForm

/**
 * Terms add step by step; the empty term is zero.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 1, from: { t: 9, alphaBar: 0.5 }, to: cleanLevel, at: 9 }
 * expect(termMonoid.concat(predictedX0, randomNoise({ eta: 0 }))(step)).toEqual(predictedX0(step))
 * ```
 */
export const termMonoid: M.Monoid<Term> = getFunctionMonoid(linearFormMonoid)<Transition>()

/**
 * The predicted image, as far as it shows at the next level: `√ᾱ_{t−1} · x̂₀`.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.25 }, at: 9 }
 * expect(predictedX0(step)).toEqual(linearForm({ x0: 0.5 }))
 * ```
 */
export const predictedX0: Term = ({ to }) => linearForm({ x0: Math.sqrt(to.alphaBar) })

/**
 * The part of the old noise that stays, "the direction pointing to x_t": `√(1 − ᾱ_{t−1} − σ²) · ε̂`.
 *
 * @param stochasticity - σ, the same as that of {@link randomNoise} if marginals are to be kept
 * @throws EtaOutOfRange; the term itself throws SigmaOutOfRange where σ² exceeds `1 − ᾱ_{t−1}`
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
 * expect(directionToXt({ eta: 0 })(step)).toEqual(linearForm({ eps: 0.5 }))
 * ```
 */
export const directionToXt = (stochasticity: Stochasticity): Term => {
  const kept = keptNoise(stochasticity)
  return (transition) => linearForm({ eps: kept(transition) })
}

/**
 * Fresh noise: `σ · z`. Where σ is 0, none is drawn.
 *
 * @param stochasticity - σ
 * @throws EtaOutOfRange; the term itself throws SigmaOutOfRange
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
 * expect(randomNoise({ sigma: 0.25 })(step)).toEqual(linearForm({ z: 0.25 }))
 * ```
 */
export const randomNoise = (stochasticity: Stochasticity): Term => {
  const sigma = sigmaOf(stochasticity)
  return (transition) => linearForm({ z: sigma(transition) })
}

/**
 * The mean of the ancestral posterior `q(x_{t−1} | x_t, x₀)`, in the basis of x_t and x̂₀ (arXiv:2006.11239, eq. 7):
 * `√ᾱ_{t−1}·β/(1−ᾱ_t)·x̂₀ + √(1−β)·(1−ᾱ_{t−1})/(1−ᾱ_t)·x_t`, where `1 − β = ᾱ_t/ᾱ_{t−1}` of the steps actually taken.
 *
 * @throws NoiseAscending (the term itself) on a step to more noise
 *
 * @example
 * ```ts
 * const last = { index: 0, count: 1, from: { t: 9, alphaBar: 0.5 }, to: cleanLevel, at: 9 }
 * expect(posteriorMean(last)).toEqual(linearForm({ x0: 1 }))
 * ```
 */
export const posteriorMean: Term = (transition) => {
  const beta = betaOf(transition)
  if (beta === 0) return linearForm({ xt: 1 })
  const { from, to } = transition
  return linearForm({
    x0: (Math.sqrt(to.alphaBar) * beta) / (1 - from.alphaBar),
    xt: (Math.sqrt(1 - beta) * (1 - to.alphaBar)) / (1 - from.alphaBar),
  })
}

/**
 * The sum of terms.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.25 }, at: 9 }
 * const everything = sumOfTerms([predictedX0, () => linearForm({ xt: 1 })])
 * expect(everything(step)).toEqual(linearForm({ x0: 0.5, xt: 1 }))
 * ```
 */
export const sumOfTerms = (terms: readonly Term[]): Term => M.concatAll(termMonoid)(terms)
