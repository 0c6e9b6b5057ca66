/** The variance-preserving process with a linear β, in continuous time. */
import { aNumber, checkOptions } from '../../arguments.ts'
import { fail } from '../../failure.ts'
import { cleanLevel, type Level } from '../level.ts'
import { levelAt } from './levels.ts'
import { checkedSteps, type Schedule, scheduleFromAlphaBars } from './table.ts'

/** A schedule that knows every level of continuous time. */
export interface ContinuousSchedule extends Schedule {
  /**
   * The level at a time τ in `[0, 1]`, 0 being the clean end. Its t is `T·τ − 1`, so that timesteps are timesteps,
   * and {@link levelAt} gives the same level at that t.
   */
  readonly level: (tau: number) => Level
}

/** How β rises with time. */
export interface ContinuousOptions {
  /** β at τ = 0, above 0; 0.1 unless said. */
  readonly betaMin?: number
  /** β at τ = 1, above 0; 20 unless said. */
  readonly betaMax?: number
  /** Into how many timesteps the time is cut; 1000 unless said. */
  readonly trainedSteps?: number
}

/**
 * `ᾱ(τ) = exp(−∫₀^τ β)`, `β(τ) = β_min + τ·(β_max − β_min)` — arXiv:2011.13456, app. C (the signal's factor is its
 * root). Exact at every real t, for what has to be smooth, as measuring a solver's order of accuracy.
 *
 * @remarks
 * As a table it has `ᾱ_t = ᾱ((t+1)/T)`: close to {@link linearSchedule}, which takes 1 − β for exp(−β).
 * The levels of `exponential(S + 1)` are then those of S steps from τ = 1 to 1/T, uniform in the log-SNR
 * ({@link transitionsThrough}).
 *
 * @throws ScheduleInvalid for a β that is not above 0, or a T out of range
 *
 * @example
 * ```ts
 * const schedule = continuousLinear({ betaMin: 0.1, betaMax: 20 })
 * expect(schedule.level(1)).toEqual({ t: 999, alphaBar: expect.closeTo(Math.exp(-10.05), 15) })
 * expect(levelAt(schedule, 499.25)).toEqual(schedule.level(0.50025))
 * ```
 */
export const continuousLinear = ({
  betaMin = 0.1,
  betaMax = 20,
  trainedSteps = 1000,
}: ContinuousOptions = {}): ContinuousSchedule => {
  checkOptions({ betaMin: aNumber, betaMax: aNumber }, { betaMin, betaMax })
  if (!(betaMin > 0 && betaMax > 0 && betaMin + betaMax < Infinity))
    throw fail('ScheduleInvalid', {
      reason: `β goes from ${String(betaMin)} to ${String(betaMax)}, and it has to stay above 0`,
    })
  const rise = betaMax - betaMin
  const alphaBarAt = (t: number): number => {
    const tau = (t + 1) / trainedSteps
    return Math.exp(-(betaMin * tau + 0.5 * rise * tau * tau))
  }
  // 1/ᾱ = 1 + σ² gives the integral, and the integral τ
  const tAt = (sigma: number): number => {
    const integral = Math.log1p(sigma * sigma)
    const tau = (2 * integral) / (betaMin + Math.sqrt(betaMin * betaMin + 2 * rise * integral))
    return trainedSteps * tau - 1
  }
  const table = scheduleFromAlphaBars(
    Float64Array.from({ length: checkedSteps(trainedSteps) }, (_, t) => alphaBarAt(t)),
    'continuous-linear',
  )
  const schedule: Schedule = { ...table, continuation: { alphaBarAt, tAt } }
  return {
    ...schedule,
    level: (tau) => (tau === 0 ? cleanLevel : levelAt(schedule, trainedSteps * tau - 1)),
  }
}
