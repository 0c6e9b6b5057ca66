/**
 * PNG files and folders of them (Node only).
 */
import { basename, extname, join } from 'node:path'
import { PNG } from 'pngjs'
import type { Shape } from '../algebra/algebra.ts'
import { fileKind, listFolder, readBytes } from '../checkpoint/read-file.ts'
import { fail, type Failure, type FailureOf } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Picture } from '../media/picture/picture.ts'
import { fitPicture } from './fit-picture.ts'
import type { ImageSource } from './image-source.ts'
import { stack } from './stack.ts'

/** More pixels than this are not unpacked: a file of a few bytes can speak of billions. */
const MOST_PIXELS = 2 ** 26

const magic = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/**
 * The picture in a PNG file: 8 bits a channel, RGBA whatever the file has.
 *
 * @param path - names the file in the failure's sentence
 * @returns a function of the file's bytes; FileUnreadable where they are something else, damaged, or of more than 67 million pixels
 *
 * @example
 * ```ts
 * const picture = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) } as const
 * expect(decodePng('dot.png')(encodePng()(picture))).toMatchObject({ right: { data: Uint8Array.of(7, 7, 7, 255) } })
 * ```
 */
export const decodePng =
  (path: string): ((bytes: Uint8Array) => E.Either<FailureOf<'FileUnreadable'>, Picture>) =>
  (bytes) => {
    const unreadable = (reason: string): FailureOf<'FileUnreadable'> =>
      fail('FileUnreadable', { path, reason })
    if (bytes.length < 33 || magic.some((byte, i) => bytes[i] !== byte))
      return E.left(unreadable('it is no PNG file'))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (view.getUint32(16) * view.getUint32(20) > MOST_PIXELS)
      return E.left(
        unreadable(`its ${String(view.getUint32(16))}×${String(view.getUint32(20))} pixels are too many`),
      )
    return E.tryCatch(
      () => {
        const { width, height, data } = PNG.sync.read(
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        )
        return { width, height, channels: 4, data: new Uint8Array(data) }
      },
      () => unreadable('it is a damaged PNG file'),
    )
  }

/** Where PNG files are, and of which class each is. */
interface Found {
  readonly paths: readonly string[]
  readonly labels?: readonly number[]
  readonly classes?: readonly string[]
}

const isPng = (path: string): boolean =>
  extname(path).toLowerCase() === '.png' && !basename(path).startsWith('.')

const pngsIn = (folder: string): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    listFolder(folder),
    TE.map((names) => names.filter(isPng).map((name) => join(folder, name))),
  )

/** The files of a folder; where there are none, those of its folders, each of which is a class. */
const find = (folder: string): TE.TaskEither<Failure, Found> =>
  pipe(
    pngsIn(folder),
    TE.chain((paths) =>
      paths.length > 0
        ? TE.right({ paths })
        : pipe(
            listFolder(folder),
            TE.chain(
              TE.traverseSeqArray((name) =>
                pipe(
                  fileKind(join(folder, name)),
                  TE.chainW((kind) =>
                    kind === 'folder' && !name.startsWith('.')
                      ? pngsIn(join(folder, name))
                      : TE.right<Failure, readonly string[]>([]),
                  ),
                  TE.map((files) => ({ name, files })),
                ),
              ),
            ),
            TE.map((each): Found => {
              const filled = each.filter(({ files }) => files.length > 0)
              return {
                paths: filled.flatMap(({ files }) => files),
                labels: filled.flatMap(({ files }, label) => files.map(() => label)),
                classes: filled.map(({ name }) => name),
              }
            }),
          ),
    ),
    TE.filterOrElseW(
      ({ paths }) => paths.length > 0,
      () => fail('FileUnreadable', { path: folder, reason: 'there are no PNG files in it' }),
    ),
  )

/** PNG files as images of a shape: each is opened when it is read. */
const sourceOf = (name: string, { paths, ...classes }: Found, shape: Shape, resize: boolean): ImageSource => {
  const readOne = (path: string): TE.TaskEither<Failure, Float32Array> =>
    pipe(
      readBytes(path),
      TE.chainEitherKW(decodePng(path)),
      TE.chainEitherKW((picture) =>
        pipe(
          fitPicture(shape, resize)(picture),
          E.mapLeft((reason) => fail('ImageUnfit', { path, reason })),
        ),
      ),
    )
  return {
    name,
    count: paths.length,
    shape,
    ...classes,
    read: (first, end) => pipe(paths.slice(first, end), TE.traverseSeqArray(readOne), TE.map(stack(shape))),
  }
}

/**
 * One PNG file as an {@link ImageSource}.
 *
 * @param path - of the file; it is opened when it is read
 * @param shape - of the model
 * @param resize - whether to change what does not fit; see {@link fitPicture}
 *
 * @example
 * ```ts
 * expect(pngImage('bag.png', [28, 28, 1], false).count).toBe(1)
 * ```
 */
export const pngImage = (path: string, shape: Shape, resize: boolean): ImageSource =>
  sourceOf(path, { paths: [path] }, shape, resize)

/**
 * A folder of PNG files as an {@link ImageSource}: its own, or one folder for each class. Both are sorted by their names; classes
 * are counted in that order.
 *
 * @param path - of the folder
 * @param shape - of the model
 * @param resize - whether to change what does not fit; see {@link fitPicture}
 * @returns the images; or FileUnreadable where there are none
 *
 * @example
 * ```ts
 * expect(await pngFolder('no/such/folder', [28, 28, 1], false)()).toMatchObject({ left: { _tag: 'FileUnreadable' } })
 * ```
 */
export const pngFolder = (path: string, shape: Shape, resize: boolean): TE.TaskEither<Failure, ImageSource> =>
  pipe(
    find(path),
    TE.map((found) => sourceOf(path, found, shape, resize)),
  )
