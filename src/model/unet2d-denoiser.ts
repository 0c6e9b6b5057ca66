/**
 * A `UNet2DModel` on tensors as a {@link Denoiser}.
 */
import * as tf from '@tensorflow/tfjs-core'
import { defer, of, throwError } from 'rxjs'
import type { Parameters } from '../algebra/algebra.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { E } from '../fp.ts'
import { checkLabels } from './condition.ts'
import type { Denoiser } from './denoiser.ts'
import { toPrediction } from './to-prediction.ts'
import { unet2d } from './unet2d.ts'
import type { UNet2DConfig } from './unet2d-options.ts'

/** What a checkpoint says beside its weights. */
export type Trained = Pick<Denoiser<tf.Tensor>, 'predicts' | 'schedule' | 'range' | 'labels'>

/**
 * A denoiser that runs a UNet on the current backend of tfjs.
 *
 * @remarks
 * The weights are looked up here, once, and stay the caller's. `predict` starts on subscription, keeps no tensor but the
 * prediction, and answers before `subscribe` returns. It fails with what {@link checkLabels} finds.
 *
 * @param config - a decoded `config.json`
 * @param parameter - the weights; see {@link tfjsParameters}
 * @param trained - what the network predicts, on which noise, in which range, of which classes
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const zeros = tfjsParameters((_, shape) => ({ shape, data: new Float32Array(sizeOf(shape)) }))
 * const model = unet2dDenoiser(config, zeros, { predicts: 'epsilon', schedule: linearSchedule() })
 * const { output } = await firstValueFrom(ask(model, { x: tf.ones([2, 8, 8, 3]), t: [500, 20], condition: {} }))
 * expect(output.shape).toEqual([2, 8, 8, 3])
 * ```
 */
export const unet2dDenoiser = (
  config: UNet2DConfig,
  parameter: Parameters<tf.Tensor>,
  trained: Trained,
): Denoiser<tf.Tensor> => {
  const network = unet2d(config)(tfjs, parameter)
  return {
    ...trained,
    algebra: tfjs,
    shape: [...config.sample_size, config.in_channels],
    learnedVariance: config.out_channels === 2 * config.in_channels,
    predict: (x, t, condition) =>
      defer(() => {
        const checked = checkLabels(trained.labels, t.length)(condition)
        if (E.isLeft(checked)) return throwError(() => checked.left)
        const labels = checked.right
        const output = tf.tidy(() => {
          const classes = labels && tf.tensor1d([...labels], 'int32')
          return network(x, tf.tensor1d([...t]), classes)
        })
        return of(toPrediction(config.in_channels, output))
      }),
  }
}
