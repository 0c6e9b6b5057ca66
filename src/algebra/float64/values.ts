/** Numbers in memory, in double precision: what the reference algebra computes with. */
import type { Shape } from '../algebra.ts'
import { rowsOf, sizeOf } from '../shape.ts'

/** A typed array with a shape, in row-major order; images are NHWC. Never changed once made. */
export interface Values64 {
  readonly shape: Shape
  readonly data: Float64Array
}

/**
 * Fresh values of a shape, filled by a loop.
 *
 * @example
 * ```ts
 * expect(values64([2, 2], (data) => data.fill(7)).data).toEqual(Float64Array.of(7, 7, 7, 7))
 * ```
 */
export const values64 = (shape: Shape, fill: (data: Float64Array) => void): Values64 => {
  const data = new Float64Array(sizeOf(shape))
  fill(data)
  return { shape, data }
}

/**
 * The value of every element, computed from the old one.
 *
 * @example
 * ```ts
 * expect(mapValues({ shape: [2], data: Float64Array.of(1, 2) }, (x) => 2 * x).data).toEqual(Float64Array.of(2, 4))
 * ```
 */
export const mapValues = ({ shape, data }: Values64, f: (value: number) => number): Values64 => ({
  shape,
  data: data.map(f),
})

/**
 * The extents of an image, tokens or a vector, by name: `[rows, positions, channels]` in short.
 *
 * @remarks
 * Whatever works on each channel of each position needs no more than this.
 *
 * @example
 * ```ts
 * expect(extents([2, 4, 5, 3])).toEqual({ rows: 2, height: 4, width: 5, positions: 20, channels: 3 })
 * expect(extents([2, 6])).toEqual({ rows: 2, height: 1, width: 1, positions: 1, channels: 6 })
 * ```
 */
export const extents = (
  shape: Shape,
): {
  readonly rows: number
  readonly height: number
  readonly width: number
  readonly positions: number
  readonly channels: number
} => {
  const inner = shape.slice(1, -1)
  const [height = 1, width = 1] = inner
  return { rows: rowsOf(shape), height, width, positions: sizeOf(inner), channels: shape.at(-1) ?? 1 }
}
