/**
 * A respaced timestep sequence as a stream.
 */
import { from, type Observable, throwError } from 'rxjs'
import { E, pipe } from '../fp.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import { type FinalLevel, type Transition, transitions } from '../diffusion/transition.ts'

/**
 * Emits the transitions of a chain, from noise to image, and completes. Cold and synchronous.
 *
 *     respace(schedule, trailing(3))    (abc|)
 *
 * @param schedule - what t means
 * @param spacing - which timesteps to visit
 * @param options - `finalLevel`, where the last step leads; clean unless said
 * @returns S transitions; it errors with TooManySteps or SpacingInvalid where the spacing does not fit the schedule
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
  options?: { readonly finalLevel?: FinalLevel },
): Observable<Transition> =>
  pipe(
    transitions(schedule, spacing, options),
    E.match(
      (failure) => throwError(() => failure),
      (steps) => from(steps),
    ),
  )
