/** ᾱ on a straight line. */
import { type Tunable, tunable } from '../../tunable.ts'
import { ramp } from './ramp.ts'
import { type Schedule, scheduleFromBetas, type TableOptions, tableSettings } from './table.ts'

/**
 * `β_t = 1/(T − t)`, so that ᾱ falls on a straight line to 0 (arXiv:1503.03585, sec. 2.4.1): the DDIM authors' `jsd`.
 * Nothing of the image is left at the last timestep, so it needs a network that predicts v or x₀.
 *
 * @throws ScheduleInvalid where T is out of range
 *
 * @example
 * ```ts
 * expect(jsdSchedule({ trainedSteps: 4 }).alphaBars).toEqual(Float64Array.of(0.75, 0.5, 0.25, 0))
 * ```
 */
export const jsdSchedule: Tunable<(options?: TableOptions) => Schedule> = tunable(
  {},
  ({ trainedSteps = 1000, precision = 'f64' } = {}) =>
    scheduleFromBetas(
      ramp(trainedSteps, trainedSteps, 1, precision).map((remaining) => 1 / remaining),
      'jsd',
      precision,
    ),
  tableSettings,
)
