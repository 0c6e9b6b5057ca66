/** β on a straight line. */
import { oneOf } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import { type BetaRange, betaSettings, ramp } from './ramp.ts'
import { type Schedule, scheduleFromBetas, type TableOptions, tableSettings } from './table.ts'

/** How β rises. */
export interface LinearOptions extends TableOptions, BetaRange {
  /** `1000/T` multiplies both ends by 1000/T, so that ᾱ_T hardly depends on T (OpenAI, lucidrains); `none` unless said. */
  readonly scaling?: 'none' | '1000/T'
}

/**
 * β rises linearly: the schedule of Ho et al. (arXiv:2006.11239, sec. 4), 10⁻⁴ to 0.02 unless said.
 *
 * `β_t = β_start + t/(T−1)·(β_end − β_start)`
 *
 * @throws ScheduleInvalid where T or a β is out of range; 1000/T scaling of the usual ends needs T ≥ 20
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * expect(schedule.trainedSteps).toBe(1000)
 * expect(schedule.alphaBars[999]).toBeCloseTo(4.0358298e-5, 12)
 * expect(linearSchedule({ trainedSteps: 4000, scaling: '1000/T' }).betas[3999]).toBe(0.005)
 * ```
 */
export const linearSchedule: Tunable<(options?: LinearOptions) => Schedule> = tunable(
  { ...betaSettings, scaling: oneOf('none', '1000/T') },
  ({ trainedSteps = 1000, precision = 'f64', betaStart = 1e-4, betaEnd = 0.02, scaling = 'none' } = {}) => {
    const scale = scaling === 'none' ? 1 : 1000 / trainedSteps
    return scheduleFromBetas(
      ramp(trainedSteps, scale * betaStart, scale * betaEnd, precision),
      'linear',
      precision,
    )
  },
  tableSettings,
)
