/**
 * How well images are reconstructed, measured over as many as one likes.
 */
import { concatMap, map, type Observable, type OperatorFunction, scan } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { LabelledImages } from '../model/labelled-images.ts'
import { lastSnapshot } from '../stream/snapshot.ts'
import type { CodingConfig } from './coding.ts'
import { reconstruct } from './reconstruct.ts'

/** How far reconstructions are from the images, so far. */
export interface ReconstructionError {
  /** How many images there have been. */
  readonly images: number
  /** Their mean squared error per number, on a scale of `[0, 1]`. */
  readonly error: number
}

interface Sums {
  readonly images: number
  readonly numbers: number
  readonly squares: number
}

/** The sum of squares, on a scale of `[0, 1]`. */
const squaredError = (a: Values, b: Values): number =>
  Array.from(a.data, (x, i) => ((x - b.data[i]!) / 2) ** 2).reduce((sum, square) => sum + square, 0)

/**
 * Measures reconstructions, batch after batch, over any number of images: the paper's Table 2 (arXiv:2010.02502), a row of it for
 * each spacing.
 *
 *     batches                ---a---b---c|
 *     reconstructionError    ------A---B---C|
 *
 * @equation `error = mean over images and numbers of ((x̂ − x)/2)²`, for data in `[−1, 1]`
 *
 * @param config - model, spacing; `refinements`, `evaluateAt`; a batch's labels are its condition
 * @returns the error of all images so far, after each batch
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const images$ = from([1, -0.5]).pipe(map((x) => ({ images: { shape: [], data: Float64Array.of(x) } })))
 * const { images, error } = await lastValueFrom(images$.pipe(reconstructionError({ model, spacing: trailing(10) })))
 * expect(images).toBe(2)
 * expect(error).toBeCloseTo((0.5 * (1 - 0.724196) ** 2 * (1 + 0.25)) / 4, 6)
 * ```
 */
export const reconstructionError = <T>(
  config: CodingConfig<T>,
): OperatorFunction<LabelledImages, ReconstructionError> => {
  const measure = ({ images, ...condition }: LabelledImages): Observable<Sums> => {
    const { labels = config.condition?.labels } = condition
    const known = labels === undefined ? config : { ...config, condition: { labels } }
    return reconstruct(known, images).pipe(
      lastSnapshot(),
      map(({ xt }) => ({
        images: images.shape[0] ?? 1,
        numbers: images.data.length,
        squares: squaredError(xt, images),
      })),
    )
  }
  return (batches$) =>
    batches$.pipe(
      concatMap(measure),
      scan((sums, next) => ({
        images: sums.images + next.images,
        numbers: sums.numbers + next.numbers,
        squares: sums.squares + next.squares,
      })),
      map(({ images, numbers, squares }) => ({ images, error: squares / numbers })),
    )
}
