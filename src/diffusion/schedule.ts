/**
 * The noise schedule: β and ᾱ of all T timesteps, in float64.
 */
import { fail } from '../failure.ts'
import type { Level } from './level.ts'

/** How much noise each of T timesteps adds. */
export interface Schedule {
  /** How it was made, for people. */
  readonly name: string
  /** T, the number of timesteps that a network was trained on. */
  readonly trainedSteps: number
  /** β_t, the variance that step t adds, in `(0, 1]`. */
  readonly betas: Float64Array
  /** ᾱ_t, the product of all 1 − β up to t: falling, in `[0, 1)`. */
  readonly alphaBars: Float64Array
}

/**
 * A schedule from its βs.
 *
 * @param betas - one per timestep, each in `(0, 1]`
 * @param name - what to call it
 * @throws ScheduleInvalid for an empty list or a β outside `(0, 1]`
 *
 * @example
 * ```ts
 * expect([...scheduleFromBetas([0.5, 0.5]).alphaBars]).toEqual([0.5, 0.25])
 * ```
 */
export const scheduleFromBetas = (betas: ArrayLike<number>, name = 'betas'): Schedule => {
  const own = Float64Array.from(betas)
  if (own.length === 0) throw fail('ScheduleInvalid', { reason: 'it has no timesteps' })
  const alphaBars = new Float64Array(own.length)
  let product = 1
  own.forEach((beta, t) => {
    if (!(beta > 0 && beta <= 1))
      throw fail('ScheduleInvalid', { reason: `β is ${String(beta)} at t = ${String(t)}, outside (0, 1]` })
    product *= 1 - beta
    alphaBars[t] = product
  })
  return { name, trainedSteps: own.length, betas: own, alphaBars }
}

/** The ends of a schedule that runs from one β to another. */
export interface BetaRange {
  /** T; 1000 unless said. */
  readonly trainedSteps?: number
  /** β of the first timestep. */
  readonly betaStart?: number
  /** β of the last timestep. */
  readonly betaEnd?: number
}

const ramp = (length: number, value: (share: number, t: number) => number): Float64Array => {
  if (!Number.isInteger(length) || length < 1)
    throw fail('ScheduleInvalid', {
      reason: `T is ${String(length)}, and it has to be a whole number above 0`,
    })
  return Float64Array.from({ length }, (_, t) => value(length === 1 ? 0 : t / (length - 1), t))
}

/**
 * β rises linearly: the schedule of Ho et al. (arXiv:2006.11239, sec. 4), 10⁻⁴ to 0.02 unless said.
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * expect(schedule.trainedSteps).toBe(1000)
 * expect(schedule.alphaBars[999]).toBeCloseTo(4.0358298e-5, 12)
 * ```
 */
export const linearSchedule = ({
  trainedSteps = 1000,
  betaStart = 1e-4,
  betaEnd = 0.02,
}: BetaRange = {}): Schedule =>
  scheduleFromBetas(
    ramp(trainedSteps, (share) => betaStart + share * (betaEnd - betaStart)),
    'linear',
  )

/**
 * √β rises linearly, as in latent diffusion (arXiv:2112.10752); 0.00085 to 0.012 unless said.
 *
 * @example
 * ```ts
 * expect(scaledLinearSchedule().betas[999]).toBeCloseTo(0.012, 15)
 * ```
 */
export const scaledLinearSchedule = ({
  trainedSteps = 1000,
  betaStart = 0.00085,
  betaEnd = 0.012,
}: BetaRange = {}): Schedule => {
  const [low, high] = [Math.sqrt(betaStart), Math.sqrt(betaEnd)]
  return scheduleFromBetas(
    ramp(trainedSteps, (share) => (low + share * (high - low)) ** 2),
    'scaled-linear',
  )
}

/**
 * ᾱ falls as a squared cosine (arXiv:2102.09672, eq. 17): `β_t = 1 − f((t+1)/T)/f(t/T)` with
 * `f(s) = cos²((s + 0.008)/1.008 · π/2)`, and no β above 0.999.
 *
 * @example
 * ```ts
 * expect(cosineSchedule().betas[999]).toBe(0.999)
 * ```
 */
export const cosineSchedule = ({
  trainedSteps = 1000,
}: { readonly trainedSteps?: number } = {}): Schedule => {
  const f = (share: number): number => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2
  const beta = (t: number): number => Math.min(1 - f((t + 1) / trainedSteps) / f(t / trainedSteps), 0.999)
  return scheduleFromBetas(
    ramp(trainedSteps, (_, t) => beta(t)),
    'cosine',
  )
}

/**
 * The level of a timestep.
 *
 * @param t - a whole number in `[0, T)`
 * @throws ScheduleInvalid for any other t
 *
 * @example
 * ```ts
 * expect(levelAt(linearSchedule(), 0)).toEqual({ t: 0, alphaBar: 1 - 1e-4 })
 * ```
 */
export const levelAt = (schedule: Schedule, t: number): Level => {
  const alphaBar = schedule.alphaBars[t]
  if (alphaBar === undefined)
    throw fail('ScheduleInvalid', {
      reason: `it has no timestep ${String(t)}, only 0 to ${String(schedule.trainedSteps - 1)}`,
    })
  return { t, alphaBar }
}
