/** The first steps of a run, and no more. */
import type { Observable } from 'rxjs'
import { fail } from '../../failure.ts'
import { takeThrough } from './take-through.ts'

/**
 * Takes the first n steps, and cancels the rest: a place to fork at, or to stop.
 *
 *     frames         --0--1--2--3--(4|)
 *     takeSteps(2)   --0--(1|)
 *
 * @remarks
 * 1. It counts frames as they come, so put it before whatever leaves frames out. A chain that is resumed begins anew: n
 *    more steps are taken.
 * 2. The network is not asked again after the n-th frame. It completes with that frame or, where frames are held, when
 *    the last hold has ended; work that fails by then fails it. A chain that is shorter is taken whole.
 * 3. RxJS's `take(n)` takes the same frames, but completes with the n-th at once: whoever waits for the end would not wait for what is
 *    still held, nor learn of work that fails.
 *
 * @see {@link takeUntilLevel}, which ends at a level, whatever the number of steps
 *
 * @param n - a whole number from 1; a chain that is not begun at all is no chain of frames, but its transitions
 * @throws OperatorInvalid for any other n
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { transition } = await lastValueFrom(frames$.pipe(takeSteps(25)))
 * expect([transition.index, transition.to.t]).toEqual([24, 499])
 * ```
 */
export const takeSteps = (n: number): (<A>(frames$: Observable<A>) => Observable<A>) => {
  if (!(Number.isSafeInteger(n) && n >= 1))
    throw fail('OperatorInvalid', {
      operator: 'takeSteps',
      reason: `n is ${String(n)}, and has to be a whole number from 1`,
    })
  return (frames$) => frames$.pipe(takeThrough((_, index) => index + 1 >= n))
}
