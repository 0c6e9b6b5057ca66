/**
 * From a path to images (Node only).
 */
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { Shape, Values } from '../algebra/algebra.ts'
import { toChannelsLast } from '../algebra/layout.ts'
import { sameShape, showShape } from '../algebra/shape.ts'
import { fileKind, readBytes } from '../checkpoint/read-file.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { decodeNpy } from '../media/format/npy.ts'
import { fitPicture } from './fit-picture.ts'
import { decodeIdx, type Idx } from './idx.ts'
import { type ImageSource, imagesOf } from './image-source.ts'
import { pngFolder, pngImage } from './png-images.ts'
import { stack } from './stack.ts'

/**
 * The images that come with the package: the first 512 of Fashion-MNIST's test set, with their labels.
 *
 * @example
 * ```ts
 * const source = await orThrow(openImages(defaultImages, { shape: [28, 28, 1] }))
 * expect([source.count, source.labels?.[0]]).toEqual([512, 9])
 * ```
 */
export const defaultImages: string = fileURLToPath(
  new URL('../../pipelines/data/fashion-mnist/t10k-512-images-idx3-ubyte.gz', import.meta.url),
)

/** What images have to be. */
export interface OpenImagesOptions {
  /** `[height, width, channels]`, as the model has it. */
  readonly shape: Shape
  /** Changes what does not fit, see {@link fitPicture}; not unless said. Of `.npy` files nothing is changed. */
  readonly resize?: boolean
}

/** The most that a packed file may unpack to. */
const MOST_BYTES = 2 ** 30

const unpacked =
  (path: string) =>
  (bytes: Uint8Array): E.Either<Failure, Uint8Array> =>
    bytes[0] === 0x1f && bytes[1] === 0x8b
      ? E.tryCatch(
          () => new Uint8Array(gunzipSync(bytes, { maxOutputLength: MOST_BYTES })),
          () =>
            fail('FileUnreadable', { path, reason: 'it is a damaged gzip file, or one of more than 1 GiB' }),
        )
      : E.right(bytes)

const readIdx = (path: string): TE.TaskEither<Failure, Idx> =>
  pipe(readBytes(path), TE.chainEitherKW(unpacked(path)), TE.chainEitherKW(decodeIdx(path)))

/** The file of labels that belongs to one of images, by its name, packed or not. */
const labelsBeside = (path: string): TE.TaskEither<Failure, readonly number[] | undefined> => {
  const name = basename(path)
  const renamed = name.replace('images', 'labels').replace('idx3', 'idx1').replace(/\.gz$/, '')
  if (renamed === name.replace(/\.gz$/, '')) return TE.right(undefined)
  const beside = [renamed, `${renamed}.gz`].map((each) => join(dirname(path), each))
  return pipe(
    beside,
    TE.traverseSeqArray((each) =>
      pipe(
        fileKind(each),
        TE.map((kind) => (kind === 'file' ? [each] : [])),
      ),
    ),
    TE.chainW((found) => {
      const [first] = found.flat()
      return first === undefined
        ? TE.right(undefined)
        : pipe(
            readIdx(first),
            TE.map(({ data }) => [...data]),
          )
    }),
  )
}

const fitted =
  (path: string, { shape, resize = false }: OpenImagesOptions) =>
  (idx: Idx, labels: readonly number[] | undefined): E.Either<Failure, ImageSource> => {
    const [count = 0, height = 0, width = 0, channels = 1] = idx.shape
    const unfit = (reason: string): Failure => fail('ImageUnfit', { path, reason })
    if (![3, 4].includes(idx.shape.length) || (channels !== 1 && channels !== 3))
      return E.left(unfit(`it holds ${showShape(idx.shape)} bytes, and images are [count, height, width]`))
    if (labels !== undefined && labels.length !== count)
      return E.left(
        unfit(`there are ${String(count)} images in it, and ${String(labels.length)} labels beside it`),
      )
    const size = height * width * channels
    const fit = fitPicture(shape, resize)
    const picture = (i: number) =>
      ({ width, height, channels, data: idx.data.subarray(i * size, (i + 1) * size) }) as const
    return pipe(
      // what fits once fits always: only the size can be wrong
      count === 0 ? E.left('it is empty') : fit(picture(0)),
      E.mapLeft(unfit),
      E.map(() => ({
        name: path,
        count,
        shape,
        ...(labels === undefined ? {} : { labels }),
        read: (first, end) =>
          TE.fromEither(
            pipe(
              Array.from({ length: end - first }, (_, i) => picture(first + i)),
              E.traverseArray(fit),
              E.bimap(unfit, stack(shape)),
            ),
          ),
      })),
    )
  }

