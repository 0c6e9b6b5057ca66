/**
 * A respaced timestep sequence as a stream.
 */
import type { Observable } from 'rxjs'
import type { Schedule } from '../diffusion/schedule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import { type ChainOptions, type Transition, transitions } from '../diffusion/transition.ts'
import { emitSteps } from './emit-steps.ts'

/**
 * Emits the transitions of a chain, from noise to image, and completes. Cold and synchronous.
 *
 *     respace(schedule, trailing(3))    (abc|)
 *
 * @param schedule - what t means
 * @param spacing - which levels to visit
 * @param options - `finalLevel`, where the last step leads, clean unless said; `start` and `end`, the steps to take, all unless said
 * @returns S transitions; it errors with TooManySteps, SpacingInvalid or ScheduleInvalid where the spacing does not fit the schedule
 *
 * @example
 * ```ts
 * import { lastValueFrom, toArray } from 'rxjs'
 * const steps = await lastValueFrom(respace(linearSchedule(), trailing(4)).pipe(toArray()))
 * expect(steps.map((step) => step.to.t)).toEqual([749, 499, 249, -1])
 * ```
 */
export const respace = (
  schedule: Schedule,
  spacing: Spacing,
  options?: ChainOptions,
): Observable<Transition> => emitSteps(transitions(schedule, spacing, options))
