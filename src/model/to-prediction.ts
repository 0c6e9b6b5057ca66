/**
 * What a network's output means, where some networks have learned a variance beside it.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Prediction } from './denoiser.ts'

/**
 * A network's output as a prediction: of twice the image's channels the first half is the output, the second the variance.
 *
 * @param channels - of the image
 * @param compute - makes the output; other tensors that it makes are freed
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const { output, variance } = toPrediction(1, () => tf.tensor([1, 2], [1, 1, 1, 2]))
 * expect([output, variance].map((half) => half?.arraySync())).toEqual([[[[[1]]]], [[[[2]]]]])
 * ```
 */
export const toPrediction = (channels: number, compute: () => tf.Tensor): Prediction<tf.Tensor> => {
  const [output, variance] = tf.tidy((): [output: tf.Tensor, variance?: tf.Tensor] => {
    const out = compute()
    if (out.shape.at(-1) !== 2 * channels) return [out]
    const [first = out, second = out] = tf.split(out, 2, -1)
    return [first, second]
  })
  return variance === undefined ? { output } : { output, variance }
}
