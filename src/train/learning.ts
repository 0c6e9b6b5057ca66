/**
 * One update: what a network is asked, how wrong it is, and what becomes of its weights.
 */
import * as tf from '@tensorflow/tfjs-core'
import { rowsOf, sameShape, showShape } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { noised } from '../diffusion/objective.ts'
import { levelAt } from '../diffusion/schedule.ts'
import type { Weighting } from '../diffusion/weighting.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { type Architecture, parametersOf } from '../model/architecture.ts'
import { checkLabels } from '../model/condition.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Trained } from '../model/tensor-denoiser.ts'
import type { Network } from '../model/unet2d.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import { philox } from '../noise/philox.ts'
import { uniform } from '../noise/uniform.ts'
import { initialWeights } from './initial-weights.ts'
import { type Loss, squaredError } from './loss.ts'
import { applyUpdates, globalNorm, type Rate, type Transform } from './optimiser.ts'
import { warmedDecay } from './rate.ts'
import { combineTensors, keeping, mapTensors, named, type Tensors } from './tensors.ts'
import { type TimestepSampler, uniformTimesteps } from './timesteps.ts'
import type { Examples } from './batch.ts'
import { type Learner, tensorsOfLearner, type TrainingState, upload } from './training-state.ts'

/**
 * A network with weights by name, which stay the caller's.
 *
 * @example
 * ```ts
 * expect(() => networkOnTensors(mlp({ size: 2 }), new Map())).toThrow('there is no tensor input.weight')
 * ```
 */
export const networkOnTensors = (architecture: Architecture, weights: Tensors): Network<tf.Tensor> =>
  architecture(tfjs, (name) => named(weights, name))

/** What is learned, and how. */
export interface Learning {
  /** The network without its weights: `unet2d(config)`, `mlp(options)`, … */
  readonly architecture: Architecture
  /** What it predicts, on which noise, of which shape and classes. */
  readonly description: Trained & Pick<Denoiser<tf.Tensor>, 'shape' | 'learnedVariance'>
  readonly optimiser: Transform
  /** How much of the average of the weights stays at each step; {@link warmedDecay} unless said. */
  readonly emaDecay?: Rate
  /** What is made smaller; the squared error of the prediction, weighted by `weighting`, unless said. */
  readonly loss?: Loss
  /** How much each level counts; all alike unless said. */
  readonly weighting?: Weighting
  /** Which timesteps a batch is shown at; each alike unless said. */
  readonly timesteps?: TimestepSampler
  /** The share of labels that become the one for "none", which guidance needs; 0 unless said. */
  readonly dropLabels?: number
  /** What all random numbers come from: a whole number from 0 to 2⁵³ − 1. */
  readonly seed: number
}

/**
 * A learner that has learned nothing yet, or what a state says.
 *
 * @param learning - what is learned
 * @param start - where to go on from
 * @returns tensors that belong to the caller
 * @throws StateInvalid, StateMismatch for a state of another run
 */
export const beginTraining = (learning: Learning, start: TrainingState | undefined): Learner => {
  const { architecture, description, seed, optimiser, timesteps = uniformTimesteps } = learning
  const shapes = parametersOf(architecture)
  if (start === undefined) {
    const parameters = upload(initialWeights(shapes, seed))
    return {
      step: 0,
      parameters,
      ema: mapTensors(parameters, (one) => tf.clone(one)),
      optimiser: keeping(
        () => optimiser.init(parameters),
        (made) => [...made.values()],
      ),
      timesteps: timesteps.init?.(description.schedule.trainedSteps) ?? new Float64Array(),
    }
  }
  if (start.seed !== seed)
    throw fail('StateMismatch', { what: 'seed', saved: String(start.seed), given: String(seed) })
  const made: Tensors[] = []
  const kept = (tensors: Tensors): Tensors => {
    made.push(tensors)
    return tensors
  }
  try {
    const parameters = kept(upload(start.parameters, shapes))
    const ema = kept(upload(start.ema, shapes))
    const remembered = kept(upload(start.optimiser))
    const wanted = keeping(
      () => [...optimiser.init(parameters).keys()],
      () => [],
    )
    const missing = wanted.find((name) => !remembered.has(name))
    if (missing !== undefined || wanted.length !== remembered.size)
      throw fail('StateInvalid', { reason: 'its optimiser is another one' })
    return { step: start.step, parameters, ema, optimiser: remembered, timesteps: start.timesteps }
  } catch (error) {
    tf.dispose(made.flatMap((tensors) => [...tensors.values()]))
    throw error
  }
}

/** What an update is told of its batch. */
export interface Told {
  readonly loss: number
  readonly gradientNorm: number
  readonly rows: number
  readonly t: readonly number[]
  /** The loss of each row, not weighted by the sampler of timesteps. */
  readonly losses: readonly number[]
}

