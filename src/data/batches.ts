/**
 * Batches in an order that a key decides: batch k is a function of (seed, k), so whoever resumes reads on where he was.
 */
import type { Values } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, type T, TE } from '../fp.ts'
import { permutation, uniform } from '../noise/uniform.ts'
import type { ImageSource } from './image-source.ts'
import { stack } from './stack.ts'

/** How a source is walked through. */
export interface BatchesOptions {
  /** A whole number from 0 to 2⁵³ − 1. */
  readonly seed: number
  /** How many images a batch has, from 1; there may be fewer in the source. */
  readonly size: number
  /** Whether half of the images are mirrored, left for right; not unless said. */
  readonly flip?: boolean
  /** By how many pixels an image is moved at most, up or down and left or right; 0 unless said. */
  readonly crop?: number
}

/** Images that were read, and their classes. */
export interface ReadBatch {
  readonly images: Values
  readonly labels?: readonly number[]
}

/** How an image is looked at. */
interface View {
  readonly mirrored: boolean
  /** In pixels. */
  readonly down: number
  readonly right: number
}

/** An image `[height, width, channels]` as it is seen: padded with its own edges, cropped, and mirrored. */
const seen = (
  image: Float32Array,
  [height = 1, width = 1, channels = 1]: readonly number[],
  { mirrored, down, right }: View,
): Float32Array =>
  image.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels]
    const [row, column] = [Math.floor(pixel / width), pixel % width]
    const y = Math.min(Math.max(row + down, 0), height - 1)
    const x = Math.min(Math.max((mirrored ? width - 1 - column : column) + right, 0), width - 1)
    return image[(y * width + x) * channels + channel]!
  })

/**
 * Batch k of a source that is shuffled anew each time that it has been walked through.
 *
 * @remarks
 * Image i of batch k is place `k·size + i` of an endless row of permutations, each of which depends on the seed and its number alone:
 * every image is seen once before any is seen twice.
 *
 * Mirroring and moving depend on the seed, k and i. What comes into view at an edge repeats that edge, which is a crop of the image padded
 * by its own edges.
 *
 * @param options - seed, size, flip, crop
 * @returns for a source and a number k, reads the batch; it fails as the source does
 * @throws RunInvalid for a size that is no whole number from 1, and a crop that is none from 0
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0, 1) })
 * const read = batches({ seed: 7, size: 3 })(source)
 * const [first, again] = await Promise.all([orThrow(read(0)), orThrow(read(0))])
 * expect(first).toEqual(again)
 * expect([...first.images.data].sort((a, b) => a - b)).toEqual([-1, 0, 1])
 * ```
 */
export const batches = ({
  seed,
  size,
  flip = false,
  crop = 0,
}: BatchesOptions): ((source: ImageSource) => (k: number) => TE.TaskEither<Failure, ReadBatch>) => {
  if (!(Number.isSafeInteger(size) && size >= 1))
    throw fail('RunInvalid', { reason: `batch is ${String(size)}, and has to be a whole number from 1` })
  if (!(Number.isSafeInteger(crop) && crop >= 0))
    throw fail('RunInvalid', { reason: `crop is ${String(crop)}, and has to be a whole number from 0` })
  const [order, flips, crops] = [uniform(seed, 'order'), uniform(seed, 'flips'), uniform(seed, 'crops')]
  /** How the images of batch k are looked at. */
  const views = (k: number): readonly View[] => {
    const [turns, moves] = [flips(k, size), crops(k, 2 * size)]
    const moved = (share: number): number => Math.floor(share * (2 * crop + 1)) - crop
    return [...turns].map((share, i) => ({
      mirrored: flip && share < 0.5,
      down: moved(moves[2 * i]!),
      right: moved(moves[2 * i + 1]!),
    }))
  }
  return (source: ImageSource): ((k: number) => TE.TaskEither<Failure, ReadBatch>) => {
    const { count, shape, labels } = source
    // the walk under way, and the one that follows in the same batch
    const walks = new Map<number, Uint32Array>()
    const walk = (number: number): Uint32Array => {
      const known = walks.get(number)
      if (known !== undefined) return known
      if (walks.size > 1) walks.clear()
      const made = permutation(count, order(number, count))
      walks.set(number, made)
      return made
    }
    return (k) => {
      const places = Array.from({ length: size }, (_, i) => {
        const place = k * size + i
        return walk(Math.floor(place / count))[place % count]!
      })
      const looks = flip || crop > 0 ? views(k) : undefined
      return pipe(
        places,
        TE.traverseSeqArray((place) => source.read(place, place + 1)),
        TE.map((read) => {
          const rows = read.map(({ data }, i) => {
            const row = Float32Array.from(data)
            return looks === undefined ? row : seen(row, shape, looks[i]!)
          })
          return {
            images: stack(shape)(rows),
            ...(labels === undefined ? {} : { labels: places.map((place) => labels[place]!) }),
          }
        }),
      )
    }
  }
}

