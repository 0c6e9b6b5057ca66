/**
 * What a network's output means, where some networks have learned a variance beside it.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Prediction } from './denoiser.ts'

/**
 * A network's output as a prediction: of twice the image's channels the first half is the output, the second the variance.
 *
 * @param channels - of the image
 * @param output - of the network; it becomes the prediction's
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const { output, variance } = toPrediction(1, tf.tensor([1, 2], [1, 1, 1, 2]))
 * expect([output, variance].map((half) => half?.arraySync())).toEqual([[[[[1]]]], [[[[2]]]]])
 * ```
 */
export const toPrediction = (channels: number, output: tf.Tensor): Prediction<tf.Tensor> => {
  if (output.shape.at(-1) !== 2 * channels) return { output }
  const [first = output, variance = output] = tf.split(output, 2, -1)
  output.dispose()
  return { output: first, variance }
}