/** Gradients that belong to the caller, until it disposes of them all. */
export interface Slopes {
  readonly gradients: Tensors
  readonly told: () => Promise<Told>
  readonly dispose: () => void
}

/** The labels of a batch: checked, and some of them dropped. */
const labelsFor = (
  { description: { labels }, dropLabels = 0, seed }: Learning,
  step: number,
  { images, labels: given }: Examples,
): readonly number[] | undefined => {
  const rows = rowsOf(images.shape)
  const checked = checkLabels(
    labels,
    rows,
  )(given === undefined || labels === undefined ? {} : { labels: given })
  if (E.isLeft(checked)) throw checked.left
  const none = labels?.unconditional
  if (dropLabels === 0 || checked.right === undefined) return checked.right
  if (none === undefined) throw fail('GuidanceUnconditional', {})
  const chance = uniform(seed, 'labels')(step, rows)
  return checked.right.map((label, row) => (chance[row]! < dropLabels ? none : label))
}

/**
 * Asks the network about a batch, and which way its weights should go.
 *
 * @param learning - what is learned
 * @param learner - as it stands
 * @param examples - the batch
 * @throws ShapesDisagree for images of another shape, and what {@link checkLabels} finds
 */
export const slopes = (learning: Learning, learner: Learner, examples: Examples): Slopes => {
  const { architecture, description, seed, weighting, timesteps = uniformTimesteps } = learning
  const { schedule, shape, predicts } = description
  const { step, parameters, timesteps: memory } = learner
  const { images } = examples
  if (!sameShape(images.shape.slice(1), shape))
    throw fail('ShapesDisagree', {
      operation: 'a batch',
      reason: `its images are ${showShape(images.shape.slice(1))}, and the model takes ${showShape(shape)}`,
    })
  const rows = rowsOf(images.shape)
  const { t, weights } = timesteps.draw(uniform(seed, 'timesteps')(step, rows), schedule.trainedSteps, memory)
  const labels = labelsFor(learning, step, examples)
  const levels = t.map((one) => levelAt(schedule, one))
  const loss = learning.loss ?? squaredError({ predicts, ...(weighting === undefined ? {} : { weighting }) })

  const measure = (): readonly [losses: tf.Tensor, norm: tf.Tensor, gradients: Tensors] => {
    const x0 = tfjs.fromValues(images)
    const noise = drawNoise(tfjs, philox({ seed }), step, images.shape)
    const xt = tfjs.combine(noised(levels)(x0, noise))
    const times = tf.tensor1d([...t])
    const classes = labels && tf.tensor1d([...labels], 'int32')
    const names = [...parameters.keys()]
    let perRow = x0
    const network = networkOnTensors(architecture, parameters)
    const whole = (): tf.Scalar => {
      const each = loss({ levels, x0, noise, output: network(xt, times, classes) })
      perRow = tf.keep(tf.clone(each))
      return tf.mean(weights === undefined ? each : tf.mul(each, tf.tensor1d([...weights])))
    }
    const made = tf.grads(whole)(names.map((name) => named(parameters, name)))
    const byName: Tensors = new Map(names.map((name, i) => [name, made[i]!]))
    return [perRow, globalNorm(byName), byName]
  }
  const [losses, norm, gradients] = keeping(measure, ([each, size, byName]) => [
    each,
    size,
    ...byName.values(),
  ])
  const owned = [losses, norm, ...gradients.values()]
  return {
    gradients,
    told: async () => {
      const [each, [gradientNorm = NaN]] = await Promise.all([losses.data(), norm.data()])
      const list = [...each]
      const total = list.reduce((sum, one, row) => sum + one * (weights?.[row] ?? 1), 0)
      return { loss: total / rows, gradientNorm, rows, t, losses: list }
    },
    dispose: () => {
      tf.dispose(owned)
    },
  }
}

/**
 * The learner after an update; its tensors belong to the caller, and the one before keeps its own.
 *
 * @param learning - what is learned
 * @param learner - as it stands
 * @param gradients - of its parameters
 * @param told - of the batch
 */
export const updated = (
  { optimiser, emaDecay = warmedDecay(), timesteps = uniformTimesteps }: Learning,
  learner: Learner,
  gradients: Tensors,
  { t, losses }: Pick<Told, 't' | 'losses'>,
): Learner =>
  keeping(() => {
    const { step, parameters, ema, timesteps: memory } = learner
    const made = optimiser.update({ step, updates: gradients, parameters, state: learner.optimiser })
    const next = applyUpdates(parameters, made.updates)
    const decay = emaDecay(step)
    return {
      step: step + 1,
      parameters: next,
      ema: combineTensors([decay, ema], [1 - decay, next]),
      optimiser: made.state,
      timesteps: timesteps.learn?.(memory, t, losses) ?? memory,
    }
  }, tensorsOfLearner)
