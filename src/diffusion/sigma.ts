/**
 * How much fresh noise a step adds: the paper's σ_t, which selects one sampler of the family.
 */
import { aFunction, aNumber, checkOptions, type Expected } from '../arguments.ts'
import { isRecord } from '../json.ts'
import { fail } from '../failure.ts'
import { betaOf, type Transition } from './transition.ts'

/** A number for every step, or a function of the step. */
export type PerStep = number | ((transition: Transition) => number)

/**
 * σ, directly or by η. `{ eta: 0 }` is DDIM and `{ eta: 1 }` DDPM; a raw `{ sigma }` may be anything
 * from 0 to √(1−ᾱ) of the level that the step leads to.
 */
export type Stochasticity = { readonly eta: PerStep } | { readonly sigma: PerStep }

/**
 * What makes of a number a {@link PerStep}.
 *
 * @example
 * ```ts
 * expect([() => 0.5, 0.5].map(functionOfStep.is)).toEqual([true, false])
 * ```
 */
export const functionOfStep: Expected = { ...aFunction, name: 'a function of the step' }

const perStep: Expected = {
  name: `a number, or ${functionOfStep.name}`,
  is: (value) => aNumber.is(value) || functionOfStep.is(value),
}

/** One of the two, and something that a step can be asked. */
const checkStochasticity = (stochasticity: Stochasticity): void => {
  const given: unknown = stochasticity
  const name = isRecord(given) && given['sigma'] !== undefined ? 'sigma' : 'eta'
  checkOptions({ [name]: perStep }, given)
}

const at = (value: PerStep, transition: Transition): number =>
  typeof value === 'number' ? value : value(transition)

const checkedEta = (eta: number): number => {
  if (!(eta >= 0 && eta <= 1)) throw fail('EtaOutOfRange', { eta })
  return eta
}

const checkedSigma = (sigma: number, { from, to }: Transition): number => {
  const largest = Math.sqrt(1 - to.alphaBar)
  // a bound that the user computed himself may be one rounding above ours
  if (!(sigma >= 0 && sigma <= largest * (1 + 1e-12)))
    throw fail('SigmaOutOfRange', { sigma, largest, t: from.t })
  return sigma
}

/**
 * `σ(η) = η·√((1−ᾱ_{t−1})/(1−ᾱ_t))·√(1−ᾱ_t/ᾱ_{t−1})` — arXiv:2010.02502, eq. 16. Zero on a step to the clean level.
 *
 * @throws NoiseAscending for η above 0 on a step to more noise
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.5 }, to: { t: 250, alphaBar: 0.8 }, at: 500 }
 * expect(sigmaOfEta(step, 1)).toBeCloseTo(Math.sqrt(0.2 / 0.5) * Math.sqrt(1 - 0.5 / 0.8), 15)
 * ```
 */
export const sigmaOfEta = (transition: Transition, eta: number): number => {
  if (eta === 0) return 0
  const beta = betaOf(transition)
  const { from, to } = transition
  // between clean levels there is no noise to share out
  return beta === 0 ? 0 : eta * Math.sqrt((1 - to.alphaBar) / (1 - from.alphaBar)) * Math.sqrt(beta)
}

/**
 * `ln β`, the logarithm of the largest variance of a step's noise.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.25 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * expect(logBeta(step)).toBe(Math.log(0.5))
 * ```
 */
export const logBeta = (transition: Transition): number => Math.log(betaOf(transition))

/**
 * `ln β̃`, the logarithm of the posterior's variance, `σ(1)²`: −∞ on a step to the clean level.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.25 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * expect(logBetaTilde(step)).toBeCloseTo(Math.log((0.5 * 0.5) / 0.75), 15)
 * ```
 */
export const logBetaTilde = (transition: Transition): number => 2 * Math.log(sigmaOfEta(transition, 1))

/**
 * What is left of the old noise beside σ(η), `√(1−ᾱ_{t−1}−σ²)`, as a sum that nothing cancels in:
 * `√((1−ᾱ_{t−1})·(1 − η² + η²·(ᾱ_t/ᾱ_{t−1})·(1−ᾱ_{t−1})/(1−ᾱ_t)))`.
 */
const keptByEta = (transition: Transition, eta: number): number => {
  const { from, to } = transition
  const noise = 1 - to.alphaBar
  if (eta === 0 || betaOf(transition) === 0) return Math.sqrt(noise)
  const ancestral = ((from.alphaBar / to.alphaBar) * noise) / (1 - from.alphaBar)
  return Math.sqrt(noise * ((1 - eta) * (1 + eta) + eta ** 2 * ancestral))
}

/**
 * σ as a function of the step.
 *
 * @param stochasticity - by η or directly
 * @returns σ in units of the data's standard deviation; it throws EtaOutOfRange or SigmaOutOfRange where a function of the step leaves its range
 * @throws EtaOutOfRange at once for a constant η outside `[0, 1]`
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.5 }, to: { t: 250, alphaBar: 0.8 }, at: 500 }
 * expect(sigmaOf({ eta: 0 })(step)).toBe(0)
 * expect(() => sigmaOf({ eta: 1.5 })).toThrow('between 0 (DDIM) and 1 (DDPM)')
 * expect(() => sigmaOf({ sigma: 0.9 })(step)).toThrow('sigma is 0.9')
 * ```
 */
export const sigmaOf = (stochasticity: Stochasticity): ((transition: Transition) => number) => {
  checkStochasticity(stochasticity)
  if ('sigma' in stochasticity)
    return (transition) => checkedSigma(at(stochasticity.sigma, transition), transition)
  const { eta } = stochasticity
  if (typeof eta === 'number') checkedEta(eta)
  return (transition) => sigmaOfEta(transition, checkedEta(at(eta, transition)))
}

/**
 * How much of the noise at the level that a step leads to is the old one: `√(1−ᾱ_{t−1}−σ²)`, the factor of ε̂ in
 * arXiv:2010.02502, eq. 12.
 *
 * @param stochasticity - by η or directly
 * @returns the factor as a function of the step; it throws what {@link sigmaOf}'s does
 * @throws EtaOutOfRange at once for a constant η outside `[0, 1]`
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 500, alphaBar: 0.5 }, to: { t: 250, alphaBar: 0.75 }, at: 500 }
 * expect(keptNoise({ eta: 0 })(step)).toBe(0.5)
 * expect(keptNoise({ eta: 1 })(step)).toBeCloseTo(Math.sqrt(0.25 - sigmaOfEta(step, 1) ** 2), 15)
 * ```
 */
export const keptNoise = (stochasticity: Stochasticity): ((transition: Transition) => number) => {
  const sigma = sigmaOf(stochasticity)
  if ('sigma' in stochasticity)
    return (transition) => Math.sqrt(Math.max(0, 1 - transition.to.alphaBar - sigma(transition) ** 2))
  const { eta } = stochasticity
  return (transition) => keptByEta(transition, checkedEta(at(eta, transition)))
}
