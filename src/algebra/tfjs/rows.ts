/**
 * What depends on a whole row at once, on tensors: its spread, its quantiles.
 */
import * as tf from '@tensorflow/tfjs-core'
import { rowsOf } from '../shape.ts'
import { withGradient } from './with-gradient.ts'

/** Every row as one list. */
const flat = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [rowsOf(x.shape), -1])

/** What has a square that float32 can still add up. */
const MOST = 1e15

/** The root of the mean squared distance from the mean, a column; exactly 0 where all numbers are one. */
const spread = (rows: tf.Tensor2D): tf.Tensor => {
  const large = tf.maximum(tf.mul(tf.max(tf.abs(rows), 1, true), 1 / MOST), 1)
  const small = tf.div<tf.Tensor2D>(rows, large)
  const fromFirst = tf.sub(small, tf.slice2d(small, [0, 0], [-1, 1]))
  const deviation = tf.sqrt(tf.mean(tf.square(tf.sub(fromFirst, tf.mean(fromFirst, 1, true))), 1, true))
  return tf.mul(deviation, large)
}

/**
 * `x·s(like)/s(x)` row by row, with s the standard deviation over the whole row; whether by N or N − 1 cancels out. Not
 * differentiable.
 *
 * @param x - of any shape; a row that is one number over and over stays as it is
 * @param like - of the same shape
 * @returns one new tensor
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const y = matchDeviation(tf.tensor2d([[1, 3], [7, 7]]), tf.tensor2d([[0, 8], [0, 1]]))
 * expect([...(await y.data())]).toEqual([4, 12, 7, 7])
 * ```
 */
export const matchDeviation = (x: tf.Tensor, like: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    const rows = flat(x)
    const own = spread(rows)
    const isFlat = tf.equal(own, 0)
    const ratio = tf.div(spread(flat(like)), tf.where(isFlat, tf.onesLike(own), own))
    return tf.reshape(tf.mul(rows, tf.where(isFlat, tf.onesLike(ratio), ratio)), x.shape)
  })

/** A quantile of every row's magnitudes, between its two neighbours in rank; a column. */
const quantile = (rows: tf.Tensor2D, share: number): tf.Tensor => {
  const [count, width] = rows.shape
  const rank = share * (width - 1)
  const falling = tf.topk(tf.abs(rows), width - Math.floor(rank), true).values
  const ranked = (from: number): tf.Tensor => tf.slice2d(falling, [0, width - 1 - from], [count, 1])
  const below = ranked(Math.floor(rank))
  return tf.add(below, tf.mul(rank % 1, tf.sub(ranked(Math.ceil(rank)), below)))
}

/**
 * `x/q` row by row, with q the quantile of `|x|`, clamped into `[low, high]`. Gradients take q for given.
 *
 * @param x - of any shape
 * @param share - which quantile, from 0 to 1
 * @param low - above 0
 * @param high - at least `low`
 * @returns one new tensor
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const y = divideByQuantile(tf.tensor2d([[-4, 0, 2], [0, 0.5, 0]]), 0.5, 1, 10)
 * expect([...(await y.data())]).toEqual([-2, 0, 1, 0, 0.5, 0])
 * ```
 */
export const divideByQuantile = (x: tf.Tensor, share: number, low: number, high: number): tf.Tensor =>
  tf.tidy(() => {
    const divide = withGradient(([rows]: readonly [tf.Tensor2D], save) => {
      const divisor = tf.clipByValue(quantile(rows, share), low, high)
      save([divisor])
      return { value: tf.div(rows, divisor), gradFunc: (dy, [kept]) => tf.div(dy, kept!) }
    })
    return tf.reshape(divide(flat(x)), x.shape)
  })
