/**
 * What training makes smaller, on tensors.
 */
import * as tf from '@tensorflow/tfjs-core'
import { rowsOf } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import type { Level } from '../diffusion/level.ts'
import { type Objective, residual } from '../diffusion/objective.ts'

/** What a network was shown, and what it said. */
export interface Answer {
  /** One per row. */
  readonly levels: readonly Level[]
  /** The images, `[rows, …]` in `[−1, 1]`. */
  readonly x0: tf.Tensor
  /** The noise that was added to them. */
  readonly noise: tf.Tensor
  /** Of the network; where it learns a variance, with twice the channels. */
  readonly output: tf.Tensor
}

/** A loss for each row, `[rows]`; differentiable. */
export type Loss = (answer: Answer) => tf.Tensor

/**
 * The mean over everything but the rows.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(meanOfRows(tf.tensor2d([[1, 3], [5, 5]])).arraySync()).toEqual([2, 5])
 * ```
 */
export const meanOfRows = (x: tf.Tensor): tf.Tensor => tf.mean(tf.reshape(x, [rowsOf(x.shape), -1]), 1)

/**
 * The weighted mean square of what the network got wrong: `L_simple` and its relatives, see {@link residual}.
 *
 * @param objective - what the network predicts, and how much each level counts
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const [x0, noise, output] = [0, 3, 1].map((value) => tf.fill([1, 2], value))
 * const answer = { levels: [{ t: 500, alphaBar: 0.36 }], x0: x0!, noise: noise!, output: output! }
 * expect(squaredError({ predicts: 'epsilon' })(answer).arraySync()).toEqual([4])
 * ```
 */
export const squaredError =
  (objective: Objective): Loss =>
  ({ levels, x0, noise, output }) => {
    const wrong = tfjs.combine(residual(objective, levels)(x0, noise, output))
    return meanOfRows(tf.square(wrong))
  }
