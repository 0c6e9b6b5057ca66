/**
 * How well a network knows images that it has not learned from.
 */
import * as tf from '@tensorflow/tfjs-core'
import { rowsOf } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { noised } from '../diffusion/objective.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { lossOn } from '../diffusion/weighting.ts'
import { E } from '../fp.ts'
import { checkLabels } from '../model/condition.ts'
import { toPrediction } from '../model/to-prediction.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import { philox } from '../noise/philox.ts'
import type { Examples } from './batch.ts'
import { type Learning, networkOnTensors } from './learning.ts'
import { squaredError } from './loss.ts'
import type { Tensors } from './tensors.ts'

/** No batch has so many rows, so nothing that was learned from had this noise. */
const FIRST_SAMPLE = 2 ** 52

/** Multiples of the golden ratio fill an interval evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * `L_simple` of each image: the mean square of what is wrong about ε, without weights (arXiv:2006.11239, eq. 14), whatever the network predicts.
 *
 * @remarks
 * Image i has the same timestep and the same noise every time that it is asked about, so figures of one run compare with each other, and
 * the timesteps of any number of images that follow each other are spread evenly.
 *
 * @param learning - the network, and what it predicts
 * @returns for weights, a batch and the place of its first image, one number per image
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const description = { shape: [2], predicts: 'epsilon', schedule: linearSchedule() } as const
 * const weights = tfjsParameters((_, shape) => ({ shape, data: new Float32Array(sizeOf(shape)) })) // it says that there is no noise
 * const loss = heldOutLoss({ architecture: mlp({ size: 2 }), description, seed: 7 })
 * const tensors = new Map([...parametersOf(mlp({ size: 2 }))].map(([name, shape]) => [name, weights(name, shape)]))
 * const each = await loss(tensors, { images: { shape: [500, 2], data: new Float32Array(1000) } })
 * expect(each.reduce((sum, one) => sum + one / 500, 0)).toBeCloseTo(1, 0)
 * ```
 */
export const heldOutLoss = ({
  architecture,
  description,
  seed,
}: Pick<Learning, 'architecture' | 'description' | 'seed'>): ((
  weights: Tensors,
  examples: Examples,
  first?: number,
) => Promise<readonly number[]>) => {
  const { schedule, predicts, shape, labels: classes } = description
  const loss = squaredError({ predicts, weighting: lossOn('epsilon') })
  return async (weights, { images, labels }, first = 0) => {
    const rows = rowsOf(images.shape)
    const places = Array.from({ length: rows }, (_, row) => first + row)
    const t = places.map((place) => Math.floor(((0.5 + place * GOLDEN) % 1) * schedule.trainedSteps))
    const levels = t.map((one) => levelAt(schedule, one))
    const samples = places.map((place) => FIRST_SAMPLE + place)
    const known = checkLabels(classes, rows)(labels === undefined || classes === undefined ? {} : { labels })
    if (E.isLeft(known)) throw known.left
    const each = tf.tidy(() => {
      const x0 = tfjs.fromValues(images)
      const noise = drawNoise(tfjs, philox({ seed, samples }), 0, images.shape)
      const network = networkOnTensors(architecture, weights)
      const asked = known.right && tf.tensor1d([...known.right], 'int32')
      const answer = network(tfjs.combine(noised(levels)(x0, noise)), tf.tensor1d(t), asked)
      return loss({ levels, x0, noise, output: toPrediction(shape.at(-1) ?? 1, answer).output })
    })
    try {
      return [...(await each.data())]
    } finally {
      each.dispose()
    }
  }
}
