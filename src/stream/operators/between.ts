/** Fewer frames: those of a part of the way. */
import { filter, type Observable } from 'rxjs'
import { aNumber, checkOptions } from '../../arguments.ts'
import { fail } from '../../failure.ts'
import type { OfStep } from './of-step.ts'

/**
 * Lets the frames pass whose x_t lies between two times, both included.
 *
 *     t of x_t            799  599  399  199  −1
 *     frames              --0----1----2----3----(4|)
 *     between(600, 199)   -------1----2----3----|
 *
 * @remarks
 * 1. A frame lies where its step led, at `transition.to.t`; the clean level has t = −1. Its x̂₀ and ε̂ were seen a step earlier.
 * 2. Which of the two times is the larger makes no difference, nor does which way the chain goes.
 * 3. The run goes on before, between and after. What does not pass is held by nobody.
 *
 * @see {@link takeUntilLevel}, which ends the run at a level, and {@link everyNth}, which chooses by step
 *
 * @param t1 - one end of the part, as the schedule counts
 * @param t2 - the other
 * @throws OperatorInvalid where either is NaN
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(5)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const times = await lastValueFrom(frames$.pipe(between(600, 199), map(({ transition }) => transition.to.t), toArray()))
 * expect(times).toEqual([599, 399, 199])
 * ```
 */
export const between = (
  t1: number,
  t2: number,
): (<A extends OfStep>(frames$: Observable<A>) => Observable<A>) => {
  checkOptions({ t1: aNumber, t2: aNumber }, { t1, t2 })
  const [low, high] = [Math.min(t1, t2), Math.max(t1, t2)]
  if (!(low <= high))
    throw fail('OperatorInvalid', {
      operator: 'between',
      reason: `its times are ${String(t1)} and ${String(t2)}, and have to be numbers`,
    })
  return (frames$) => frames$.pipe(filter(({ transition: { to } }) => to.t >= low && to.t <= high))
}
