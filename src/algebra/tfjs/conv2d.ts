/**
 * Convolutions that can be trained on every backend.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Padding } from '../algebra.ts'
import { halfOf, onDoubled } from './doubled.ts'
import { withGradient } from './with-gradient.ts'

/** How a filter walks over an image. */
export interface Walk {
  readonly stride: 1 | 2
  readonly padding: Padding
}

/**
 * The gradient by a filter, from matrix products: for each place of the filter, the pixels that it has met, times what came of them.
 *
 * @param x - `[rows, height, width, from]`
 * @param dy - the gradient by the output, `[rows, …, to]`
 * @param extent - the filter's height and width
 * @param walk - how it went
 * @returns `[height, width, from, to]`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1])
 * const padding = { top: 0, bottom: 0, left: 0, right: 0 }
 * const slope = filterGradient(x, tf.ones([1, 2, 2, 1]), [1, 1], { stride: 1, padding })
 * expect(slope.dataSync()).toEqual(Float32Array.of(10))
 * ```
 */
export const filterGradient = (
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  [filterHeight, filterWidth]: readonly [number, number],
  { stride, padding: { top, bottom, left, right } }: Walk,
): tf.Tensor4D =>
  tf.tidy(() => {
    const [rows, height, width, to] = dy.shape
    const from = x.shape[3]
    const padded = tf.pad(x, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ])
    const made = tf.reshape<tf.Rank.R2>(dy, [-1, to])
    const met = (i: number, j: number): tf.Tensor2D =>
      tf.reshape(
        stride === 1
          ? tf.slice(padded, [0, i, j, 0], [rows, height, width, from])
          : tf.stridedSlice(
              padded,
              [0, i, j, 0],
              [rows, i + stride * (height - 1) + 1, j + stride * (width - 1) + 1, from],
              [1, stride, stride, 1],
            ),
        [-1, from],
      )
    const slopes = Array.from({ length: filterHeight * filterWidth }, (_, k) =>
      // turned by hand: wasm's product of turned matrices is a plain loop
      tf.matMul(tf.transpose(met(Math.floor(k / filterWidth), k % filterWidth)), made),
    )
    return tf.reshape(tf.stack(slopes), [filterHeight, filterWidth, from, to])
  })

const explicit = ({ padding: { top, bottom, left, right } }: Walk): tf.backend_util.ExplicitPadding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
]

/** Whether as much is added all around as leaves the image as large as it was, which every library has a name for. */
const isSame = ([height = 1, width = 1]: readonly number[], { stride, padding }: Walk): boolean =>
  stride === 1 &&
  [padding.top, padding.bottom].every((added) => added === (height - 1) / 2) &&
  [padding.left, padding.right].every((added) => added === (width - 1) / 2)

const walked = (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor, walk: Walk): tf.Tensor4D => {
  const convolve = (
    image: tf.Tensor4D,
    pad: 'same' | 'valid' | tf.backend_util.ExplicitPadding,
  ): tf.Tensor4D => tf.fused.conv2d({ x: image, filter, bias, strides: walk.stride, pad })
  // tfjs-node passes on to TensorFlow only what has a name
  if (tf.getBackend() !== 'tensorflow') return convolve(x, explicit(walk))
  const same = isSame(filter.shape, walk)
  const half = halfOf(x)
  // whose gradients tfjs-node brings along, and whose kernels are as fast as any convolution's
  if (same && half !== undefined && filter.shape[0] === 3)
    return tf.tidy(() => tf.add(onDoubled(half, filter), bias))
  return same ? convolve(x, 'same') : tf.tidy(() => convolve(tf.pad(x, explicit(walk)), 'valid'))
}

/** Puts a row and a column of zeros after each. */
const spaced = (x: tf.Tensor4D): tf.Tensor4D => {
  const [rows, height, width, channels] = x.shape
  const wide = tf.reshape(tf.concat([x, tf.zerosLike(x)], 3), [rows, height, 2 * width * channels])
  return tf.reshape(tf.concat([wide, tf.zerosLike(wide)], 2), [rows, 2 * height, 2 * width, channels])
}

