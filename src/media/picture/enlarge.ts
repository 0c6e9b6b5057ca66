/** Pictures made larger, by a whole factor. */
import { checkSides } from './canvas.ts'
import type { Picture } from './picture.ts'

/** Every pixel a square (`nearest`), or the straight way from pixel to pixel in both directions (`smooth`). */
export type Enlargement = 'nearest' | 'smooth'

const nearest = ({ width, height, channels, data }: Picture, factor: number): Uint8Array => {
  const row = width * factor * channels
  const large = new Uint8Array(row * height * factor)
  for (let y = 0; y < height; y += 1) {
    const top = y * factor * row
    let to = top
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * channels
      for (let i = 0; i < factor; i += 1)
        for (let c = 0; c < channels; c += 1, to += 1) large[to] = data[from + c]!
    }
    for (let i = 1; i < factor; i += 1) large.copyWithin(top + i * row, top, top + row)
  }
  return large
}

/** For each pixel of the large side: its two neighbours on the small one, and the share of the second. */
const between = (size: number, factor: number): ReadonlyArray<readonly [number, number, number]> =>
  Array.from({ length: size * factor }, (_, i) => {
    const at = Math.min(size - 1, Math.max(0, (i + 0.5) / factor - 0.5))
    const low = Math.floor(at)
    return [low, Math.min(size - 1, low + 1), at - low]
  })

const smooth = ({ width, height, channels, data }: Picture, factor: number): Uint8Array => {
  const large = new Uint8ClampedArray(width * height * channels * factor * factor)
  const across = between(width, factor)
  let to = 0
  for (const [top, bottom, down] of between(height, factor))
    for (const [left, right, along] of across)
      for (let c = 0; c < channels; c += 1, to += 1) {
        const pixel = (x: number, y: number): number => data[(y * width + x) * channels + c]!
        const above = pixel(left, top) + along * (pixel(right, top) - pixel(left, top))
        const below = pixel(left, bottom) + along * (pixel(right, bottom) - pixel(left, bottom))
        large[to] = above + down * (below - above)
      }
  return new Uint8Array(large.buffer)
}

/**
 * Enlarges pictures; by 1 they stay as they are.
 *
 * @param factor - a whole number from 1
 * @param how - `nearest` shows the pixels as they are, `smooth` hides them
 * @returns a function of the picture
 * @throws PictureTooLarge from 16,385 pixels a side
 *
 * @example
 * ```ts
 * const two = { width: 2, height: 1, channels: 1, data: new Uint8Array([0, 100]) } as const
 * expect([...enlarge(2)(two).data]).toEqual([0, 0, 100, 100, 0, 0, 100, 100])
 * expect([...enlarge(2, 'smooth')(two).data]).toEqual([0, 25, 75, 100, 0, 25, 75, 100])
 * ```
 */
export const enlarge =
  (factor: number, how: Enlargement = 'nearest'): ((picture: Picture) => Picture) =>
  (picture) => {
    if (factor === 1) return picture
    const [width, height] = [picture.width * factor, picture.height * factor]
    checkSides({ width, height })
    const data = (how === 'smooth' ? smooth : nearest)(picture, factor)
    return { width, height, channels: picture.channels, data }
  }
