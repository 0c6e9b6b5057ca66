/** The log-SNR distributed as Laplace's. */
import { type Tunable, tunable } from '../../tunable.ts'
import { type FunctionOptions, functionSettings, scheduleFromFunction } from './from-function.ts'
import { type Schedule, tableSettings } from './table.ts'

const logSnr = (share: number): number =>
  -0.5 * (share > 0.5 ? -1 : 1) * Math.log(1 - 2 * Math.abs(0.5 - share) + 1e-6)

/**
 * More time in the middle, where signal and noise are equal (arXiv:2407.03297): diffusers' `laplace`.
 *
 * `ᾱ(s) = √(SNR/(1 + SNR))`, `log SNR(s) = −½·sign(½ − s)·log(1 − 2·|½ − s| + 10⁻⁶)`
 *
 * @remarks
 * The square root is diffusers' own; it makes the SNR of the table another one than the formula's.
 *
 * @throws ScheduleInvalid where T is out of range
 *
 * @example
 * ```ts
 * const { alphaBars } = laplaceSchedule()
 * expect(alphaBars[499]! / alphaBars[249]!).toBeCloseTo(Math.sqrt((1 / 2) / (Math.SQRT2 / (1 + Math.SQRT2))), 5)
 * ```
 */
export const laplaceSchedule: Tunable<(options?: FunctionOptions) => Schedule> = tunable(
  functionSettings,
  (options = {}) =>
    scheduleFromFunction(
      'laplace',
      (share) => {
        const snr = Math.exp(logSnr(share))
        return Math.sqrt(snr / (1 + snr))
      },
      options,
    ),
  tableSettings,
)
