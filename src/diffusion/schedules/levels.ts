/**
 * Levels of a schedule: at a timestep, between timesteps, and where there is a given amount of noise.
 *
 * Between timesteps log σ is linear in t, with σ = √(1/ᾱ − 1): so do k-diffusion (`t_to_sigma`, `sigma_to_t`) and
 * diffusers (`_sigma_to_t`). A schedule with a law of its own between timesteps keeps to that.
 */
import { fail } from '../../failure.ts'
import type { Level } from '../level.ts'
import type { Schedule } from './table.ts'

/**
 * The noise for one part of image: `σ = √(1/ᾱ − 1)`, the standard deviation of variance-exploding processes
 * (arXiv:2206.00364). 0 at the clean level, infinite where ᾱ is 0.
 *
 * @example
 * ```ts
 * expect(sigmaOfLevel({ alphaBar: 0.2 })).toBe(2)
 * ```
 */
export const sigmaOfLevel = ({ alphaBar }: Pick<Level, 'alphaBar'>): number =>
  Math.sqrt((1 - alphaBar) / alphaBar)

const alphaBarOf = (sigma: number): number => 1 / (1 + sigma * sigma)

const logSigma = (alphaBar: number | undefined): number => Math.log(sigmaOfLevel({ alphaBar: alphaBar! }))

/**
 * The level of a timestep, or of a time between two.
 *
 * @param t - a real number in `[0, T − 1]`; where the schedule is continuous, down to −1, the clean end
 * @throws ScheduleInvalid for any other t, and between the last two timesteps if ᾱ ends at 0
 *
 * @example
 * ```ts
 * expect(levelAt(linearSchedule(), 0)).toEqual({ t: 0, alphaBar: 1 - 1e-4 })
 * const schedule = scheduleFromAlphaBars([1 / 2, 1 / 17])
 * expect(levelAt(schedule, 0.5).alphaBar).toBeCloseTo(1 / 5, 15)
 * ```
 */
export const levelAt = ({ alphaBars, continuation, trainedSteps }: Schedule, t: number): Level => {
  const known = alphaBars[t]
  if (known !== undefined) return { t, alphaBar: known }
  const first = continuation === undefined ? 0 : -1
  if (!(t >= first && t <= trainedSteps - 1))
    throw fail('ScheduleInvalid', {
      reason: `it has no timestep ${String(t)}, only ${String(first)} to ${String(trainedSteps - 1)}`,
    })
  if (continuation !== undefined) return { t, alphaBar: continuation.alphaBarAt(t) }
  const below = Math.floor(t)
  if (alphaBars[below + 1] === 0)
    throw fail('ScheduleInvalid', { reason: `ᾱ is 0 at its end, so there is no level at t = ${String(t)}` })
  const share = t - below
  const between = (1 - share) * logSigma(alphaBars[below]) + share * logSigma(alphaBars[below + 1])
  return { t, alphaBar: alphaBarOf(Math.exp(between)) }
}

/** Whether two ᾱ are one but for rounding: of log σ by 10⁻¹², or of ᾱ itself, which near the clean end is more. */
const isMet = (alphaBar: number, known = NaN): boolean =>
  Math.abs(alphaBar - known) <= known * (2e-12 * (1 - known) + 2 * Number.EPSILON)

/** The first timestep with at least that much noise. */
const firstNoisier = ({ alphaBars, trainedSteps }: Schedule, alphaBar: number): number => {
  let [low, high] = [0, trainedSteps]
  while (low < high) {
    const middle = (low + high) >> 1
    if (alphaBars[middle]! > alphaBar) low = middle + 1
    else high = middle
  }
  return low
}

const tBetween = (schedule: Schedule, sigma: number): number => {
  const above = firstNoisier(schedule, alphaBarOf(sigma))
  const [from, to] = [logSigma(schedule.alphaBars[above - 1]), logSigma(schedule.alphaBars[above])]
  // beyond the ends, and below a last ᾱ of 0, there is nothing to interpolate
  return to === Infinity ? NaN : above - 1 + (Math.log(sigma) - from) / (to - from)
}

/**
 * The level with a given amount of noise, {@link sigmaOfLevel}'s inverse: its t is real, and that of a timestep where
 * σ is a timestep's to within rounding.
 *
 * @param sigma - from the σ of the first timestep to that of the last; down to 0, exclusive, where the schedule is
 *   continuous
 * @throws ScheduleInvalid for any other σ. The peers answer with the t of the nearest timestep, which the network was
 *   not trained to see at that σ
 *
 * @example
 * ```ts
 * const level = levelAtSigma(linearSchedule(), 1)
 * expect(level.alphaBar).toBe(0.5)
 * expect(level.t).toBeCloseTo(258.093, 3)
 * ```
 */
export const levelAtSigma = (schedule: Schedule, sigma: number): Level => {
  const { alphaBars, continuation, trainedSteps } = schedule
  if (sigma === Infinity && alphaBars.at(-1) === 0) return levelAt(schedule, trainedSteps - 1)
  const alphaBar = alphaBarOf(sigma)
  const above = firstNoisier(schedule, alphaBar)
  const met = sigma > 0 ? [above, above - 1].find((t) => isMet(alphaBar, alphaBars[t])) : undefined
  if (met !== undefined) return levelAt(schedule, met)
  const t = (continuation?.tAt ?? ((at) => tBetween(schedule, at)))(sigma)
  if (!(sigma > 0 && t >= (continuation === undefined ? 0 : -1) && t <= trainedSteps - 1))
    throw fail('ScheduleInvalid', {
      reason:
        `it has no level with σ = ${String(sigma)}, only ` +
        [0, trainedSteps - 1].map((end) => String(sigmaOfLevel(levelAt(schedule, end)))).join(' to '),
    })
  return { t, alphaBar }
}