/**
 * Some images of a source.
 *
 * @param places - which, in their new order
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [3, 1, 1, 1], data: Float32Array.of(-1, 0, 1) }, { labels: [7, 8, 9] })
 * const two = pickImages([2, 0])(source)
 * expect(two.labels).toEqual([9, 7])
 * expect((await orThrow(two.read(0, 2))).data).toEqual(Float32Array.of(1, -1))
 * ```
 */
export const pickImages =
  (places: ArrayLike<number>) =>
  (source: ImageSource): ImageSource => {
    const { labels, shape } = source
    const picked = Array.from(places)
    return {
      ...source,
      count: picked.length,
      ...(labels === undefined ? {} : { labels: picked.map((place) => labels[place]!) }),
      read: (first, end) =>
        pipe(
          picked.slice(first, end),
          TE.traverseSeqArray((place) => source.read(place, place + 1)),
          TE.map((read) => {
            const whole = new Float32Array(read.length * sizeOf(shape))
            read.forEach(({ data }, i) => {
              whole.set(data, i * sizeOf(shape))
            })
            return { shape: [read.length, ...shape], data: whole }
          }),
        ),
    }
  }

/**
 * Two sources out of one: what is learned from, and what is held back to see how well that went.
 *
 * @param share - of the images that is held back, from 0 up to 1
 * @param seed - decides which
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [10, 1, 1, 1], data: new Float32Array(10) })
 * const { learned, heldOut } = splitImages(0.2, 7)(source)
 * expect([learned.count, heldOut.count]).toEqual([8, 2])
 * ```
 */
export const splitImages =
  (share: number, seed: number) =>
  (source: ImageSource): { readonly learned: ImageSource; readonly heldOut: ImageSource } => {
    const { count } = source
    const order = permutation(count, uniform(seed, 'split')(0, count))
    // one at least is learned from
    const held = Math.max(0, Math.min(Math.round(share * count), count - 1))
    const part = (from: number, to?: number): ImageSource =>
      pickImages(order.slice(from, to).toSorted())(source)
    return { learned: part(held), heldOut: part(0, held) }
  }

/**
 * Looks at every image once, and leaves out those that can't be read.
 *
 * @returns a function of the source: what is left of it, and what was wrong with each of the others
 *
 * @example
 * ```ts
 * const source = imagesOf({ shape: [2, 1, 1, 1], data: new Float32Array(2) })
 * expect(await soundImages(source)()).toMatchObject({ source: { count: 2 }, unsound: [] })
 * ```
 */
export const soundImages =
  (source: ImageSource): T.Task<{ readonly source: ImageSource; readonly unsound: readonly Failure[] }> =>
  async () => {
    const sound: number[] = []
    const unsound: Failure[] = []
    for (let place = 0; place < source.count; place++) {
      const read = await source.read(place, place + 1)()
      if (E.isLeft(read)) unsound.push(read.left)
      else sound.push(place)
    }
    return { source: unsound.length === 0 ? source : pickImages(sound)(source), unsound }
  }
