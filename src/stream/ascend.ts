/**
 * A respaced timestep sequence as a stream, from image to noise.
 */
import type { Observable } from 'rxjs'
import type { Schedule } from '../diffusion/schedule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import {
  type EvaluateAt,
  type FinalLevel,
  inversionTransitions,
  type Transition,
} from '../diffusion/transition.ts'
import { emitSteps } from './emit-steps.ts'

/**
 * Emits the transitions of an inversion, from image to noise, and completes: those of {@link respace} turned round.
 * Cold and synchronous.
 *
 *     ascend(schedule, trailing(3), …)    (abc|)
 *
 * @param schedule - what t means
 * @param spacing - which levels to visit
 * @param options - `evaluateAt`, where the network is asked about, see {@link inversionTransitions}; `finalLevel`, where the image is, clean unless said
 * @returns S transitions; it errors with TooManySteps, SpacingInvalid or ScheduleInvalid where the spacing does not fit the schedule
 *
 * @example
 * ```ts
 * import { lastValueFrom, toArray } from 'rxjs'
 * const steps = await lastValueFrom(ascend(linearSchedule(), trailing(4), { evaluateAt: 'destination' }).pipe(toArray()))
 * expect(steps.map((step) => step.to.t)).toEqual([249, 499, 749, 999])
 * ```
 */
export const ascend = (
  schedule: Schedule,
  spacing: Spacing,
  options: { readonly evaluateAt: EvaluateAt; readonly finalLevel?: FinalLevel },
): Observable<Transition> => emitSteps(inversionTransitions(schedule, spacing, options))
