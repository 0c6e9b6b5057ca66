/** ᾱ as an exponential. */
import { type Tunable, tunable } from '../../tunable.ts'
import { type FunctionOptions, functionSettings, scheduleFromFunction } from './from-function.ts'
import { type Schedule, tableSettings } from './table.ts'

/**
 * `ᾱ(s) = e^(−12·s)`, so that β is the same everywhere: diffusers' `exp`.
 *
 * @throws ScheduleInvalid where T is out of range
 *
 * @example
 * ```ts
 * expect(expSchedule().alphaBars[999]).toBeCloseTo(Math.exp(-12), 15)
 * ```
 */
export const expSchedule: Tunable<(options?: FunctionOptions) => Schedule> = tunable(
  functionSettings,
  (options = {}) => scheduleFromFunction('exp', (share) => Math.exp(share * -12), options),
  tableSettings,
)
