/** Pictures as PNG files (Node only: pngjs stands on node:zlib). */
import { PNG } from 'pngjs'
import type { Channels, Picture } from '../picture/picture.ts'
import { withPngText, type PngText } from './png-text.ts'

/** PNG's colour types: greyscale, RGB, RGBA. */
const colorTypes = { 1: 0, 3: 2, 4: 6 } as const satisfies Record<Channels, number>

/** How a PNG is written. */
export interface PngOptions {
  /** Keyword to text, kept in the file: how the picture was made. Default: none. */
  readonly text?: PngText
  /** 0 (fast, large) to 9 (slow, small). Default: 9, for files to keep; 1 suits previews. */
  readonly level?: number
}

/**
 * The bytes of a PNG file, 8 bits a channel, with the colour type that the picture's channels ask for.
 *
 * @param options - text to keep, level of compression
 * @returns a function of the picture
 * @throws RangeError where the picture has no pixels, or a keyword isn't 1 to 79 Latin-1 characters
 *
 * @example
 * ```ts
 * const picture = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
 * const bytes = encodePng({ text: { Title: 'a dot' } })(picture)
 * expect(pngText(bytes)).toMatchObject({ value: { Title: 'a dot' } })
 * ```
 */
export const encodePng =
  ({ text = {}, level = 9 }: PngOptions = {}): ((picture: Picture) => Uint8Array<ArrayBuffer>) =>
  ({ width, height, channels, data }) => {
    // pngjs would wait for ever, or write a file that nobody opens
    if (width < 1 || height < 1) throw new RangeError('A PNG has at least one pixel.')
    const colorType = colorTypes[channels]
    const png = new PNG({ width, height })
    png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const bytes = PNG.sync.write(png, {
      colorType,
      inputColorType: colorType,
      inputHasAlpha: channels === 4,
      deflateLevel: level,
    })
    return withPngText(text)(bytes)
  }
