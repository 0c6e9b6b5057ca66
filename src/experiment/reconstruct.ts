/**
 * Reconstruction: what is left of an image that went to noise and back.
 */
import { concatMap, type Observable } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { Frame } from '../stream/frame.ts'
import { type CodingConfig, decode, encode } from './coding.ts'

/**
 * Encodes images and decodes what came of it, with the same steps: one frame per step of the way back, the last near the images
 * (arXiv:2010.02502, sec. 5.4). The two chains run one after the other, and nothing is drawn.
 *
 * @param config - model, spacing; `condition`, `refinements`, `evaluateAt`
 * @param images - `[rows, …shape]`
 * @law the error falls with the number of steps, as 1/S of the distance from image to image
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const image = { shape: [], data: Float64Array.of(1) }
 * const { xt } = await finalSnapshot(reconstruct({ model, spacing: trailing(50) }, image))
 * expect(xt.data[0]).toBeCloseTo(0.946363, 6)
 * ```
 */
export const reconstruct = <T>(config: CodingConfig<T>, images: Values): Observable<Frame<T>> =>
  encode(config, images).pipe(concatMap((latents) => decode(config, latents)))
