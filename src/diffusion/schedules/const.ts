/** One β for all timesteps. */
import { numberIn } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import { checkedSteps, type Schedule, scheduleFromBetas, type TableOptions, tableSettings } from './table.ts'

/** Which β. */
export interface ConstOptions extends TableOptions {
  /** β of every timestep, in `(0, 1)`; 0.02 unless said. */
  readonly beta?: number
}

/**
 * The same β everywhere: the DDIM authors' `const`. `ᾱ_t = (1 − β)^(t+1)`
 *
 * @throws ScheduleInvalid where T or β is out of range, or β so large that ᾱ vanishes before T
 *
 * @example
 * ```ts
 * expect([...constSchedule({ trainedSteps: 2, beta: 0.5 }).alphaBars]).toEqual([0.5, 0.25])
 * ```
 */
export const constSchedule: Tunable<(options?: ConstOptions) => Schedule> = tunable(
  { beta: numberIn(0, 1) },
  ({ trainedSteps = 1000, precision = 'f64', beta = 0.02 } = {}) =>
    scheduleFromBetas(
      Float64Array.from({ length: checkedSteps(trainedSteps) }, () => beta),
      'const',
      precision,
    ),
  tableSettings,
)
