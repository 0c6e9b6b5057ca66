/**
 * How much an error counts at each level.
 *
 * x_t ties ε, x₀ and v together, so one mistake can be read as a mistake in any of them. Of an error in v (the whole),
 * ε sees the share ᾱ and x₀ the share 1 − ᾱ:
 *
 * ```text
 * ‖ε − ε̂‖² = ᾱ·‖v − v̂‖²    ‖x₀ − x̂₀‖² = (1 − ᾱ)·‖v − v̂‖²    so    ‖ε − ε̂‖² = SNR·‖x₀ − x̂₀‖²,  SNR = ᾱ/(1 − ᾱ)
 * ```
 *
 * Losses on different predictions are therefore one loss with different weights, and every weight is said in these terms.
 */
import { fail } from '../failure.ts'
import { type PredictionType, predictionTypes } from './estimate.ts'
import type { Level } from './level.ts'
import { knownName } from '../known-name.ts'

/** The factor of the squared error of what a network predicts, at a level: the γ of `L_γ` (arXiv:2010.02502, eq. 5). */
export type Weighting = (predicts: PredictionType, level: Level) => number

const knownPrediction = (predicts: PredictionType): PredictionType =>
  knownName('prediction', predictionTypes, predicts)

const share: Readonly<Record<PredictionType, (alphaBar: number) => number>> = {
  epsilon: (alphaBar) => alphaBar,
  sample: (alphaBar) => 1 - alphaBar,
  v_prediction: () => 1,
}

/**
 * How large the squared error of one prediction is, measured by that of another: `‖a − â‖² = ratio·‖b − b̂‖²` at one x_t.
 *
 * @param of - a
 * @param per - b
 * @returns the ratio, from 0 to Infinity; Infinity where b says nothing about a (ε at ᾱ = 0, x₀ at ᾱ = 1)
 *
 * @example
 * ```ts
 * const level = { t: 500, alphaBar: 0.75 }
 * expect(errorRatio('epsilon', 'sample', level)).toBe(3) // the signal-to-noise ratio
 * expect(errorRatio('v_prediction', 'sample', level)).toBe(4) // and one more
 * ```
 */
export const errorRatio = (of: PredictionType, per: PredictionType, { alphaBar }: Level): number =>
  knownPrediction(of) === knownPrediction(per) ? 1 : share[of](alphaBar) / share[per](alphaBar)

/**
 * Every level alike, on whatever the network predicts. For a network that predicts ε this is `L_simple`
 * (arXiv:2006.11239, eq. 14), the L₁ of arXiv:2010.02502.
 *
 * @example
 * ```ts
 * expect(unweighted('v_prediction', { t: 500, alphaBar: 0.3 })).toBe(1)
 * ```
 */
export const unweighted: Weighting = () => 1

/**
 * The unweighted loss on one prediction, for a network that makes another: `lossOn('epsilon')` is `L_simple` whatever the
 * network predicts.
 *
 * @param measured - whose squared error counts
 * @returns the weight; it throws EpsilonAtZeroSnr or SampleAtCleanLevel where the network's prediction says nothing about the measured one
 *
 * @example
 * ```ts
 * expect(lossOn('epsilon')('sample', { t: 500, alphaBar: 0.75 })).toBe(3)
 * expect(lossOn('sample')('v_prediction', { t: 500, alphaBar: 0.75 })).toBe(0.25)
 * ```
 */
export const lossOn = (measured: PredictionType): Weighting => {
  knownPrediction(measured)
  return (predicts, level) => {
    const weight = errorRatio(measured, predicts, level)
    if (weight === Infinity)
      throw fail(predicts === 'epsilon' ? 'EpsilonAtZeroSnr' : 'SampleAtCleanLevel', { t: level.t })
    return weight
  }
}

/**
 * Min-SNR-γ (arXiv:2303.09556, eq. 8): the smaller of the loss on ε and γ times the loss on x₀. Nearly clean levels, which
 * `L_simple` leans on, then count no more than what they teach about the image.
 *
 * | predicts | weight |
 * |---|---|
 * | ε | min(SNR, γ)/SNR |
 * | x₀ | min(SNR, γ) |
 * | v | min(SNR, γ)/(SNR + 1) |
 *
 * @param options - `gamma`, the largest weight that x₀'s error may have, above 0; 5 unless said
 * @throws WeightingInvalid for any other
 *
 * @example
 * ```ts
 * expect(minSnr()('epsilon', { t: 0, alphaBar: 0.9375 })).toBe(5 / 15)
 * expect(minSnr()('epsilon', { t: 999, alphaBar: 0.5 })).toBe(1)
 * ```
 */
export const minSnr = ({ gamma = 5 }: { readonly gamma?: number } = {}): Weighting => {
  if (!(gamma > 0 && gamma < Infinity))
    throw fail('WeightingInvalid', { reason: `gamma is ${String(gamma)}, and has to be above 0` })
  return (predicts, level) =>
    Math.min(errorRatio('epsilon', predicts, level), gamma * errorRatio('sample', predicts, level))
}
