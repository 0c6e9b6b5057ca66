/**
 * Pictures at another size.
 */

/** How much of which pixels of a line a new pixel takes. */
type Taps = ReadonlyArray<readonly [from: number, weight: number]>

/** A triangle about the new pixel's centre, as wide as two of the larger pixels: bilinear, and antialiased where pixels get fewer. */
const tapsOf = (from: number, to: number): readonly Taps[] => {
  const scale = from / to
  const reach = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale - 0.5
    const first = Math.max(0, Math.ceil(centre - reach))
    const last = Math.min(from - 1, Math.floor(centre + reach))
    const raw = Array.from({ length: last - first + 1 }, (_, k) => {
      const at = first + k
      return [at, Math.max(0, 1 - Math.abs(at - centre) / reach)] as const
    })
    const total = raw.reduce((sum, [, weight]) => sum + weight, 0)
    return raw.map(([at, weight]) => [at, weight / total] as const)
  })
}

/** Numbers of a picture: row by row, the channels of a pixel side by side. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Float32Array
}

/**
 * Brings a picture to another size, by a triangle filter along both axes; the same size gives the same numbers.
 *
 * @param width - the new one, in pixels
 * @param height - the new one, in pixels
 *
 * @example
 * ```ts
 * const wide = { width: 4, height: 1, channels: 1, data: Float32Array.of(0, 0, 8, 8) }
 * const { data } = resample(2, 1)(wide)
 * expect(data[0]! + data[1]!).toBeCloseTo(8)
 * expect(data[0]).toBeLessThan(2)
 * ```
 */
export const resample =
  (width: number, height: number) =>
  (raster: Raster): Raster => {
    if (raster.width === width && raster.height === height) return raster
    const { channels } = raster
    const across = tapsOf(raster.width, width)
    const narrow = new Float32Array(raster.height * width * channels)
    for (let y = 0; y < raster.height; y += 1)
      across.forEach((taps, x) => {
        for (let c = 0; c < channels; c += 1)
          narrow[(y * width + x) * channels + c] = taps.reduce(
            (sum, [at, weight]) => sum + weight * raster.data[(y * raster.width + at) * channels + c]!,
            0,
          )
      })
    const line = width * channels
    const data = new Float32Array(height * line)
    tapsOf(raster.height, height).forEach((taps, y) => {
      for (let i = 0; i < line; i += 1)
        data[y * line + i] = taps.reduce((sum, [at, weight]) => sum + weight * narrow[at * line + i]!, 0)
    })
    return { width, height, channels, data }
  }
