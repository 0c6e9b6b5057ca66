/** β as a sigmoid. */
import { type Tunable, tunable } from '../../tunable.ts'
import { type BetaRange, betaSettings, ramp } from './ramp.ts'
import { rounding, type Schedule, scheduleFromBetas, type TableOptions, tableSettings } from './table.ts'

/**
 * β rises as a sigmoid, 10⁻⁴ to 0.02 unless said: that of the DDIM authors' code, of GeoDiff (arXiv:2203.02923) and of
 * diffusers. Another one than {@link sigmoidAlphaBarSchedule}, which bends ᾱ.
 *
 * `β_t = sigmoid(−6 + 12·t/(T−1))·(β_end − β_start) + β_start`
 *
 * @throws ScheduleInvalid where T or a β is out of range
 *
 * @example
 * ```ts
 * expect(sigmoidSchedule({ trainedSteps: 3 }).betas[1]).toBeCloseTo((1e-4 + 0.02) / 2, 15)
 * ```
 */
export const sigmoidSchedule: Tunable<(options?: TableOptions & BetaRange) => Schedule> = tunable(
  betaSettings,
  ({ trainedSteps = 1000, precision = 'f64', betaStart = 1e-4, betaEnd = 0.02 } = {}) => {
    const round = rounding(precision)
    const range = round(betaEnd - betaStart)
    return scheduleFromBetas(
      ramp(trainedSteps, -6, 6, precision).map((x) =>
        round(round(round(1 / (1 + Math.exp(-x))) * range) + round(betaStart)),
      ),
      'sigmoid',
      precision,
    )
  },
  tableSettings,
)
