/** Pictures made smaller, by a whole factor. */
import type { Picture } from './picture.ts'

/**
 * Makes pictures smaller: every pixel is the mean of a square, cut off at the edges; by 1 they stay as they are.
 *
 * @param factor - a whole number from 1
 * @returns a function of the picture
 *
 * @example
 * ```ts
 * const four = { width: 3, height: 1, channels: 1, data: new Uint8Array([0, 100, 7]) } as const
 * expect(shrink(2)(four)).toEqual({ width: 2, height: 1, channels: 1, data: new Uint8Array([50, 7]) })
 * ```
 */
export const shrink =
  (factor: number): ((picture: Picture) => Picture) =>
  (picture) => {
    if (factor === 1) return picture
    const [width, height] = [Math.ceil(picture.width / factor), Math.ceil(picture.height / factor)]
    const { channels } = picture
    const sums = new Float64Array(width * height * channels)
    const counts = new Float64Array(width * height)
    for (let y = 0; y < picture.height; y += 1)
      for (let x = 0; x < picture.width; x += 1) {
        const to = Math.floor(y / factor) * width + Math.floor(x / factor)
        const from = (y * picture.width + x) * channels
        counts[to]! += 1
        for (let c = 0; c < channels; c += 1) sums[to * channels + c]! += picture.data[from + c]!
      }
    const data = Uint8Array.from(sums, (sum, i) => Math.round(sum / counts[Math.floor(i / channels)]!))
    return { width, height, channels, data }
  }
