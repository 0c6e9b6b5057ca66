/**
 * Images that an experiment begins with: `images: { path: photos/, count: 8 }`.
 */
import type * as t from 'io-ts'
import { wholeFrom, words, yesOrNo } from '../codecs.ts'
import type { ImageSource } from '../data/image-source.ts'
import { defaultImages, openImages } from '../data/open-images.ts'
import type { Model } from '../engine/engine.ts'
import { fail } from '../failure.ts'
import type { Shape, Values } from '../algebra/algebra.ts'
import { MOST_SAMPLES } from '../limits.ts'
import { orThrow } from '../or-throw.ts'
import { defaulted, free, struct } from './struct.ts'
import { classesOfImages } from './image-labels.ts'
import type { Condition } from '../model/denoiser.ts'
import { captionsOf } from '../model/batch-labels.ts'

/** Some images of a file or folder. */
export interface ImagesSettings {
  readonly path?: string
  readonly first: number
  readonly count: number
  readonly resize: boolean
}

/** The codec of images. */
export const imagesCodec: t.Type<ImagesSettings> = struct<ImagesSettings>('images', {
  path: free(
    words,
    'A PNG file, a folder of PNG files, an IDX file (.gz too) or .npy; test images of Fashion-MNIST unless said.',
  ),
  first: defaulted(wholeFrom(0), 0, 'The place of the first, from 0.'),
  count: defaulted(wholeFrom(1, MOST_SAMPLES), 8, 'How many at most.'),
  resize: defaulted(yesOrNo, false, 'Whether to bring images of another size or colour to the model’s.'),
})

/** What is said of the images that are read. */
export interface ReadPictures extends ImagesSettings {
  /** Names or numbers of classes, for the images in turn; those that the images have unless said. */
  readonly labels?: ReadonlyArray<string | number>
  /** How often each image stands in the batch; once unless said. */
  readonly repeat?: number
}

/** Images as a model takes them, and what they show. */
export interface Pictures {
  /** `[rows, …shape]`. */
  readonly images: Values
  /** Their classes, as the model counts them. */
  readonly condition: Condition
  readonly captions: readonly string[]
}

const some = async (source: ImageSource, { first, count }: ImagesSettings): Promise<Values> => {
  if (first >= source.count)
    throw fail('ImageUnfit', {
      path: source.name,
      reason: `it has ${source.count} images, counted from 0, and the first is to be ${first}`,
    })
  return orThrow(source.read(first, Math.min(source.count, first + count)))
}

/**
 * Reads images for a model: its size, its classes.
 *
 * @param model - for which
 * @param settings - `path`, the package's own images unless said; `first`, `count`, `resize`; `labels`, `repeat`
 * @returns rejects with FileUnreadable, ImageUnfit, LabelUnknown, LabelsUnexpected
 *
 * @example
 * ```ts
 * const model = { shape: [28, 28, 1], labels: { count: 10, names: [] } }
 * const { images, condition } = await readPictures(model, { first: 0, count: 2, resize: false })
 * expect([images.shape, condition.labels]).toEqual([[2, 28, 28, 1], [9, 2]])
 * ```
 */
export const readPictures = async (
  model: Pick<Model, 'shape' | 'labels'>,
  { labels: asked, repeat = 1, ...settings }: ReadPictures,
): Promise<Pictures> => {
  const { path = defaultImages, resize, first } = settings
  const source = await orThrow(openImages(path, { shape: model.shape, resize }))
  const once = await some(source, settings)
  const each = once.shape[0] ?? 0
  const images = repeated(once, repeat)
  const rows = each * repeat
  const own = source.labels?.slice(first, first + each)
  const cut = { ...source, count: rows }
  const labelled =
    own === undefined ? cut : { ...cut, labels: Array.from({ length: rows }, (_, row) => own[row % each]!) }
  const classes = orThrow(classesOfImages(model, labelled, asked?.map(String)))
  const condition = classes === undefined ? {} : { labels: classes }
  const names = classes?.map((label) => model.labels?.names?.[label] ?? String(label))
  return { images, condition, captions: captionsOf({ rows, names }) }
}

/** All rows, over and over. */
const repeated = ({ shape, data }: Values, times: number): Values => {
  const [rows = 0, ...row] = shape
  const all = new Float32Array(times * data.length)
  for (let time = 0; time < times; time += 1) all.set(data, time * data.length)
  return { shape: [times * rows, ...row], data: all }
}

/**
 * Reads a picture of what is known, white where it is.
 *
 * @param model - whose size it has
 * @param path - one picture for all images, or one for each
 * @param shape - that of the images, `[rows, …]`
 * @param options - `resize`, whether to bring a picture of another size or colour to the model’s; not unless said
 * @returns the mask, of that shape; rejects with FileUnreadable, ImageUnfit
 *
 * @example
 * ```ts
 * await expect(readMask({ shape: [28, 28, 1] }, 'no/such.png', [2, 28, 28, 1])).rejects.toThrow('it does not exist')
 * ```
 */
export const readMask = async (
  model: Pick<Model, 'shape'>,
  path: string,
  shape: Shape,
  { resize = false }: Partial<Pick<ImagesSettings, 'resize'>> = {},
): Promise<Values> => {
  const source = await orThrow(openImages(path, { shape: model.shape, resize }))
  const [rows = 0] = shape
  if (source.count !== 1 && source.count !== rows)
    throw fail('ImageUnfit', {
      path,
      reason: `it has ${source.count} masks for ${rows} images, and there can be one for each, or one for all`,
    })
  const { data } = repeated(await orThrow(source.read(0, source.count)), source.count === 1 ? rows : 1)
  return { shape, data: data.map((x) => Math.min(1, Math.max(0, (x + 1) / 2))) }
}
