/**
 * Image to image: what a model makes of an image that is half forgotten.
 */
import { concatMap, type OperatorFunction, toArray } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf } from '../algebra/shape.ts'
import { cleanLevel } from '../diffusion/level.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { Frame } from '../stream/frame.ts'
import { walk, type WalkConfig } from './walk.ts'

/** What to begin with, and how to go on. */
export interface ImageToImageConfig<T> extends Omit<WalkConfig<T>, 'batch'> {
  /** `[rows, …shape]`, in the model's range. */
  readonly images: Values
}

/**
 * Noises images to the level where the steps begin, and denoises them from there: SDEdit (arXiv:2108.01073, alg. 2).
 *
 *     respace(…, strength(trailing(50), 0.6))   (ab … z|)
 *     imageToImage(config)                      --1--2 … z|
 *
 * @remarks
 * How far is the steps' to say: see {@link strength}. The noise of the beginning is draw 0, which x_T would be; so at full
 * strength nearly nothing of the images is left, and the samples are those of their seeds.
 *
 * @equation `x_t = √ᾱ_t·x₀ + √(1 − ᾱ_t)·z`, at the level t where the first step begins
 *
 * @param config - model, rule, noise, images; `condition`, `clip`
 * @returns an operator; its errors are those of {@link denoise}
 *
 * @example
 * ```ts
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule: linearSchedule(), shape: [1] }, (x) => x)
 * const images = { shape: [2, 1], data: Float32Array.of(-1, 1) }
 * const steps$ = respace(model.schedule, strength(trailing(10), 0.5))
 * const frames$ = steps$.pipe(imageToImage({ model, rule: ddim(), noise: philox({ seed: 7 }), images }))
 * expect(await lastValueFrom(frames$.pipe(count()))).toBe(5)
 * ```
 */
export const imageToImage =
  <T>({ images, ...config }: ImageToImageConfig<T>): OperatorFunction<Transition, Frame<T>> =>
  (transitions$) =>
    transitions$.pipe(
      toArray(),
      concatMap((steps) =>
        walk({ ...config, batch: rowsOf(images.shape) }, [steps], { level: cleanLevel, x: images }),
      ),
    )

/** What to vary, and how often. */
export interface VaryConfig<T> extends WalkConfig<T> {
  /** One image, `[1, …shape]`. */
  readonly image: Values
  /** How many variations. */
  readonly batch: number
}

/**
 * Variations of one image: {@link imageToImage} with the image in every row, each forgotten by noise of its own. The further the
 * steps reach up, the less the variations have in common.
 *
 * @param config - model, rule, noise, image, batch; `condition`, `clip`
 * @returns an operator; its errors are those of {@link denoise}
 *
 * @example
 * ```ts
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule: linearSchedule(), shape: [1] }, (x) => x)
 * const image = { shape: [1, 1], data: Float32Array.of(0.5) }
 * const steps$ = respace(model.schedule, strength(trailing(10), 0.5))
 * const frames$ = steps$.pipe(vary({ model, rule: ddim(), noise: philox({ seed: 7 }), image, batch: 3 }))
 * expect(new Set((await finalSnapshot(frames$)).xt.data).size).toBe(3)
 * ```
 */
export const vary = <T>({
  image,
  batch,
  ...config
}: VaryConfig<T>): OperatorFunction<Transition, Frame<T>> => {
  const data = new Float32Array(batch * image.data.length)
  for (let row = 0; row < batch; row += 1) data.set(image.data, row * image.data.length)
  return imageToImage({ ...config, images: { shape: [batch, ...image.shape.slice(1)], data } })
}
