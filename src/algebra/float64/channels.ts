/** What works on the channels of each position: norms, activations, joining and cutting, in double precision. */
import type { Activation, NetworkAlgebra } from '../algebra.ts'
import { erf } from './erf.ts'
import { extents, mapValues, values64, type Values64 } from './values.ts'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
// log1p(e^x) would overflow where softplus is x to the last bit
const softplus = (x: number): number => (x > 40 ? x : Math.log1p(Math.exp(x)))

const activations: Readonly<Record<Activation, (x: number) => number>> = {
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  relu: (x) => Math.max(x, 0),
}

/**
 * One of the activation functions, elementwise.
 *
 * @example
 * ```ts
 * expect(activate64('relu', { shape: [2], data: Float64Array.of(-1, 2) }).data).toEqual(Float64Array.of(0, 2))
 * ```
 */
export const activate64: NetworkAlgebra<Values64>['activate'] = (kind, x) => mapValues(x, activations[kind])

/**
 * `x·Wᵀ + b` at every position; a weight is `[out, in]`.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [1, 2], data: Float64Array.of(1, 2) }
 * const weight: Values64 = { shape: [1, 2], data: Float64Array.of(10, 100) }
 * expect(dense64(x, weight, { shape: [1], data: Float64Array.of(5) }).data).toEqual(Float64Array.of(215))
 * ```
 */
export const dense64: NetworkAlgebra<Values64>['dense'] = (x, weight, bias) => {
  const [outs = 0, ins = 0] = weight.shape
  const positions = x.data.length / ins
  return values64([...x.shape.slice(0, -1), outs], (out) => {
    for (let p = 0; p < positions; p++)
      for (let o = 0; o < outs; o++) {
        let sum = bias.data[o]!
        for (let i = 0; i < ins; i++) sum += x.data[p * ins + i]! * weight.data[o * ins + i]!
        out[p * outs + o] = sum
      }
  })
}

/**
 * Group normalisation: mean 0 and variance 1 within each group of channels, then a scale and shift per channel.
 *
 * Wu and He 2018, arXiv:1803.08494.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [1, 1, 1, 2], data: Float64Array.of(-3, 3) }
 * const one = values64([2], (data) => data.fill(1))
 * const zero = values64([2], () => undefined)
 * expect(groupNorm64(x, one, zero, { groups: 1, eps: 0 }).data).toEqual(Float64Array.of(-1, 1))
 * ```
 */
export const groupNorm64: NetworkAlgebra<Values64>['groupNorm'] = (x, scale, shift, { groups, eps }) => {
  const { rows, positions, channels } = extents(x.shape)
  const size = channels / groups
  const count = positions * size

  /** The sum of f over one group of one row. */
  const sum = (row: number, group: number, f: (value: number) => number): number => {
    let total = 0
    for (let p = 0; p < positions; p++) {
      const start = (row * positions + p) * channels + group * size
      for (let c = start; c < start + size; c++) total += f(x.data[c]!)
    }
    return total
  }

  return values64(x.shape, (out) => {
    for (let row = 0; row < rows; row++)
      for (let group = 0; group < groups; group++) {
        const mean = sum(row, group, (value) => value) / count
        const variance = sum(row, group, (value) => (value - mean) ** 2) / count
        const inverse = 1 / Math.sqrt(variance + eps)
        for (let p = 0; p < positions; p++)
          for (let c = group * size; c < (group + 1) * size; c++) {
            const k = (row * positions + p) * channels + c
            out[k] = (x.data[k]! - mean) * inverse * scale.data[c]! + shift.data[c]!
          }
      }
  })
}

/**
 * Every pixel of an image through a function of it and of the vectors of its row.
 *
 * @example
 * ```ts
 * const image: Values64 = { shape: [1, 1, 2, 1], data: Float64Array.of(1, 2) }
 * const vector: Values64 = { shape: [1, 1], data: Float64Array.of(10) }
 * expect(withVector(image, (x, k) => x * vector.data[k]!).data).toEqual(Float64Array.of(10, 20))
 * ```
 */
export const withVector = (image: Values64, f: (value: number, index: number) => number): Values64 => {
  const { positions, channels } = extents(image.shape)
  const row = positions * channels
  return values64(image.shape, (out) => {
    for (let k = 0; k < out.length; k++)
      out[k] = f(image.data[k]!, Math.floor(k / row) * channels + (k % channels))
  })
}

/**
 * Joins images along the channels.
 *
 * @example
 * ```ts
 * const [a, b]: Values64[] = [1, 2].map((v) => values64([1, 1, 2, 1], (data) => data.fill(v)))
 * expect([...concat64([a!, b!]).data]).toEqual([1, 2, 1, 2])
 * ```
 */
export const concat64: NetworkAlgebra<Values64>['concat'] = (images) => {
  const [first] = images
  if (first === undefined) throw new RangeError('nothing to join')
  const widths = images.map(({ shape }) => shape.at(-1) ?? 1)
  const channels = widths.reduce((sum, width) => sum + width, 0)
  return values64([...first.shape.slice(0, -1), channels], (out) => {
    let offset = 0
    images.forEach(({ data }, i) => {
      const width = widths[i]!
      for (let k = 0; k < data.length; k++)
        out[Math.floor(k / width) * channels + offset + (k % width)] = data[k]!
      offset += width
    })
  })
}

/**
 * Cuts the channels of a vector into equal parts.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) }
 * expect(split64(x, 2).map(({ data }) => [...data])).toEqual([[1, 3], [2, 4]])
 * ```
 */
export const split64: NetworkAlgebra<Values64>['split'] = ({ shape, data }, parts) => {
  const width = (shape.at(-1) ?? 1) / parts
  return Array.from({ length: parts }, (_, part) =>
    values64([...shape.slice(0, -1), width], (out) => {
      for (let k = 0; k < out.length; k++)
        out[k] = data[(Math.floor(k / width) * parts + part) * width + (k % width)]!
    }),
  )
}
