/**
 * A sheet of paper to put pictures on. Sheets are greyscale as long as everything on them is.
 *
 * A canvas is written in place, by this folder only, and handed out as a {@link Picture} when it is done.
 */
import { fail } from '../../failure.ts'
import type { Picture } from './picture.ts'

/** Width and height in pixels. */
export type Extent = Pick<Picture, 'width' | 'height'>

/** The most pixels of a sheet. */
const largest = 2 ** 28

/** The longest side that encoders take. */
const longest = 16_384

/**
 * Refuses what no encoder takes, before there are bytes of it.
 *
 * @throws PictureTooLarge from 16,385 pixels a side
 *
 * @example
 * ```ts
 * expect(() => checkSides({ width: 4, height: 20_000 })).toThrow('4 × 20000 pixels')
 * ```
 */
export const checkSides = ({ width, height }: Extent): void => {
  if (Math.max(width, height) > longest)
    throw fail('PictureTooLarge', { width, height, most: `${String(longest)} a side` })
}

/** An opaque picture that may still be drawn on. */
export interface Canvas extends Picture {
  readonly channels: 1 | 3
}

/** The greys of a sheet, from 0 (black) to 255 (white). */
export const tones: {
  readonly paper: number
  readonly ink: number
  readonly faint: number
  readonly hairline: number
} = { paper: 250, ink: 40, faint: 118, hairline: 226 }

/** A point in pixels from the top left. */
export interface Point {
  readonly x: number
  readonly y: number
}

/**
 * A sheet of paper that can hold these pictures: greyscale where they all are, else RGB.
 *
 * @param width - in pixels
 * @param height - in pixels
 * @param pictures - what will be put on it
 * @throws PictureTooLarge from 2²⁸ pixels
 *
 * @example
 * ```ts
 * expect(blank(2, 1, []).data).toEqual(new Uint8Array([250, 250]))
 * ```
 */
export const blank = (width: number, height: number, pictures: readonly Picture[]): Canvas => {
  if (width * height > largest)
    throw fail('PictureTooLarge', { width, height, most: `${String(largest)} in all` })
  const channels = pictures.every((picture) => picture.channels === 1) ? 1 : 3
  return { width, height, channels, data: new Uint8Array(width * height * channels).fill(tones.paper) }
}

/**
 * Mixes a tone into one byte of a canvas; `opacity` lies in `[0, 1]`, and what is off the canvas is dropped.
 *
 * @example
 * ```ts
 * const canvas = blank(1, 1, [])
 * mix(canvas, 0, 0, 0, 50, 0.5)
 * expect(canvas.data).toEqual(new Uint8Array([150]))
 * ```
 */
export const mix = (canvas: Canvas, x: number, y: number, c: number, tone: number, opacity: number): void => {
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return
  const at = (y * canvas.width + x) * canvas.channels + c
  const under = canvas.data[at] ?? 0
  canvas.data[at] = opacity === 1 ? tone : Math.round(under + (tone - under) * opacity)
}

/**
 * Fills a rectangle with a tone; what is off the canvas is dropped.
 *
 * @example
 * ```ts
 * const canvas = blank(3, 1, [])
 * fill(canvas, { x: 1, y: 0 }, { width: 9, height: 9 }, 0)
 * expect(canvas.data).toEqual(new Uint8Array([250, 0, 0]))
 * ```
 */
export const fill = (canvas: Canvas, at: Point, extent: Extent, tone: number): void => {
  const [left, right] = [Math.max(0, at.x), Math.min(canvas.width, at.x + extent.width)]
  for (let y = Math.max(0, at.y); y < Math.min(canvas.height, at.y + extent.height); y += 1) {
    const row = y * canvas.width
    canvas.data.fill(tone, (row + left) * canvas.channels, (row + right) * canvas.channels)
  }
}

/**
 * Puts a picture on a canvas, every pixel a square of `scale` pixels (nearest neighbour); alpha lets the paper through.
 *
 * @param canvas - is changed; has to be RGB where the picture is in colour
 * @param picture - what to put there
 * @param at - where its top left corner comes, in pixels
 * @param scale - a whole number from 1
 *
 * @example
 * ```ts
 * const canvas = blank(2, 2, [])
 * place(canvas, { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) }, { x: 0, y: 0 }, 2)
 * expect(canvas.data).toEqual(new Uint8Array([7, 7, 7, 7]))
 * ```
 */
export const place = (canvas: Canvas, picture: Picture, at: Point, scale: number): void => {
  const { width, height, channels, data } = picture
  for (let y = 0; y < height * scale; y += 1)
    for (let x = 0; x < width; x += 1) {
      const pixel = (Math.floor(y / scale) * width + x) * channels
      const opacity = channels === 4 ? (data[pixel + 3] ?? 0) / 255 : 1
      for (let c = 0; c < canvas.channels; c += 1) {
        const tone = data[pixel + (channels === 1 ? 0 : c)] ?? 0
        for (let i = 0; i < scale; i += 1) mix(canvas, at.x + x * scale + i, at.y + y, c, tone, opacity)
      }
    }
}

/**
 * Puts a picture on a canvas like {@link place}, with a hairline around it (outside), so that light pictures keep their edges.
 *
 * @example
 * ```ts
 * const canvas = blank(3, 3, [])
 * mount(canvas, { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) }, { x: 1, y: 1 }, 1)
 * expect(canvas.data).toEqual(new Uint8Array([226, 226, 226, 226, 7, 226, 226, 226, 226]))
 * ```
 */
export const mount = (canvas: Canvas, picture: Picture, at: Point, scale: number): void => {
  const [width, height] = [picture.width * scale, picture.height * scale]
  fill(canvas, { x: at.x - 1, y: at.y - 1 }, { width: width + 2, height: height + 2 }, tones.hairline)
  if (picture.channels === 4) fill(canvas, at, { width, height }, tones.paper)
  place(canvas, picture, at, scale)
}

/**
 * The whole factor, at least 1, that brings the larger side of a picture nearest to `size` pixels.
 *
 * @example
 * ```ts
 * expect(scaleTo(112, { width: 28, height: 28 })).toBe(4)
 * ```
 */
export const scaleTo = (size: number, picture: Extent): number =>
  Math.max(1, Math.round(size / Math.max(picture.width, picture.height, 1)))
