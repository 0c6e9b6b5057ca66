/**
 * How a network is told the time. The peers agree on nothing here: an integer t, a share of T, or a measure of the noise.
 */
import type { Level } from '../diffusion/level.ts'
import { sigmaOfLevel, levelAt, type Schedule } from '../diffusion/schedule.ts'
import { fail } from '../failure.ts'

/**
 * Every measure of time: t itself, t/T, log(ᾱ/(1−ᾱ)), σ = √(1/ᾱ − 1), log σ, ᾱ, √ᾱ.
 *
 * @example
 * ```ts
 * expect(timeMeasures).toContain('log-snr')
 * ```
 */
export const timeMeasures = [
  't',
  't/T',
  'log-snr',
  'sigma',
  'log-sigma',
  'alpha-bar',
  'sqrt-alpha-bar',
] as const

/** The name of a measure of time. */
export type TimeMeasure = (typeof timeMeasures)[number]

/** What of a level, of T timesteps, stands for its time. */
type Measure = (level: Level & { readonly trainedSteps: number }) => number

const measures: Readonly<Record<TimeMeasure, Measure>> = {
  t: ({ t }) => t,
  't/T': ({ t, trainedSteps }) => t / trainedSteps,
  'log-snr': ({ alphaBar }) => Math.log(alphaBar / (1 - alphaBar)),
  sigma: sigmaOfLevel,
  'log-sigma': (level) => Math.log(sigmaOfLevel(level)),
  'alpha-bar': ({ alphaBar }) => alphaBar,
  'sqrt-alpha-bar': ({ alphaBar }) => Math.sqrt(alphaBar),
}

/** How a network is told the time: `scale·measure + offset`. */
export interface TimeCode {
  /** `t` unless said. */
  readonly as?: TimeMeasure
  /** 1 unless said. */
  readonly scale?: number
  /** 0 unless said; 1 where a network counts its timesteps from 1. */
  readonly offset?: number
}

/**
 * Encodes times as a network wants them.
 *
 * @param schedule - that the network was trained on
 * @param code - how it is told the time
 * @returns a function of t, which may lie between two timesteps
 * @throws ScheduleInvalid for a measure that there is not, or that is infinite where the schedule ends, as log-snr and σ are at ᾱ = 0
 *
 * @example
 * ```ts
 * const schedule = cosineSchedule({ trainedSteps: 300 })
 * expect(encodeTime(schedule, { as: 't/T' })(150)).toBe(0.5)
 * // the variance of the noise, 1 − ᾱ
 * expect(encodeTime(schedule, { as: 'alpha-bar', scale: -1, offset: 1 })(9)).toBe(1 - schedule.alphaBars[9]!)
 * ```
 */
export const encodeTime = (
  schedule: Schedule,
  { as = 't', scale = 1, offset = 0 }: TimeCode = {},
): ((t: number) => number) => {
  const { trainedSteps } = schedule
  if (!Object.hasOwn(measures, as))
    throw fail('ScheduleInvalid', {
      reason: `time has no measure ${as}; there are ${timeMeasures.join(', ')}`,
    })
  const measure = measures[as]
  // t and t/T need no level, and so no limits
  const coded: (t: number) => number =
    as === 't' || as === 't/T'
      ? (t) => scale * measure({ t, alphaBar: NaN, trainedSteps }) + offset
      : (t) => scale * measure({ ...levelAt(schedule, t), trainedSteps }) + offset
  const last = trainedSteps - 1
  if (!Number.isFinite(coded(last)))
    throw fail('ScheduleInvalid', {
      reason: `a network can't be told its ${as} at t = ${String(last)}, which is ${String(coded(last))} there`,
    })
  return coded
}
