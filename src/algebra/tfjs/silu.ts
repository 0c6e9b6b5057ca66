/**
 * SiLU, the activation of the networks here (arXiv:1702.03118): `x·σ(x)`.
 */
import * as tf from '@tensorflow/tfjs-core'
import { withGradient } from './with-gradient.ts'

/**
 * The derivative in terms of what is there already, `σ + x·σ·(1 − σ)`: tfjs's own rules for product and sigmoid would make half as many
 * images again.
 *
 * @param share - σ(x)
 * @param y - x·σ(x)
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(siluSlope(tf.scalar(0.5), tf.scalar(0)).arraySync()).toBe(0.5) // at 0
 * ```
 */
export const siluSlope = (share: tf.Tensor, y: tf.Tensor): tf.Tensor =>
  tf.add(share, tf.sub(y, tf.mul(y, share)))

/**
 * `x·σ(x)`.
 *
 * @param x - of any shape
 * @returns a new tensor; what is made on the way is for the caller's `tidy`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(silu(tf.scalar(1)).arraySync()).toBeCloseTo(1 / (1 + Math.exp(-1)), 6)
 * ```
 */
export const silu: (x: tf.Tensor) => tf.Tensor = withGradient(([x]: readonly [tf.Tensor], save) => {
  const share = tf.sigmoid(x)
  const y = tf.mul(x, share)
  save([share, y])
  return {
    value: y,
    gradFunc: (dy, [s, xs]) => tf.mul(dy, siluSlope(s!, xs!)),
  }
})
