/** The order of axes: this project keeps images as `[rows, height, width, channels]`, torch and its files channels first. */
import type { Shape, Values } from './algebra.ts'
import { showShape, sizeOf } from './shape.ts'

/** {@link Values} of one precision. */
interface Numbers<Data extends Values['data']> {
  readonly shape: Shape
  readonly data: Data
}

/**
 * A copy of values of four axes in another order of axes: axis i of the result is axis `order[i]`.
 *
 * @throws RangeError where there are not four axes
 *
 * @example
 * ```ts
 * const filter = { shape: [2, 1, 1, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) }
 * expect(permute(filter, [2, 3, 1, 0])).toEqual({ shape: [1, 3, 1, 2], data: Float64Array.of(1, 4, 2, 5, 3, 6) })
 * ```
 */
export const permute = <Data extends Values['data']>(
  { shape, data }: Numbers<Data>,
  order: readonly [number, number, number, number],
): Numbers<Data> => {
  if (shape.length !== 4) throw new RangeError(`Images have four axes; this is ${showShape(shape)}.`)
  const extents = order.map((axis) => shape[axis] ?? 0)
  const [a = 0, b = 0, c = 0, d = 0] = extents
  const [sa = 0, sb = 0, sc = 0, sd = 0] = order.map((axis) => sizeOf(shape.slice(axis + 1)))
  const result = data.slice() as Data
  let at = 0
  for (let i = 0; i < a; i += 1)
    for (let j = 0; j < b; j += 1)
      for (let k = 0; k < c; k += 1)
        for (let l = 0; l < d; l += 1, at += 1) result[at] = data[i * sa + j * sb + k * sc + l * sd] ?? 0
  return { shape: extents, data: result }
}

/**
 * NHWC to NCHW: `[rows, height, width, channels]` as `[rows, channels, height, width]`, a copy.
 *
 * @throws RangeError where there are not four axes
 *
 * @example
 * ```ts
 * const images = { shape: [1, 1, 2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) }
 * expect(toChannelsFirst(images)).toEqual({ shape: [1, 3, 1, 2], data: new Float32Array([1, 4, 2, 5, 3, 6]) })
 * ```
 */
export const toChannelsFirst = <Data extends Values['data']>(images: Numbers<Data>): Numbers<Data> =>
  permute(images, [0, 3, 1, 2])

/**
 * NCHW to NHWC: `[rows, channels, height, width]` as `[rows, height, width, channels]`, a copy.
 *
 * @throws RangeError where there are not four axes
 *
 * @example
 * ```ts
 * const images = { shape: [1, 2, 3, 1], data: new Float32Array([1, 2, 3, 4, 5, 6]) }
 * expect(toChannelsLast(toChannelsFirst(images))).toEqual(images)
 * ```
 */
export const toChannelsLast = <Data extends Values['data']>(images: Numbers<Data>): Numbers<Data> =>
  permute(images, [0, 2, 3, 1])
