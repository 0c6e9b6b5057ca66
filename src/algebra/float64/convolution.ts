/** Convolutions and what else changes the size of an image, in double precision. */
import type { NetworkAlgebra } from '../algebra.ts'
import { permute } from '../layout.ts'
import { extents, values64, type Values64 } from './values.ts'

/**
 * Cross-correlation with zeros around the image; a filter is `[out, in, height, width]`.
 *
 * @example
 * ```ts
 * const x = values64([1, 3, 3, 1], (data) => data.fill(1))
 * const ones = values64([1, 1, 3, 3], (data) => data.fill(1))
 * const padding = { top: 1, bottom: 1, left: 1, right: 1 }
 * const sums = conv2d64(x, ones, values64([1], () => undefined), { stride: 1, padding })
 * expect([...sums.data]).toEqual([4, 6, 4, 6, 9, 6, 4, 6, 4])
 * ```
 */
export const conv2d64: NetworkAlgebra<Values64>['conv2d'] = (x, filter, bias, { stride, padding }) => {
  const { rows, height, width } = extents(x.shape)
  const [outs = 0, ins = 0, tall = 0, wide = 0] = filter.shape
  const h = Math.floor((height + padding.top + padding.bottom - tall) / stride) + 1
  const w = Math.floor((width + padding.left + padding.right - wide) / stride) + 1
  // [height, width, in, out]: the innermost loop runs over neighbours
  const { data: weights } = permute(filter, [2, 3, 1, 0])

  /** Adds one pixel under one tap of the filter to one pixel of the result. */
  const accumulate = (out: Float64Array, to: number, from: number, tap: number): void => {
    for (let i = 0; i < ins; i++) {
      const value = x.data[from + i]!
      const offset = (tap * ins + i) * outs
      for (let o = 0; o < outs; o++) out[to + o]! += value * weights[offset + o]!
    }
  }

  return values64([rows, h, w, outs], (out) => {
    for (let row = 0; row < rows; row++)
      for (let y = 0; y < h; y++)
        for (let column = 0; column < w; column++) {
          const to = ((row * h + y) * w + column) * outs
          out.set(bias.data, to)
          for (let dy = 0; dy < tall; dy++)
            for (let dx = 0; dx < wide; dx++) {
              const sourceY = y * stride - padding.top + dy
              const sourceX = column * stride - padding.left + dx
              if (sourceY < 0 || sourceY >= height || sourceX < 0 || sourceX >= width) continue
              accumulate(out, to, ((row * height + sourceY) * width + sourceX) * ins, dy * wide + dx)
            }
        }
  })
}

/**
 * Repeats every pixel twice in both directions.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [1, 1, 2, 1], data: Float64Array.of(3, 7) }
 * expect([...upsample64(x).data]).toEqual([3, 3, 7, 7, 3, 3, 7, 7])
 * ```
 */
export const upsample64: NetworkAlgebra<Values64>['upsample'] = ({ shape, data }) => {
  const { rows, height, width, channels } = extents(shape)
  return values64([rows, 2 * height, 2 * width, channels], (out) => {
    for (let row = 0; row < rows; row++)
      for (let y = 0; y < 2 * height; y++)
        for (let x = 0; x < 2 * width; x++) {
          const from = ((row * height + (y >> 1)) * width + (x >> 1)) * channels
          out.set(data.subarray(from, from + channels), ((row * 2 * height + y) * 2 * width + x) * channels)
        }
  })
}

/**
 * Means of 2×2 pixels; an odd last row or column is dropped.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [1, 2, 3, 1], data: Float64Array.of(1, 2, 9, 3, 4, 9) }
 * expect([...averagePool64(x).data]).toEqual([2.5])
 * ```
 */
export const averagePool64: NetworkAlgebra<Values64>['averagePool'] = ({ shape, data }) => {
  const { rows, height, width, channels } = extents(shape)
  const [h, w] = [height >> 1, width >> 1]
  return values64([rows, h, w, channels], (out) => {
    for (let row = 0; row < rows; row++)
      for (let y = 0; y < 2 * h; y++)
        for (let x = 0; x < 2 * w; x++) {
          const from = ((row * height + y) * width + x) * channels
          const to = ((row * h + (y >> 1)) * w + (x >> 1)) * channels
          for (let c = 0; c < channels; c++) out[to + c]! += data[from + c]! / 4
        }
  })
}
