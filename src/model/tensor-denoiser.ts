/**
 * Any network on tensors as a {@link Denoiser}.
 */
import * as tf from '@tensorflow/tfjs-core'
import { defer, of, throwError } from 'rxjs'
import { tfjs } from '../algebra/tfjs.ts'
import { E } from '../fp.ts'
import { checkLabels } from './condition.ts'
import type { Denoiser } from './denoiser.ts'
import { toPrediction } from './to-prediction.ts'
import type { Network } from './unet2d.ts'

/** What has to be known of the network. */
export type Trained = Pick<Denoiser<tf.Tensor>, 'predicts' | 'schedule' | 'range' | 'labels'>

/**
 * A denoiser that runs a network on the current backend of tfjs.
 *
 * @remarks
 * `predict` starts on subscription, keeps no tensor but the prediction, and answers before `subscribe` returns. It fails with what
 * {@link checkLabels} finds.
 *
 * @param network - with its weights, which stay the caller's
 * @param description - what the network predicts, on which noise, in which range, of which classes; and the shape of one sample
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const model = tensorDenoiser((x) => tf.clone(x), { shape: [2], predicts: 'sample', schedule: linearSchedule() })
 * const { output } = await firstValueFrom(ask(model, { x: tf.ones([1, 2]), t: [500], condition: {} }))
 * expect(output.arraySync()).toEqual([[1, 1]])
 * ```
 */
export const tensorDenoiser = (
  network: Network<tf.Tensor>,
  description: Trained & Pick<Denoiser<tf.Tensor>, 'shape' | 'learnedVariance'>,
): Denoiser<tf.Tensor> => ({
  ...description,
  algebra: tfjs,
  predict: (x, t, condition) =>
    defer(() => {
      const checked = checkLabels(description.labels, t.length)(condition)
      if (E.isLeft(checked)) return throwError(() => checked.left)
      const labels = checked.right
      const output = tf.tidy(() => {
        const classes = labels && tf.tensor1d([...labels], 'int32')
        return network(x, tf.tensor1d([...t]), classes)
      })
      return of(toPrediction(description.shape.at(-1) ?? 1, output))
    }),
})
