/** Fewer frames: every k-th, and the last. */
import { filter, type Observable } from 'rxjs'
import { isLast } from '../../diffusion/transition.ts'
import type { OfStep } from './of-step.ts'
import { isTurn } from './turn.ts'

/**
 * Lets every k-th frame pass, and the chain's last.
 *
 *     frames         --0--1--2--3--(4|)
 *     everyNth(2)    -----1-----3--(4|)
 *
 * @remarks
 * 1. Steps are counted by their place in the chain, so these are the frames after k, 2k, 3k, … steps, whatever is left out
 *    upstream, in each branch of a fork, and where a run is resumed.
 * 2. The chain's last frame always passes: it is what the run was for. Of a chain that is cut short the end passes only
 *    if its turn has come.
 * 3. What does not pass is held by nobody, and the run does not wait for it.
 *
 * @see {@link between}, which chooses by level, and {@link takeSteps}, which ends the run
 *
 * @param k - a whole number from 1
 * @throws OperatorInvalid for any other k
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(25)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const steps = await lastValueFrom(frames$.pipe(everyNth(10), map(({ transition }) => transition.index + 1), toArray()))
 * expect(steps).toEqual([10, 20, 25])
 * ```
 */
export const everyNth = (k: number): (<A extends OfStep>(frames$: Observable<A>) => Observable<A>) => {
  const turn = isTurn('everyNth', k)
  return (frames$) => frames$.pipe(filter(({ transition }) => turn(transition) || isLast(transition)))
}
