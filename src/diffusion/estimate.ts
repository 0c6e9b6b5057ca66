/**
 * From what a network says to what every rule speaks of: x̂₀ and ε̂.
 *
 * x_t = √ᾱ·x₀ + √(1−ᾱ)·ε ties x_t, x₀ and ε together, so one prediction gives both; v = √ᾱ·ε − √(1−ᾱ)·x₀
 * (arXiv:2202.00512, app. D) is the same plane turned by a quarter.
 */
import type { Sum } from '../algebra/algebra.ts'
import { linear } from './sum.ts'
import { fail } from '../failure.ts'
import type { Level } from './level.ts'
import { knownName } from '../known-name.ts'

/**
 * What a network's output can be: ε, x₀ or v, by diffusers' names.
 *
 * @example
 * ```ts
 * expect(predictionTypes).toContain('epsilon')
 * ```
 */
export const predictionTypes = ['epsilon', 'sample', 'v_prediction'] as const

/** What a network's output is: ε, x₀ or v, by diffusers' names. */
export type PredictionType = (typeof predictionTypes)[number]

/** x̂₀ and ε̂ from one prediction, not yet computed. From {@link estimate} they are consistent with x_t; clipped ones need not be. */
export interface Estimate<T> {
  readonly x0: Sum<T>
  readonly eps: Sum<T>
}

/**
 * `x₀ = (x_t − √(1−ᾱ)·ε) / √ᾱ` — arXiv:2010.02502, eq. 9.
 *
 * @throws EpsilonAtZeroSnr where ᾱ = 0
 *
 * @example
 * ```ts
 * const x0 = x0FromEps({ t: 500, alphaBar: 0.25 })(sumOf('x'), sumOf('eps'))
 * expect(x0).toEqual([[2, 'x'], [-Math.sqrt(0.75) / 0.5, 'eps']])
 * ```
 */
export const x0FromEps = ({ t, alphaBar }: Level): (<T>(xt: Sum<T>, eps: Sum<T>) => Sum<T>) => {
  if (alphaBar === 0) throw fail('EpsilonAtZeroSnr', { t })
  const signal = Math.sqrt(alphaBar)
  return (xt, eps) => linear([1 / signal, xt], [-Math.sqrt(1 - alphaBar) / signal, eps])
}

/**
 * `ε = (x_t − √ᾱ·x₀) / √(1−ᾱ)`, the inverse of {@link x0FromEps}.
 *
 * @throws SampleAtCleanLevel where ᾱ = 1
 *
 * @example
 * ```ts
 * expect(epsFromX0({ t: 500, alphaBar: 0.75 })(sumOf('x'), [])).toEqual([[2, 'x']])
 * ```
 */
export const epsFromX0 = ({ t, alphaBar }: Level): (<T>(xt: Sum<T>, x0: Sum<T>) => Sum<T>) => {
  if (alphaBar === 1) throw fail('SampleAtCleanLevel', { t })
  const noise = Math.sqrt(1 - alphaBar)
  return (xt, x0) => linear([1 / noise, xt], [-Math.sqrt(alphaBar) / noise, x0])
}

/**
 * How x̂₀ and ε̂ follow from x_t and the network's output at one level.
 *
 * | output | x̂₀ | ε̂ |
 * |---|---|---|
 * | ε | (x_t − √(1−ᾱ)·ε)/√ᾱ | ε |
 * | x₀ | x₀ | (x_t − √ᾱ·x₀)/√(1−ᾱ) |
 * | v | √ᾱ·x_t − √(1−ᾱ)·v | √ᾱ·v + √(1−ᾱ)·x_t |
 *
 * @param predicts - what the output is
 * @param level - where x_t is
 * @throws EpsilonAtZeroSnr, SampleAtCleanLevel where the output says nothing about the other half; NameUnknown for another prediction
 *
 * @example
 * ```ts
 * const { x0, eps } = estimate('v_prediction', { t: 500, alphaBar: 0.36 })(sumOf('x'), sumOf('v'))
 * expect(x0).toEqual([[0.6, 'x'], [-0.8, 'v']])
 * expect(eps).toEqual([[0.8, 'x'], [0.6, 'v']])
 * ```
 */
export const estimate = (
  predicts: PredictionType,
  level: Level,
): (<T>(xt: Sum<T>, output: Sum<T>) => Estimate<T>) => {
  switch (knownName('prediction', predictionTypes, predicts)) {
    case 'epsilon': {
      const toX0 = x0FromEps(level)
      return (xt, output) => ({ x0: toX0(xt, output), eps: output })
    }
    case 'sample': {
      const toEps = epsFromX0(level)
      return (xt, output) => ({ x0: output, eps: toEps(xt, output) })
    }
    case 'v_prediction': {
      const signal = Math.sqrt(level.alphaBar)
      const noise = Math.sqrt(1 - level.alphaBar)
      return (xt, output) => ({
        x0: linear([signal, xt], [-noise, output]),
        eps: linear([noise, xt], [signal, output]),
      })
    }
  }
}
