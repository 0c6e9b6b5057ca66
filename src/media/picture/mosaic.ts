/** Pictures edge to edge, as one. */
import type { Channels, Picture } from './picture.ts'

/**
 * Puts pictures of one extent edge to edge; what is left of the last row is black, or clear where there is alpha.
 *
 * @param columns - pictures in a row
 * @returns a function of the pictures, which is in colour where one of them is
 *
 * @example
 * ```ts
 * const dots = [1, 2, 3].map((tone) => ({ width: 1, height: 1, channels: 1, data: Uint8Array.of(tone) }) as const)
 * expect(mosaic(2)(dots)).toEqual({ width: 2, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 0) })
 * ```
 */
export const mosaic =
  (columns: number): ((pictures: readonly Picture[]) => Picture) =>
  (pictures) => {
    const across = Math.min(columns, pictures.length)
    const [{ width, height }] = pictures.length === 0 ? [{ width: 0, height: 0 }] : [pictures[0]!]
    const channels = pictures.reduce<Channels>((most, one) => (one.channels > most ? one.channels : most), 1)
    const data = new Uint8Array(across * width * Math.ceil(pictures.length / columns) * height * channels)
    pictures.forEach((picture, i) => {
      const left = (i % columns) * width
      const top = Math.floor(i / columns) * height
      for (let y = 0; y < height; y += 1)
        for (let x = 0; x < width; x += 1) {
          const from = (y * width + x) * picture.channels
          const to = ((top + y) * across * width + left + x) * channels
          for (let c = 0; c < channels; c += 1)
            data[to + c] =
              c === 3
                ? picture.channels === 4
                  ? picture.data[from + 3]!
                  : 255
                : picture.data[from + (picture.channels === 1 ? 0 : c)]!
        }
    })
    return { width: across * width, height: Math.ceil(pictures.length / columns) * height, channels, data }
  }
