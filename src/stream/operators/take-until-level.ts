/** A run as far as a level, and no further. */
import type { Observable } from 'rxjs'
import { flawOfMark, hasReached, type Mark } from '../../diffusion/mark.ts'
import { fail } from '../../failure.ts'
import type { OfStep } from './of-step.ts'
import { takeThrough } from './take-through.ts'

/**
 * Takes the frames up to the one whose x_t reaches a level, that one included, and cancels the rest: a place to fork at,
 * or to stop.
 *
 *     t of x_t                    799  599  399  199  −1
 *     frames                     --0----1----2----3----(4|)
 *     takeUntilLevel (t 500)     --0----1----(2|)
 *
 * @remarks
 * 1. The level is said by its time, by ᾱ, or by its log-SNR, `log(ᾱ/(1−ᾱ))`, whichever suits: the last two mean the same in
 *    every schedule.
 * 2. A frame lies where its step led, at `transition.to`. Reached is what lies there or beyond, as the chain goes:
 *    at this ᾱ or above, or in an inversion, at this ᾱ or below.
 * 3. The network is not asked again after that frame. It completes with it or, where frames are held, when the last hold
 *    has ended; work that fails by then fails it. A chain that does not get there is taken whole, and of one that begins
 *    beyond, the first frame.
 *
 * @see {@link takeSteps}, which ends after so many steps; {@link between}, which does not end the run
 *
 * @param level - what is to be reached
 * @throws OperatorInvalid for a t that is no finite number, an ᾱ outside `[0, 1]` or a log-SNR that is NaN
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { transition } = await lastValueFrom(frames$.pipe(takeUntilLevel({ alphaBar: 0.5 })))
 * expect(transition.from.alphaBar).toBeLessThan(0.5)
 * expect(transition.to.alphaBar).toBeGreaterThanOrEqual(0.5)
 * ```
 */
export const takeUntilLevel = (
  level: Mark,
): (<A extends OfStep>(frames$: Observable<A>) => Observable<A>) => {
  const reason = flawOfMark(level)
  if (reason !== undefined) throw fail('OperatorInvalid', { operator: 'takeUntilLevel', reason })
  return (frames$) =>
    frames$.pipe(takeThrough(({ transition }) => hasReached(level, transition, transition.to)))
}
