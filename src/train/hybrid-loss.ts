/**
 * The loss of a network that learns a variance beside its prediction: `L_hybrid = L_simple + λ·L_vlb` (arXiv:2102.09672, eq. 16).
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Level } from '../diffusion/level.ts'
import type { Objective } from '../diffusion/objective.ts'
import { residual } from '../diffusion/objective.ts'
import { levelAt, type Schedule } from '../diffusion/schedule.ts'
import { errorRatio, unweighted } from '../diffusion/weighting.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { type Loss, meanOfRows, squaredError } from './loss.ts'

/** How the two parts are weighed. */
export interface HybridOptions extends Objective {
  readonly schedule: Schedule
  /** λ, of the whole bound in bits per dimension; 0.001 unless said. */
  readonly lambda?: number
}

/** Half the width of a pixel's bin, where 0 … 255 are −1 … 1. */
const HALF_BIN = 1 / 255
const LEAST = 1e-12

/** The numbers of one step from t to t − 1. */
interface Step {
  /** ln of the posterior's variance; at t = 0, where it is 0, that of t = 1. */
  readonly small: number
  /** ln β. */
  readonly large: number
  /** What the error in x₀ is multiplied by in the posterior's mean. */
  readonly pull: number
}

const stepAt = (schedule: Schedule, { t, alphaBar }: Level): Step => {
  const before = t < 1 ? 1 : levelAt(schedule, t - 1).alphaBar
  const beta = 1 - alphaBar / before
  const small =
    t < 1 ? stepAt(schedule, levelAt(schedule, 1)).small : Math.log((beta * (1 - before)) / (1 - alphaBar))
  return { small, large: Math.log(beta), pull: (Math.sqrt(before) * beta) / (1 - alphaBar) }
}

/** The normal distribution function, by the approximation of Page that OpenAI's code has. */
const normalCdf = (x: tf.Tensor): tf.Tensor =>
  tf.mul(
    0.5,
    tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))))),
  )

const safeLog = (x: tf.Tensor): tf.Tensor => tf.log(tf.clipByValue(x, LEAST, Infinity))

/** −ln of the mass that a normal distribution around x̂₀ gives to the bin of x₀. */
const surprise = (x0: tf.Tensor, wrong: tf.Tensor, logVariance: tf.Tensor): tf.Tensor => {
  const scale = tf.exp(tf.mul(-0.5, logVariance))
  const above = normalCdf(tf.mul(scale, tf.add(wrong, HALF_BIN)))
  const underneath = normalCdf(tf.mul(scale, tf.sub(wrong, HALF_BIN)))
  const inner = safeLog(tf.sub(above, underneath))
  const upper = tf.where(tf.greater(x0, 0.999), safeLog(tf.sub(1, underneath)), inner)
  return tf.neg(tf.where(tf.less(x0, -0.999), safeLog(above), upper))
}

/**
 * `L_simple` on the first half of the channels, and λ times the bound's term for the variance in the second half.
 *
 * @remarks
 * The variance is `exp(v·ln β + (1 − v)·ln β̃)` with `v = (output + 1)/2`. The bound teaches only it: the prediction counts as given there.
 * One term stands for all T, as OpenAI's `rescaled_mse` has it; at t = 0 it is the likelihood of the image's own bins.
 *
 * @param options - see {@link HybridOptions}
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const schedule = linearSchedule()
 * const loss = hybridLoss({ predicts: 'epsilon', schedule, lambda: 0 })
 * const [x0, noise, output] = [tf.zeros([1, 2, 2, 1]), tf.ones([1, 2, 2, 1]), tf.zeros([1, 2, 2, 2])]
 * expect(loss({ levels: [levelAt(schedule, 500)], x0, noise, output }).arraySync()).toEqual([1])
 * ```
 */
export const hybridLoss = ({ schedule, lambda = 0.001, ...objective }: HybridOptions): Loss => {
  const simple = squaredError(objective)
  const { predicts } = objective
  return ({ levels, x0, noise, output: both }) => {
    const [output, variance] = tf.split(both, 2, -1) as [tf.Tensor, tf.Tensor]
    const steps = levels.map((level) => stepAt(schedule, level))
    const perRow = (numbers: readonly number[]): tf.Tensor =>
      tf.reshape(tf.tensor1d([...numbers]), [-1, ...x0.shape.slice(1).map(() => 1)])

    const given = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy) => tf.zerosLike(dy),
    }))
    const error = tfjs.combine(
      residual({ predicts, weighting: unweighted }, levels)(x0, noise, given(output)),
    )
    const sign = predicts === 'sample' ? 1 : -1
    const wrong = tf.mul(
      error,
      perRow(levels.map((level) => sign * Math.sqrt(errorRatio('sample', predicts, level)))),
    )

    const [small, large] = [perRow(steps.map((step) => step.small)), perRow(steps.map((step) => step.large))]
    const share = tf.mul(0.5, tf.add(variance, 1))
    const logVariance = tf.add(small, tf.mul(share, tf.sub(large, small)))
    const apart = tf.sub(small, logVariance)
    const shifted = tf.square(tf.mul(wrong, perRow(steps.map((step) => step.pull))))
    const divergence = tf.mul(
      0.5,
      tf.add(tf.sub(tf.sub(tf.exp(apart), apart), 1), tf.mul(shifted, tf.exp(tf.neg(logVariance)))),
    )
    const isLast = tf.tensor1d(levels.map(({ t }) => (t < 1 ? 1 : 0)))
    const nats = tf.add(
      tf.mul(isLast, meanOfRows(surprise(x0, wrong, logVariance))),
      tf.mul(tf.sub(1, isLast), meanOfRows(divergence)),
    )
    return tf.add(
      simple({ levels, x0, noise, output }),
      tf.mul(nats, (lambda * schedule.trainedSteps) / Math.LN2),
    )
  }
}
