/**
 * Group normalisation on tensors, which tfjs lacks: a kernel of our own where there can be one, a composition elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core'
import { countOf, type GpuCall, registerGpuKernel } from './gpu-kernel.ts'
import { registerHostKernel } from './host-kernel.ts'
import { type OwnKernel, registerOwn } from './own-kernel.ts'
import { silu, siluSlope } from './silu.ts'
import { withGradient } from './with-gradient.ts'

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

/** Mean 0 in each group, and what to multiply by for a variance of 1. */
const spread = (x: tf.Tensor, norm: Norm): { readonly centred: tf.Tensor; readonly inverse: tf.Tensor } => {
  const grouped = inGroups(x, norm)
  const centred = tf.sub(grouped, mean(grouped))
  return { centred, inverse: tf.rsqrt(tf.add(mean(tf.square(centred)), norm.eps)) }
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
  const normalise = withGradient((inputs: readonly [tf.Tensor, tf.Tensor, tf.Tensor], save) => {
    const [input, factor, offset] = inputs
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

const gradient: OwnKernel['gradient'] = (dy, [x, scale], attributes) => {
  if (x === undefined || scale === undefined) return []
  const norm = normOf(attributes)
  const { centred, inverse } = spread(x, norm)
  const normal = tf.mul(centred, inverse)
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
}

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
  gradient,
  kept: 2,
})

/** So many invocations share the work on one group. */
const WORKGROUP = 128

/** One workgroup for each group of channels of a row: it reads them for the mean, for the variance, and for what becomes of them. */
const onGpu = ({ inputs, attributes, run }: GpuCall, activated: boolean): tf.TensorInfo => {
  const [x] = inputs
  const { shape } = x!
  const { groups, eps } = normOf(attributes)
  const [rows = 1] = shape
  const channels = shape.at(-1) ?? 1
  const places = `base + k / uniforms.size * uniforms.channels + k % uniforms.size`
  const each = (body: string): string =>
    `for (var k = lane; k < count; k += ${String(WORKGROUP)}) { ${body} }`
  return run(
    {
      key: activated ? 'silu' : '',
      inputs: ['x', 'scale', 'shift'],
      uniforms: [
        { name: 'groups', type: 'i32', value: groups },
        { name: 'units', type: 'i32', value: rows * groups },
        { name: 'positions', type: 'i32', value: countOf(x!) / rows / channels },
        { name: 'channels', type: 'i32', value: channels },
        { name: 'size', type: 'i32', value: channels / groups },
        { name: 'eps', type: 'f32', value: eps },
      ],
      invocations: rows * groups * WORKGROUP,
      workgroup: WORKGROUP,
      declarations: `
        var<workgroup> parts : array<f32, ${String(WORKGROUP)}>;
        fn total(part : f32, lane : i32) -> f32 {
          workgroupBarrier();
          parts[lane] = part;
          workgroupBarrier();
          for (var reach = ${String(WORKGROUP / 2)}; reach > 0; reach = reach / 2) {
            if (lane < reach) { parts[lane] += parts[lane + reach]; }
            workgroupBarrier();
          }
          return parts[0];
        }`,
      body: `
        let lane = index % ${String(WORKGROUP)};
        let unit = index / ${String(WORKGROUP)};
        let group = unit % uniforms.groups;
        let base = unit / uniforms.groups * uniforms.positions * uniforms.channels + group * uniforms.size;
        let whole = uniforms.positions * uniforms.size;
        // nothing to do for workgroups beyond, which have to come to the barriers all the same
        let count = select(0, whole, unit < uniforms.units);
        var sum = 0.0;
        ${each(`sum += f32(x[${places}]);`)}
        let mean = total(sum, lane) / f32(whole);
        var squares = 0.0;
        ${each(`let centred = f32(x[${places}]) - mean; squares += centred * centred;`)}
        let inverse = 1.0 / sqrt(total(squares, lane) / f32(whole) + uniforms.eps);
        ${each(`
          let c = group * uniforms.size + k % uniforms.size;
          let y = (f32(x[${places}]) - mean) * inverse * scale[c] + shift[c];
          ${activated ? 'let e = exp(-abs(y));' : ''}
          result[${places}] = ${activated ? 'y * select(e, 1.0, y >= 0.0) / (1.0 + e)' : 'y'};`)}`,
    },
    inputs,
    shape,
  )
}

registerGpuKernel('GroupNorm', (call) => onGpu(call, false))
registerGpuKernel('GroupNormSilu', (call) => onGpu(call, true))

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

const activatedKernel = registerOwn({
  name: 'GroupNormSilu',
  gradient: (dy, inputs, attributes) => {
    const [x, scale, shift] = inputs
    const y = groupNorm(x!, scale!, shift!, normOf(attributes))
    const share = tf.sigmoid(y)
    return gradient(tf.mul(dy, siluSlope(share, tf.mul(y, share))), inputs, attributes)
  },
  kept: 3,
})

/**
 * {@link groupNorm}, then `y·σ(y)`: in one pass where a backend takes our kernel.
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
 * const [low, high] = await groupNormSilu(x, tf.ones([2]), tf.zeros([2]), { groups: 1, eps: 0 }).data()
 * expect(high! + low!).toBeCloseTo(1 / (1 + Math.exp(-1)) - 1 / (1 + Math.E), 6)
 * ```
 */
export const groupNormSilu = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, norm: Norm): tf.Tensor =>
  activatedKernel([x, scale, shift], { groups: norm.groups, eps: norm.eps }) ??
  tf.tidy(() => silu(groupNorm(x, scale, shift, norm)))
