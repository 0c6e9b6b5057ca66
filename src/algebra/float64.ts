/**
 * The reference algebra: double precision, plain loops, no dependencies. Everything else is checked against it.
 */
import type { NetworkAlgebra, Parameters, Shape, TensorAlgebra, Values } from './algebra.ts'
import { attention64 } from './float64/attention.ts'
import { activate64, concat64, dense64, groupNorm64, split64, withVector } from './float64/channels.ts'
import { averagePool64, conv2d64, upsample64 } from './float64/convolution.ts'
import { extents, mapValues, values64, type Values64 } from './float64/values.ts'
import { vector64 } from './float64/vector.ts'
import { frequencies } from './sinusoid.ts'

export { values64, type Values64 } from './float64/values.ts'

const sinusoid: NetworkAlgebra<Values64>['sinusoid'] = (t, options) => {
  const w = frequencies(options)
  const half = w.length
  const [first, second] = options.flipSinToCos ? [Math.cos, Math.sin] : [Math.sin, Math.cos]
  return values64([t.data.length, options.dim], (out) => {
    t.data.forEach((time, row) => {
      for (let k = 0; k < half; k++) {
        out[row * options.dim + k] = first(time * w[k]!)
        out[row * options.dim + half + k] = second(time * w[k]!)
      }
    })
  })
}

const embedding: NetworkAlgebra<Values64>['embedding'] = (table, indices) => {
  const [, width = 1] = table.shape
  return values64([indices.data.length, width], (out) => {
    indices.data.forEach((index, row) => {
      out.set(table.data.subarray(index * width, (index + 1) * width), row * width)
    })
  })
}

/**
 * Everything in double precision on typed arrays.
 *
 * @remarks
 * Images are NHWC; weights stay as the checkpoint has them.
 *
 * @example
 * ```ts
 * const x = float64.fromValues({ shape: [2], data: Float64Array.of(1, -3) })
 * expect(float64.clamp([[1, x]], -1, 1).data).toEqual(Float64Array.of(1, -1))
 * ```
 */
export const float64: TensorAlgebra<Values64> = {
  ...vector64,
  conv2d: conv2d64,
  dense: dense64,
  groupNorm: groupNorm64,
  activate: activate64,
  add: (x, y) =>
    vector64.combine([
      [1, x],
      [1, y],
    ]),
  affine: (x, factor, offset) => mapValues(x, (value) => value * factor + offset),
  addVector: (image, vector) => withVector(image, (value, k) => value + vector.data[k]!),
  modulate: (image, scale, shift) =>
    withVector(image, (value, k) => value * (1 + scale.data[k]!) + shift.data[k]!),
  attention: attention64,
  toTokens: ({ shape, data }) => {
    const { rows, positions, channels } = extents(shape)
    return { shape: [rows, positions, channels], data }
  },
  toImage: ({ data, shape }, like) => ({ shape: [...like.shape.slice(0, 3), shape.at(-1) ?? 1], data }),
  upsample: upsample64,
  averagePool: averagePool64,
  concat: concat64,
  split: split64,
  embedding,
  sinusoid,
}

/**
 * Weights for {@link float64}, from whatever reads them.
 *
 * @param read - gives a tensor of the checkpoint by name, and fails where its shape is not the expected one
 *
 * @example
 * ```ts
 * const parameter = float64Parameters((_, shape) => ({ shape, data: Float32Array.of(1, 2) }))
 * expect(parameter('conv_in.bias', [2]).data).toEqual(Float64Array.of(1, 2))
 * ```
 */
export const float64Parameters =
  (read: (name: string, shape: Shape) => Values): Parameters<Values64> =>
  (name, shape) =>
    float64.fromValues(read(name, shape))
