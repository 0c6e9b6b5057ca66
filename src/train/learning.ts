/**
 * One update: what a network is asked, how wrong it is, and what becomes of its weights.
 */
import * as tf from '@tensorflow/tfjs-core'
import { rowsOf, sameShape, showShape, sizeOf } from '../algebra/shape.ts'
import type { Values } from '../algebra/algebra.ts'
import { tfjs, tfjsShape } from '../algebra/tfjs.ts'
import { compiled } from '../algebra/tfjs/compiled.ts'
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
import { globalNorm, onRow, type Rate, type Transform } from './optimiser.ts'
import { warmedDecay } from './rate.ts'
import { asRow, endToEnd, keeping, type Layout, named, rowOf, takenApart, type Tensors } from './tensors.ts'
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

/** A network whose weights come with each question, as one row. */
export interface Pupil {
  /** Which weights there are, as tfjs has them. */
  readonly layout: Layout
  readonly ask: (weights: tf.Tensor, ...question: Parameters<Network<tf.Tensor>>) => tf.Tensor
  readonly [Symbol.dispose]: () => void
}

/**
 * A network that is asked again and again with other weights, as the backend does that best.
 *
 * @param architecture - the network
 * @returns belongs to the caller
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * using network = pupil(mlp({ size: 2, width: 4, depth: 1 }))
 * expect(network.layout.get('input.weight')?.shape).toEqual([2, 4])
 * ```
 */
export const pupil = (architecture: Architecture): Pupil => {
  const layout: Layout = new Map(
    [...parametersOf(architecture)].map(([name, stored]) => {
      const shape = [...tfjsShape(stored)]
      return [name, { shape, size: sizeOf(shape) }]
    }),
  )
  const { run, [Symbol.dispose]: dispose } = compiled(([weights], [x, t, labels]) =>
    networkOnTensors(architecture, takenApart(weights!, layout))(x!, t!, labels),
  )
  return {
    layout,
    ask: (weights, x, t, labels) => run([weights], [x, t, ...(labels === undefined ? [] : [labels])]),
    [Symbol.dispose]: dispose,
  }
}

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
 * @param network - of its architecture
 * @param start - where to go on from
 * @returns tensors that belong to the caller
 * @throws StateInvalid, StateMismatch for a state of another run
 */
export const beginTraining = (
  learning: Learning,
  { layout }: Pupil,
  start: TrainingState | undefined,
): Learner => {
  const { architecture, description, seed, timesteps = uniformTimesteps } = learning
  const optimiser = onRow(learning.optimiser, layout)
  const shapes = parametersOf(architecture)
  const row = (values: ReadonlyMap<string, Values>): tf.Tensor => endToEnd(upload(values, shapes), layout)
  if (start === undefined)
    return keeping(() => {
      const parameters = row(initialWeights(shapes, seed))
      return {
        step: 0,
        parameters,
        ema: tf.clone(parameters),
        optimiser: optimiser.init(asRow(parameters)),
        timesteps: timesteps.init?.(description.schedule.trainedSteps) ?? new Float64Array(),
      }
    }, tensorsOfLearner)
  if (start.seed !== seed)
    throw fail('StateMismatch', { what: 'seed', saved: String(start.seed), given: String(seed) })
  return keeping(() => {
    const parameters = row(start.parameters)
    const remembered = upload(start.optimiser)
    const wanted = [...optimiser.init(asRow(parameters)).keys()]
    const missing = wanted.find((name) => !remembered.has(name))
    if (missing !== undefined || wanted.length !== remembered.size)
      throw fail('StateInvalid', { reason: 'its optimiser is another one' })
    return {
      step: start.step,
      parameters,
      ema: row(start.ema),
      optimiser: remembered,
      timesteps: start.timesteps,
    }
  }, tensorsOfLearner)
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

/** The gradient by all weights, as one row, which belongs to the caller until it disposes of it. */
export interface Slopes {
  readonly gradient: tf.Tensor
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
 * @param network - of its architecture
 * @param learner - as it stands
 * @param examples - the batch
 * @throws ShapesDisagree for images of another shape, and what {@link checkLabels} finds
 */
export const slopes = (learning: Learning, network: Pupil, learner: Learner, examples: Examples): Slopes => {
  const { description, seed, weighting, timesteps = uniformTimesteps } = learning
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

  const measure = (): readonly [losses: tf.Tensor, norm: tf.Tensor, gradient: tf.Tensor] => {
    const x0 = tfjs.fromValues(images)
    const noise = drawNoise(tfjs, philox({ seed }), step, images.shape)
    const xt = tfjs.combine(noised(levels)(x0, noise))
    const times = tf.tensor1d([...t])
    const classes = labels && tf.tensor1d([...labels], 'int32')
    let perRow = x0
    const whole = (): tf.Scalar => {
      const each = loss({ levels, x0, noise, output: network.ask(parameters, xt, times, classes) })
      perRow = tf.keep(tf.clone(each))
      return tf.mean(weights === undefined ? each : tf.mul(each, tf.tensor1d([...weights])))
    }
    const slope = tf.grad(whole)(parameters)
    return [perRow, globalNorm(asRow(slope)), slope]
  }
  const owned = keeping(measure, (made) => made)
  const [losses, norm, gradient] = owned
  return {
    gradient,
    told: async () => {
      const [each, [gradientNorm = NaN]] = await Promise.all([losses.data(), norm.data()])
      const list = [...each]
      const total = list.reduce((sum, one, row) => sum + one * (weights?.[row] ?? 1), 0)
      return { loss: total / rows, gradientNorm, rows, t, losses: list }
    },
    dispose: () => {
      tf.dispose([...owned])
    },
  }
}

/**
 * The learner after an update; its tensors belong to the caller, and the one before keeps its own.
 *
 * @param learning - what is learned
 * @param network - of its architecture
 * @param learner - as it stands
 * @param gradient - by its weights
 * @param told - of the batch
 */
export const updated = (
  { optimiser, emaDecay = warmedDecay(), timesteps = uniformTimesteps }: Learning,
  { layout }: Pupil,
  learner: Learner,
  gradient: tf.Tensor,
  { t, losses }: Pick<Told, 't' | 'losses'>,
): Learner =>
  keeping(() => {
    const { step, parameters, ema, timesteps: memory } = learner
    const { updates, state } = onRow(optimiser, layout).update({
      step,
      updates: asRow(gradient),
      parameters: asRow(parameters),
      state: learner.optimiser,
    })
    const next = tfjs.combine([
      [1, parameters],
      [1, rowOf(updates)],
    ])
    const decay = emaDecay(step)
    return {
      step: step + 1,
      parameters: next,
      ema: tfjs.combine([
        [decay, ema],
        [1 - decay, next],
      ]),
      optimiser: state,
      timesteps: timesteps.learn?.(memory, t, losses) ?? memory,
    }
  }, tensorsOfLearner)
