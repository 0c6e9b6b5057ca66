/** ᾱ as a squared cosine. */
import { type Tunable, tunable } from '../../tunable.ts'
import { type FunctionOptions, functionSettings, scheduleFromFunction } from './from-function.ts'
import { type Schedule, tableSettings } from './table.ts'

/**
 * ᾱ falls as a squared cosine (arXiv:2102.09672, eq. 17): `β_t = 1 − f((t+1)/T)/f(t/T)` with
 * `f(s) = cos²((s + 0.008)/1.008 · π/2)`, and no β above 0.999.
 *
 * @throws ScheduleInvalid where T is out of range
 *
 * @example
 * ```ts
 * expect(cosineSchedule().betas[999]).toBe(0.999)
 * ```
 */
export const cosineSchedule: Tunable<(options?: FunctionOptions) => Schedule> = tunable(
  functionSettings,
  (options = {}) =>
    scheduleFromFunction(
      'cosine',
      (share) => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2,
      options,
    ),
  tableSettings,
)
