/** ᾱ as a sigmoid. */
import { numberIn } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import { fail } from '../../failure.ts'
import { type FunctionOptions, functionSettings, scheduleFromFunction } from './from-function.ts'
import { type Schedule, tableSettings } from './table.ts'

/** Which part of the sigmoid. */
export interface SigmoidOptions extends FunctionOptions {
  /** Where it begins; −3 unless said. */
  readonly start?: number
  /** Where it ends, above `start`; 3 unless said. */
  readonly end?: number
  /** How gently it bends, above 0; 1 unless said. */
  readonly tau?: number
}

/**
 * ᾱ falls as a sigmoid (arXiv:2212.11972, fig. 8), lucidrains' default; better than the cosine for
 * images above 64 × 64. No β above 0.999.
 *
 * `ᾱ(s) = (v(1) − v(s)) / (v(1) − v(0))`, `v(s) = sigmoid((s·(end − start) + start)/τ)`
 *
 * @throws ScheduleInvalid where T is out of range, `end` is not above `start`, or τ not above 0
 *
 * @example
 * ```ts
 * expect(sigmoidAlphaBarSchedule().alphaBars[499]).toBeCloseTo(0.5, 12)
 * ```
 */
export const sigmoidAlphaBarSchedule: Tunable<(options?: SigmoidOptions) => Schedule> = tunable(
  { ...functionSettings, start: numberIn(), end: numberIn(), tau: numberIn(0) },
  ({ start = -3, end = 3, tau = 1, ...options } = {}) => {
    if (!(tau > 0 && end > start && Number.isFinite(end - start)))
      throw fail('ScheduleInvalid', {
        reason: `the sigmoid goes from ${String(start)} to ${String(end)} with τ = ${String(tau)}; it has to rise, and τ to be above 0`,
      })
    const v = (share: number): number => 1 / (1 + Math.exp(-(share * (end - start) + start) / tau))
    return scheduleFromFunction('sigmoid-alpha-bar', (share) => (v(1) - v(share)) / (v(1) - v(0)), options)
  },
  tableSettings,
)
