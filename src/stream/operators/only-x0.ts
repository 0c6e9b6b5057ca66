/** What the network thinks the image is, step by step. */
import type { Observable } from 'rxjs'
import type { BranchOf } from '../branch.ts'
import type { Frame } from '../frame.ts'
import { type Snapshot, snapshot } from '../snapshot.ts'

/**
 * Copies the predicted image of every step, and nothing else.
 *
 *     frames    --a--b--c|
 *     onlyX0    --A--B--C|
 *
 * @remarks
 * 1. It is x̂₀ as the network saw it at the level that the step came from, after clipping: what people look at while a run is under way.
 * 2. It is {@link snapshot} of that one field: values that can be read for ever, in order; the frame is held while it is read.
 *
 * @see {@link untilStable}, which ends a run when these no longer change
 *
 * @returns an operator from frames to snapshots of x̂₀
 *
 * @example
 * ```ts
 * import { lastValueFrom, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(10)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const images = await lastValueFrom(frames$.pipe(onlyX0(), toArray()))
 * // of one narrow mixture the network knows the image from the beginning
 * expect(images.every(({ x0 }) => Math.abs(x0.data[0]! - 2) < 0.5)).toBe(true)
 * ```
 */
export const onlyX0 = (): (<T, G>(
  frames$: Observable<Frame<T> & G>,
) => Observable<Snapshot<'x0'> & BranchOf<G>>) => snapshot({ x0: true })
