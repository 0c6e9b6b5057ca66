/** The schedule of a variance-exploding process, as a variance-preserving one. */
import { aNumber, checkOptions } from '../../arguments.ts'
import { fail } from '../../failure.ts'
import { checkedSteps, type Schedule, scheduleFromAlphaBars } from './table.ts'

/** From which σ to which. */
export interface ExplodingOptions {
  /** Above 0; 0.002 unless said. */
  readonly sigmaMin?: number
  /** Above `sigmaMin`; 80 unless said. */
  readonly sigmaMax?: number
  /** Into how many timesteps the σs are cut, from 2; 1000 unless said. */
  readonly trainedSteps?: number
}

/**
 * `ᾱ = 1/(1 + σ²)`, with σ from `sigmaMin` to `sigmaMax` in equal factors, as the variance-exploding SDE has them
 * (arXiv:2011.13456, app. C). Its x is `x̄ = x₀ + σ·ε`, and ours is `x = √ᾱ·x̄`: the same image among the same noise.
 *
 * @throws ScheduleInvalid for σs that don't rise from above 0, or a T out of range
 *
 * @example
 * ```ts
 * const schedule = explodingSchedule({ sigmaMin: 0.5, sigmaMax: 2, trainedSteps: 3 })
 * expect(schedule.alphaBars[1]).toBeCloseTo(0.5, 15)
 * expect(levelAtSigma(schedule, 2).t).toBe(2)
 * ```
 */
export const explodingSchedule = ({
  sigmaMin = 0.002,
  sigmaMax = 80,
  trainedSteps = 1000,
}: ExplodingOptions = {}): Schedule => {
  checkOptions({ sigmaMin: aNumber, sigmaMax: aNumber }, { sigmaMin, sigmaMax })
  if (!(sigmaMin > 0 && sigmaMax > sigmaMin && sigmaMax < Infinity))
    throw fail('ScheduleInvalid', {
      reason: `its σ goes from ${sigmaMin} to ${sigmaMax}, and it has to rise from above 0`,
    })
  const last = checkedSteps(trainedSteps) - 1
  const alphaBars = Float64Array.from({ length: trainedSteps }, (_, t) => {
    const share = last === 0 ? 1 : t / last
    const sigma = sigmaMin ** (1 - share) * sigmaMax ** share
    return 1 / (1 + sigma * sigma)
  })
  return scheduleFromAlphaBars(alphaBars, `exploding(${sigmaMin} to ${sigmaMax})`)
}
