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

/** `[rows, positions, groups, channels of a group]`: the mean of a group is one over the axes 1 and 3. */
const inGroups = (x: tf.Tensor, { groups }: Norm): tf.Tensor => {
  const [rows = 1] = x.shape
  return tf.reshape(x, [rows, -1, groups, (x.shape.at(-1) ?? 1) / groups])
}
const mean = (grouped: tf.Tensor): tf.Tensor => tf.mean(grouped, [1, 3], true)

/** Mean 0 and variance 1 in each group, and what it was divided by. */
const normalised = (
  x: tf.Tensor,
  norm: Norm,
): { readonly normal: tf.Tensor; readonly inverse: tf.Tensor } => {
  const grouped = inGroups(x, norm)
  const centred = tf.sub(grouped, mean(grouped))
  const inverse = tf.rsqrt(tf.add(mean(tf.square(centred)), norm.eps))
  return { normal: tf.mul(centred, inverse), inverse }
}

/** `[rows, 1, channels]`, from a number for each group of each row. */
const perChannel = (ofGroups: tf.Tensor, { groups }: Norm, channels: number): tf.Tensor => {
  const [rows = 1] = ofGroups.shape
  const repeated = tf.tile(tf.reshape(ofGroups, [rows, groups, 1]), [1, 1, channels / groups])
  return tf.reshape(repeated, [rows, 1, channels])
}

/** The mean over groups, `[rows, groups]`, of what has been averaged over positions, `[rows, channels]`. */
const meanOfGroups = (ofChannels: tf.Tensor, { groups }: Norm): tf.Tensor => {
  const [rows = 1] = ofChannels.shape
  return tf.mean(tf.reshape(ofChannels, [rows, groups, -1]), 2)
}

/**
 * By moments of channels, which are few numbers: of the image itself as little is made on the way as can be. The result is
 * `a·x + b`, and so is the gradient by `x`, `a·dy + b·x + c`, with a number for each channel of each row.
 */
const composed = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, norm: Norm): tf.Tensor => {
  const normalise = tf.customGrad((...given) => {
    const [input, factor, offset, save] = given as unknown as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ]
    const [rows = 1] = input.shape
    const channels = input.shape.at(-1) ?? 1
    const image = tf.reshape<tf.Rank.R3>(input, [rows, -1, channels])
    const centre = perChannel(meanOfGroups(tf.mean(image, 1), norm), norm, channels)
    const variance = meanOfGroups(tf.mean(tf.squaredDifference(image, centre), 1), norm)
    const inverse = perChannel(tf.rsqrt(tf.add(variance, norm.eps)), norm, channels)
    const a = tf.mul(inverse, factor)
    const b = tf.sub(offset, tf.mul(centre, a))
    save([image, centre, inverse, factor])
    return {
      value: tf.reshape(tf.add(tf.mul(image, a), b), input.shape),
      gradFunc: (slope, saved) => {
        const [seen, mid, steep, scaled] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
        const dy = tf.reshape(slope, seen.shape)
        const positions = seen.shape[1] ?? 1
        const even = tf.mean(dy, 1, true)
        const along = tf.mul(tf.sub(tf.mean(tf.mul(dy, seen), 1, true), tf.mul(mid, even)), steep)
        const ofGroups = (moment: tf.Tensor): tf.Tensor =>
          perChannel(meanOfGroups(tf.mul(moment, scaled), norm), norm, channels)
        const turn = tf.mul(tf.mul(ofGroups(along), steep), steep)
        const rest = tf.sub(tf.mul(turn, mid), tf.mul(ofGroups(even), steep))
        const sums = (moment: tf.Tensor): tf.Tensor => tf.mul(tf.sum(moment, [0, 1]), positions)
        return [
          tf.reshape(
            tf.add(tf.sub(tf.mul(dy, tf.mul(steep, scaled)), tf.mul(seen, turn)), rest),
            slope.shape,
          ),
          sums(along),
          sums(even),
        ]
      },
    }
  })
  return normalise(x, scale, shift)
}

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
  gradient: (dy, [x, scale], attributes) => {
    if (x === undefined || scale === undefined) return []
    const norm = normOf(attributes)
    const { normal, inverse } = normalised(x, norm)
    const pixels = x.shape.map((_, axis) => axis).slice(0, -1)
    const weighted = tf.mul(dy, tf.reshape(normal, x.shape))
    return [
      () => {
        const slope = inGroups(tf.mul(dy, scale), norm)
        const along = tf.mul(normal, mean(tf.mul(slope, normal)))
        return tf.reshape(tf.mul(inverse, tf.sub(tf.sub(slope, mean(slope)), along)), x.shape)
      },
      () => tf.sum(weighted, pixels),
      () => tf.sum(dy, pixels),
    ]
  },
  kept: 2,
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
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tf.tensor4d([-3, 3], [1, 1, 1, 2])
 * const y = groupNorm(x, tf.ones([2]), tf.zeros([2]), { groups: 1, eps: 0 })
 * expect([...(await y.data())]).toEqual([-1, 1])
 * ```
 */
export const groupNorm = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, norm: Norm): tf.Tensor =>
  kernel([x, scale, shift], { groups: norm.groups, eps: norm.eps }) ?? composed(x, scale, shift, norm)
