/**
 * A `UNet2DModel` on tensors as a {@link Denoiser}.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { Parameters } from '../algebra/algebra.ts'
import { tfjs } from '../algebra/tfjs.ts'
import type { Denoiser } from './denoiser.ts'
import { tensorDenoiser, type Trained } from './tensor-denoiser.ts'
import { unet2d } from './unet2d.ts'
import type { UNet2DConfig } from './unet2d-options.ts'

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
): Denoiser<tf.Tensor> =>
  tensorDenoiser(unet2d(config)(tfjs, parameter), {
    ...trained,
    shape: [...config.sample_size, config.in_channels],
    learnedVariance: config.out_channels === 2 * config.in_channels,
  })
