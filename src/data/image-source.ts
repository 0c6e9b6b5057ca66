/**
 * Images in, some at a time: wherever they come from, they are numbers in `[−1, 1]` when they get here.
 */
import { concatMap, from, map, type Observable, range } from 'rxjs'
import type { Shape, Values } from '../algebra/algebra.ts'
import { rowsOf, sizeOf } from '../algebra/shape.ts'
import type { Failure } from '../failure.ts'
import { E, TE } from '../fp.ts'

/** Images that can be read in any portion. */
export interface ImageSource {
  /** What they are called in sentences: mostly a path. */
  readonly name: string
  /** How many there are. */
  readonly count: number
  /** The shape of one: `[height, width, channels]`. */
  readonly shape: Shape
  /** The class of each; left out where nobody knows. */
  readonly labels?: readonly number[]
  /** What the classes are called, where files say so: `classes[label]`. */
  readonly classes?: readonly string[]
  /** Reads the images `first` to `end − 1`: `[end − first, …shape]`, in `[−1, 1]`. */
  readonly read: (first: number, end: number) => TE.TaskEither<Failure, Values>
}

/** Some images of a source, and their classes. */
export interface ImageBatch {
  /** `[rows, …shape]` in `[−1, 1]`. */
  readonly images: Values
  /** One class per row, where the source has any. */
  readonly labels?: readonly number[]
  /** The place of the first in its source. */
  readonly first: number
}

/**
 * Images that are in memory already.
 *
 * @param images - `[count, height, width, channels]` in `[−1, 1]`; not copied
 * @param options - `labels`, one per image; `name`, for sentences
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0, 1) })
 * expect(await source.read(1, 3)()).toMatchObject({ right: { data: Float32Array.of(0, 1) } })
 * ```
 */
export const imagesOf = (
  images: Values,
  { labels, name = 'images' }: { readonly labels?: readonly number[]; readonly name?: string } = {},
): ImageSource => {
  const shape = images.shape.slice(1)
  const size = sizeOf(shape)
  return {
    name,
    count: rowsOf(images.shape),
    shape,
    ...(labels === undefined ? {} : { labels }),
    read: (first, end) =>
      TE.right({ shape: [end - first, ...shape], data: images.data.subarray(first * size, end * size) }),
  }
}

/**
 * The first few images of a source, or all where it has no more.
 *
 * @param limit - how many at most
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0, 1) })
 * expect(takeImages(2)(source).count).toBe(2)
 * ```
 */
export const takeImages =
  (limit: number) =>
  (source: ImageSource): ImageSource => ({ ...source, count: Math.min(limit, source.count) })

/**
 * The images of a source, batch by batch: the next is read when the last one has been dealt with.
 *
 *     imageBatches(2)(five)   --12--34--5|
 *
 * @param size - how many at a time, from 1; the last batch may be smaller
 * @returns a cold stream; it errors with what reading finds
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0, 1) }, { labels: [7, 8, 9] })
 * const last = await lastValueFrom(imageBatches(2)(source))
 * expect(last).toMatchObject({ first: 2, labels: [9], images: { data: Float32Array.of(1) } })
 * ```
 */
export const imageBatches =
  (size: number) =>
  (source: ImageSource): Observable<ImageBatch> =>
    range(0, Math.ceil(source.count / size)).pipe(
      concatMap((batch) => {
        const first = batch * size
        const end = Math.min(first + size, source.count)
        return from(source.read(first, end)()).pipe(
          map((read) => {
            if (E.isLeft(read)) throw read.left
            const labels = source.labels?.slice(first, end)
            return { images: read.right, first, ...(labels === undefined ? {} : { labels }) }
          }),
        )
      }),
    )
