/**
 * Group normalisation on tensors, which tfjs lacks: a kernel of our own where there can be one, a composition elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core'
import { registerHostKernel } from './host-kernel.ts'

/** How the channels are normalised. */
interface Norm {
  readonly groups: number
  readonly eps: number
}

const composed = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, { groups, eps }: Norm): tf.Tensor =>
  tf.tidy(() => {
    const [rows = 1] = x.shape
    const channels = x.shape.at(-1) ?? 1
    const grouped = tf.reshape(x, [rows, -1, groups, channels / groups])
    const { mean, variance } = tf.moments(grouped, [1, 3], true)
    const normal = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, eps)))
    return tf.add(tf.mul(tf.reshape(normal, x.shape), scale), shift)
  })

const normOf = (attributes: tf.NamedAttrMap): Norm => ({
  groups: Number(attributes['groups']),
  eps: Number(attributes['eps']),
})

const kernel = registerHostKernel({
  name: 'GroupNorm',
  fill: (out, [x, scale, shift], attributes, shape) => {
    if (x === undefined || scale === undefined || shift === undefined) return
    const { groups, eps } = normOf(attributes)
    const [rows = 1] = shape
    const channels = shape.at(-1) ?? 1
    const size = channels / groups
    const positions = out.length / rows / channels
    const count = positions * size
    const sums = new Float64Array(channels)
    const squares = new Float64Array(channels)
    const factors = new Float64Array(channels)
    const offsets = new Float64Array(channels)

    for (let row = 0; row < rows; row++) {
      const start = row * positions * channels
      const end = start + positions * channels
      sums.fill(0)
      squares.fill(0)
      for (let k = start; k < end; k += channels)
        for (let c = 0; c < channels; c++) {
          const value = x[k + c]!
          sums[c]! += value
          squares[c]! += value * value
        }
      for (let first = 0; first < channels; first += size) {
        let sum = 0
        let square = 0
        for (let c = first; c < first + size; c++) {
          sum += sums[c]!
          square += squares[c]!
        }
        const mean = sum / count
        // Sums in double precision: what cancels here is far below what float32 can hold.
        const variance = Math.max(square / count - mean * mean, 0)
        const inverse = 1 / Math.sqrt(variance + eps)
        for (let c = first; c < first + size; c++) {
          factors[c] = inverse * scale[c]!
          offsets[c] = shift[c]! - mean * factors[c]!
        }
      }
      for (let k = start; k < end; k += channels)
        for (let c = 0; c < channels; c++) out[k + c] = x[k + c]! * factors[c]! + offsets[c]!
    }
  },
  // Training runs where tfjs has all gradients, and there the norm is composed anyway; this one need only be right.
  gradient: (dy, [x, scale, shift], attributes) => {
    if (x === undefined || scale === undefined || shift === undefined) return []
    const norm = normOf(attributes)
    const by = tf.grads((a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => composed(a, b, c, norm))
    const [dx, dScale, dShift] = by([x, scale, shift], dy)
    return [() => dx!, () => dScale!, () => dShift!]
  },
  kept: 3,
})

/**
 * Normalises an image or tokens to mean 0 and variance 1 within groups of channels, then scales and shifts each channel.
 *
 * @param x - `[rows, …, channels]`
 * @param scale - `[channels]`
 * @param shift - `[channels]`
 * @param norm - the number of groups; ε is added to the variance
 * @returns a new tensor
 *
 * @example
 * ```ts
 * await tf.setBackend('cpu')
 * const x = tf.tensor4d([-3, 3], [1, 1, 1, 2])
 * const y = groupNorm(x, tf.ones([2]), tf.zeros([2]), { groups: 1, eps: 0 })
 * expect([...(await y.data())]).toEqual([-1, 1])
 * ```
 */
export const groupNorm = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, norm: Norm): tf.Tensor =>
  kernel([x, scale, shift], { groups: norm.groups, eps: norm.eps }) ?? composed(x, scale, shift, norm)