const openIdx = (path: string, options: OpenImagesOptions): TE.TaskEither<Failure, ImageSource> =>
  pipe(
    TE.Do,
    TE.apS('idx', readIdx(path)),
    TE.bindW('labels', () => labelsBeside(path)),
    TE.chainEitherKW(({ idx, labels }) => fitted(path, options)(idx, labels)),
  )

/** How far outside of `[−1, 1]` samples may have been left by their sampler. */
const SLACK = 0.5

/** Numbers as images: `[count, …shape]`, channels first (as {@link toNpy} writes it), or without count or channel. */
const asImages =
  (path: string, shape: Shape, bytes: boolean) =>
  (values: Values): E.Either<Failure, ImageSource> => {
    const [height = 0, width = 0, channels = 0] = shape
    const unfit = (reason: string): E.Either<Failure, never> => E.left(fail('ImageUnfit', { path, reason }))
    const is = (...row: Shape): boolean => sameShape(values.shape.slice(-row.length), row)
    const layout = is(height, width, channels)
      ? 'last'
      : is(channels, height, width)
        ? 'first'
        : channels === 1 && is(height, width)
          ? 'none'
          : undefined
    const rank = layout === 'none' ? 2 : 3
    const extra = values.shape.length - rank
    if (layout === undefined || extra < 0 || extra > 1)
      return unfit(
        `it holds numbers of shape ${showShape(values.shape)}, and the model takes images of ${showShape(shape)}`,
      )
    const count = extra === 1 ? (values.shape[0] ?? 0) : 1
    const data = bytes ? values.data.map((byte) => byte / 127.5 - 1) : values.data
    const outside = data.find((x) => !(Math.abs(x) <= 1 + SLACK))
    if (outside !== undefined)
      return unfit(
        `${String(outside)} is among its numbers, and images lie in [−1, 1]; bytes (uint8) are mapped there`,
      )
    const images =
      layout === 'first'
        ? toChannelsLast({ shape: [count, channels, height, width], data })
        : { shape: [count, ...shape], data }
    return E.right(imagesOf(images, { name: path }))
  }

const openNpy = (path: string, { shape }: OpenImagesOptions): TE.TaskEither<Failure, ImageSource> =>
  pipe(
    readBytes(path),
    TE.chainEitherKW((bytes) => {
      const header = new TextDecoder('latin1').decode(bytes.subarray(0, 128))
      return pipe(decodeNpy(path)(bytes), E.chainW(asImages(path, shape, header.includes("'|u1'"))))
    }),
  )

/**
 * Opens images: a PNG file, a folder of PNG files (or of a folder for each class), an IDX file (packed by gzip or not, with the
 * labels that lie beside it), or a `.npy` file.
 *
 * @remarks
 * `.npy` files hold `[count, height, width, channels]` or `[count, channels, height, width]`, or one image without its count; floats
 * lie in `[−1, 1]`, uint8 are bytes. Folders and PNG files are opened here and read later, so a damaged file is found when it is its turn.
 *
 * @param path - of the file or folder
 * @param options - `shape`, `resize`
 * @returns the images; or FileUnreadable, or ImageUnfit where they are not what the model takes
 *
 * @example
 * ```ts
 * const opened = await openImages('test/data/none.png', { shape: [28, 28, 1] })()
 * expect(opened).toMatchObject({ left: { _tag: 'FileUnreadable', reason: 'it does not exist' } })
 * ```
 */
export const openImages = (path: string, options: OpenImagesOptions): TE.TaskEither<Failure, ImageSource> =>
  pipe(
    fileKind(path),
    TE.chainW((kind) => {
      if (kind === 'nothing') return TE.left(fail('FileUnreadable', { path, reason: 'it does not exist' }))
      const { shape, resize = false } = options
      if (kind === 'folder') return pngFolder(path, shape, resize)
      const extension = extname(path).toLowerCase()
      if (extension === '.png') return TE.right(pngImage(path, shape, resize))
      if (extension === '.npy') return openNpy(path, options)
      if (/idx\d|-ubyte|\.gz$/.test(basename(path))) return openIdx(path, options)
      return TE.left(
        fail('FileUnreadable', {
          path,
          reason: 'images are .png or .npy files, IDX files (-idx3-ubyte, .gz), or folders of PNG files',
        }),
      )
    }),
  )
