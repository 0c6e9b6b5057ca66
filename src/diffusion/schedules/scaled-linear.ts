/** √β on a straight line. */
import { type Tunable, tunable } from '../../tunable.ts'
import { type BetaRange, betaSettings, ramp } from './ramp.ts'
import { type Schedule, scheduleFromBetas, type TableOptions, tableSettings } from './table.ts'

/**
 * √β rises linearly, as in latent diffusion (arXiv:2112.10752); 0.00085 to 0.012 unless said. The DDIM authors' "quad".
 *
 * `β_t = (√β_start + t/(T−1)·(√β_end − √β_start))²`
 *
 * @throws ScheduleInvalid where T or a β is out of range
 *
 * @example
 * ```ts
 * expect(scaledLinearSchedule().betas[999]).toBeCloseTo(0.012, 15)
 * ```
 */
export const scaledLinearSchedule: Tunable<(options?: TableOptions & BetaRange) => Schedule> = tunable(
  betaSettings,
  ({ trainedSteps = 1000, precision = 'f64', betaStart = 0.00085, betaEnd = 0.012 } = {}) =>
    scheduleFromBetas(
      ramp(trainedSteps, Math.sqrt(betaStart), Math.sqrt(betaEnd), precision).map((root) => root * root),
      'scaled-linear',
      precision,
    ),
  tableSettings,
)
