/**
 * Images that are there already, as a run of one step: so every sink takes them.
 */
import { of, type Observable } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf } from '../algebra/shape.ts'
import { cleanLevel } from '../diffusion/level.ts'
import { ddim } from '../diffusion/rule.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { denoise } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { lendStart } from './lend-start.ts'
import { noNoise } from './no-noise.ts'

/**
 * One frame, of images at the clean level. The model is not asked.
 *
 *     still(model, images)   (F|)
 *
 * @param model - of which the images are
 * @param images - `[rows, …shape]`
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const { xt, transition } = await finalSnapshot(still(model, { shape: [], data: Float64Array.of(1.5) }))
 * expect([xt.data[0], transition.to.alphaBar]).toEqual([1.5, 1])
 * ```
 */
export const still = <T>(model: Denoiser<T>, images: Values): Observable<Frame<T>> => {
  const { algebra } = model
  // without noise, whatever ε̂ is, x̂₀ is x
  const silent: Denoiser<T> = {
    ...model,
    predicts: 'epsilon',
    predict: (x) => of({ output: algebra.combine([[0, x]]) }),
  }
  const step = { index: 0, count: 1, from: cleanLevel, to: cleanLevel, at: 0 }
  return lendStart(algebra, images, (start) =>
    of(step).pipe(
      denoise({
        model: silent,
        rule: ddim(),
        noise: noNoise,
        clip: 'none',
        start,
        ...(images.shape.length === 0 ? {} : { batch: rowsOf(images.shape) }),
      }),
    ),
  )
}
