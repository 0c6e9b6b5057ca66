/** A contact sheet of final images, each with its caption. */
import type { Values } from '../../algebra/algebra.ts'
import { blank, mount, scaleTo, tones } from './canvas.ts'
import { fit, text, widthOf } from './lettering.ts'
import { toPictures, type Picture } from './picture.ts'
import { belowTitle, margin, writeTitle } from './title.ts'

/** How a grid looks; every field has a sensible default. */
export interface GridOptions {
  /** One line beneath each image, in order; a line too wide for its image is cut short. Default: none. */
  readonly captions?: readonly string[]
  /** One line above the images. Default: none. */
  readonly title?: string
  /** Images in a row. Default: {@link columnsFor} their number. */
  readonly columns?: number
  /** Pixels per pixel of an image, a whole number. Default: what makes an image about 112 pixels large. */
  readonly scale?: number
}

const tile = 112
const gap = 16
const captionSize = 1.5
const captionHeight = 24

/**
 * How many columns suit a number of images: of all counts from the square root to twice that the one that leaves
 * the fewest cells empty, the smallest of equals.
 *
 * @example
 * ```ts
 * expect([1, 2, 10, 16, 64].map(columnsFor)).toEqual([1, 2, 5, 4, 8])
 * ```
 */
export const columnsFor = (images: number): number => {
  const least = Math.max(1, Math.ceil(Math.sqrt(images)))
  const counts = Array.from({ length: Math.floor(2 * Math.sqrt(images)) - least + 1 }, (_, i) => least + i)
  const empty = (columns: number): number => Math.ceil(images / columns) * columns - images
  return counts.reduce((best, columns) => (empty(columns) < empty(best) ? columns : best), least)
}

/**
 * A labelled grid of images.
 *
 * @remarks
 * The picture is greyscale where the images are; alpha lets the paper through.
 *
 * @param options - captions, title, columns, scale
 * @returns a function of the images `[rows, height, width, channels]` in `[−1, 1]`
 * @throws RangeError where the images have not four axes
 *
 * @example
 * ```ts
 * const images = { shape: [2, 28, 28, 1], data: new Float32Array(2 * 28 * 28) }
 * const { width, height } = grid({ captions: ['sneaker', 'bag'] })(images)
 * expect([width, height]).toEqual([288, 184])
 * ```
 */
export const grid =
  (options: GridOptions = {}): ((images: Values) => Picture) =>
  (images) => {
    const pictures = toPictures(images)
    const [, height = 0, width = 0] = images.shape
    const {
      captions,
      title,
      columns = columnsFor(pictures.length),
      scale = scaleTo(tile, { width, height }),
    } = options
    const top = belowTitle(title)
    const across = width * scale + gap
    const down = height * scale + (captions === undefined ? gap : captionHeight + gap)
    const canvas = blank(
      2 * margin - gap + Math.min(columns, Math.max(1, pictures.length)) * across,
      top + Math.ceil(pictures.length / columns) * down + margin - gap,
      pictures,
    )
    writeTitle(canvas, title)
    pictures.forEach((picture, i) => {
      const x = margin + (i % columns) * across
      const y = top + Math.floor(i / columns) * down
      mount(canvas, picture, { x, y }, scale)
      const caption = fit(captions?.[i] ?? '', captionSize, width * scale)
      const left = x + Math.round((width * scale - widthOf(caption, captionSize)) / 2)
      text(canvas, caption, { x: left, y: y + height * scale + 9 }, { size: captionSize, tone: tones.ink })
    })
    return canvas
  }
