/**
 * Images that are doubled, each pixel becoming four, and the convolution that mostly follows.
 */
import * as tf from '@tensorflow/tfjs-core'
import { withGradient } from './with-gradient.ts'

/** Which image a doubled one comes from. */
const halves = new WeakMap<tf.Tensor, tf.Tensor4D>()

/** What repeats a pixel four times sums four gradients; tfjs's own rule for it is wrong on cpu (4.22). */
const double = withGradient(([image]: readonly [tf.Tensor4D]) => {
  const [, height, width] = image.shape
  return {
    value: tf.image.resizeNearestNeighbor(image, [2 * height, 2 * width]),
    gradFunc: (dy) => tf.mul(tf.avgPool(dy as tf.Tensor4D, 2, 2, 'valid'), 4),
  }
})

/**
 * Repeats each pixel in both directions.
 *
 * @param image - `[rows, height, width, channels]`
 * @returns a new tensor
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(doubled(tf.tensor4d([3, 7], [1, 1, 2, 1])).dataSync()).toEqual(Float32Array.of(3, 3, 7, 7, 3, 3, 7, 7))
 * ```
 */
export const doubled = (image: tf.Tensor): tf.Tensor => {
  const whole = double(image as tf.Tensor4D)
  halves.set(whole, image as tf.Tensor4D)
  return whole
}

/**
 * The image that a tensor doubles, as long as it is there.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const image = tf.ones([1, 2, 2, 1])
 * expect(halfOf(doubled(image))).toBe(image)
 * expect(halfOf(image)).toBeUndefined()
 * ```
 */
export const halfOf = (image: tf.Tensor): tf.Tensor4D | undefined => {
  const half = halves.get(image)
  return half?.isDisposed === true ? undefined : half
}

/**
 * A 3×3 convolution of a doubled image, from the image itself, for four ninths of the work. The taps that meet copies of one pixel are
 * added beforehand: what is left is the transposition of a 4×4 convolution in steps of two.
 *
 * @param half - `[rows, height, width, from]`
 * @param filter - `[3, 3, from, to]`, which has zeros around it
 * @returns `[rows, 2·height, 2·width, to]`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const y = onDoubled(tf.ones([1, 1, 1, 1]), tf.ones([3, 3, 1, 1]))
 * expect(y.dataSync()).toEqual(Float32Array.of(4, 4, 4, 4))
 * ```
 */
export const onDoubled = (half: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D =>
  tf.tidy(() => {
    const [rows, height, width] = half.shape
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2])
    const shifted = [0, 1, 2, 3].map((k) => {
      const [down, right] = [k >> 1, k % 2]
      return tf.pad(turned, [
        [down, 1 - down],
        [right, 1 - right],
        [0, 0],
        [0, 0],
      ])
    })
    return tf.conv2dTranspose(
      half,
      tf.addN(shifted),
      [rows, 2 * height, 2 * width, turned.shape[2]],
      2,
      'same',
    )
  })
