/**
 * A network that is never wrong: the exact ε of a mixture of Gaussians on the real line.
 *
 * Noise turns N(μ, s²) into N(√ᾱ·μ, ᾱ·s² + 1 − ᾱ), so the score of a noised mixture is known in closed form, and
 * ε = −√(1−ᾱ)·score. With it a sampler can be compared with what it should reach.
 */
import { of } from 'rxjs'
import { checkArgument, type Expected, having, shown } from '../arguments.ts'
import { numbers } from '../algebra/numbers.ts'
import { levelAt, linearSchedule, type Schedule } from '../diffusion/schedule.ts'
import type { Denoiser } from './denoiser.ts'
import { fail } from '../failure.ts'

/** One bump of a mixture. */
export interface Gaussian {
  /** Relative weight; 1 unless said. */
  readonly weight?: number
  readonly mean: number
  /** Standard deviation, at least 0. */
  readonly deviation: number
}

const listOfGaussians: Expected = {
  name: 'a list, such as [{ mean: 2, deviation: 0.1 }]',
  is: (value) => Array.isArray(value) && value.every(having('', {}).is),
}

const checked = (gaussians: readonly Gaussian[]): void => {
  const refuse = (reason: string): never => {
    throw fail('ModelInvalid', { reason })
  }
  checkArgument('gaussians', listOfGaussians, gaussians)
  gaussians.forEach(({ weight = 1, mean, deviation }, i) => {
    const within = (name: string, value: number, least: number): void => {
      if (!(value >= least && Number.isFinite(value)))
        refuse(
          `the ${name} of Gaussian ${i} is ${shown(value)}, and has to be a finite number${least === 0 ? ' from 0' : ''}`,
        )
    }
    within('weight', weight, 0)
    within('mean', mean, -Infinity)
    within('deviation', deviation, 0)
  })
  if (!gaussians.some(({ weight = 1 }) => weight > 0))
    refuse('a mixture needs a Gaussian with a weight above 0')
}

/**
 * The ideal ε-predicting model of data that are distributed as a mixture of Gaussians.
 *
 * `score(x) = Σ wᵢ·N(x; mᵢ, vᵢ)·(mᵢ − x)/vᵢ / Σ wᵢ·N(x; mᵢ, vᵢ)` with `mᵢ = √ᾱ·μᵢ` and `vᵢ = ᾱ·sᵢ² + 1 − ᾱ`.
 *
 * @param gaussians - at least one
 * @param schedule - the noise; linear with T = 1000 unless said
 * @throws ModelInvalid for no Gaussian with any weight, and for numbers that make none
 *
 * @example
 * ```ts
 * import { firstValueFrom, from } from 'rxjs'
 * const model = gaussianMixture([{ mean: 0, deviation: 1 }])
 * const ask = model.predict(0.7, [500], {}, { signal: new AbortController().signal })
 * const { output } = await firstValueFrom(from(ask))
 * expect(output).toBeCloseTo(0.7 * Math.sqrt(1 - model.schedule.alphaBars[500]!), 12)
 * ```
 */
export const gaussianMixture = (
  gaussians: readonly Gaussian[],
  schedule: Schedule = linearSchedule(),
): Denoiser<number> => {
  checked(gaussians)
  const score = (x: number, alphaBar: number): number => {
    const parts = gaussians.map(({ weight = 1, mean, deviation }) => {
      const variance = alphaBar * deviation ** 2 + 1 - alphaBar
      const distance = Math.sqrt(alphaBar) * mean - x
      return {
        logDensity: Math.log(weight) - 0.5 * Math.log(variance) - distance ** 2 / (2 * variance),
        slope: distance / variance,
      }
    })
    // relative to the largest, so that far out not all densities vanish
    const largest = Math.max(...parts.map((part) => part.logDensity))
    const densities = parts.map((part) => Math.exp(part.logDensity - largest))
    const total = densities.reduce((sum, density) => sum + density, 0)
    return parts.reduce((sum, part, i) => sum + part.slope * (densities[i] ?? 0), 0) / total
  }

  return {
    algebra: numbers,
    predicts: 'epsilon',
    schedule,
    shape: [],
    predict: (x, [t = 0]) => {
      const { alphaBar } = levelAt(schedule, t)
      return of({ output: -Math.sqrt(1 - alphaBar) * score(x, alphaBar) })
    },
  }
}