/**
 * The gradient by an image: the filter, turned round, walks over the output's gradient in single steps.
 *
 * @param dy - the gradient by the output, `[rows, …, to]`
 * @param filter - `[height, width, from, to]`
 * @param extent - the image's height and width
 * @param walk - how the filter went
 * @returns `[rows, height, width, from]`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const padding = { top: 0, bottom: 0, left: 0, right: 0 }
 * const slope = imageGradient(tf.ones([1, 1, 1, 1]), tf.tensor4d([1, 2, 3, 4], [2, 2, 1, 1]), [3, 2], { stride: 1, padding })
 * expect(slope.dataSync()).toEqual(Float32Array.of(1, 2, 3, 4, 0, 0))
 * ```
 */
export const imageGradient = (
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  extent: readonly [height: number, width: number],
  { stride, padding: { top, left } }: Walk,
): tf.Tensor4D =>
  tf.tidy(() => {
    const apart = stride === 1 ? dy : spaced(dy)
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2])
    const before = [filter.shape[0] - 1 - top, filter.shape[1] - 1 - left] as const
    const after = ([0, 1] as const).map((axis) => {
      const whole = extent[axis] + filter.shape[axis] - 1
      return whole - before[axis] - apart.shape[1 + axis]!
    })
    const [below = 0, beside = 0] = after
    // what no walk has reached is cut off, or is zero
    const seen = tf.slice(apart, 0, [
      apart.shape[0],
      apart.shape[1] + Math.min(0, below),
      apart.shape[2] + Math.min(0, beside),
      apart.shape[3],
    ])
    const around = [
      [0, 0],
      [before[0], Math.max(0, below)],
      [before[1], Math.max(0, beside)],
      [0, 0],
    ] as tf.backend_util.ExplicitPadding
    return tf.conv2d(seen, turned, 1, around)
  })

/**
 * Cross-correlation, plus a bias; differentiable on every backend.
 *
 * @remarks
 * On wasm tfjs knows no gradient by the filter and a slow one by the image, on cpu two slow ones, so there they are
 * {@link filterGradient} and {@link imageGradient}.
 *
 * @param x - `[rows, height, width, from]`
 * @param filter - `[height, width, from, to]`
 * @param bias - `[to]`
 * @param walk - stride and padding
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const [x, filter, bias] = [tf.ones([1, 2, 2, 1]), tf.ones([1, 1, 1, 1]), tf.ones([1])] as const
 * const y = conv2d(x, filter, bias, { stride: 1, padding: { top: 0, bottom: 0, left: 0, right: 0 } })
 * expect(y.dataSync()).toEqual(Float32Array.of(2, 2, 2, 2))
 * ```
 */
export const conv2d = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor, walk: Walk): tf.Tensor => {
  const [image, weights] = [x as tf.Tensor4D, filter as tf.Tensor4D]
  if (!['cpu', 'wasm'].includes(tf.getBackend())) return walked(image, weights, bias, walk)
  const convolved = withGradient((inputs: readonly [tf.Tensor4D, tf.Tensor4D, tf.Tensor], save) => {
    const [input, kernel, shift] = inputs
    save([input, kernel])
    return {
      value: walked(input, kernel, shift, walk),
      gradFunc: (slope, saved) => {
        const [dy, [kept, used]] = [slope as tf.Tensor4D, saved as tf.Tensor4D[]]
        return [
          imageGradient(dy, used!, [kept!.shape[1], kept!.shape[2]], walk),
          filterGradient(kept!, dy, [used!.shape[0], used!.shape[1]], walk),
          tf.sum(dy, [0, 1, 2]),
        ]
      },
    }
  })
  return convolved(image, weights, bias)
}
