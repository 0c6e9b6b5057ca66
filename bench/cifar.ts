/**
 * A model in the shape of google/ddpm-cifar10-32 (35.7 M parameters), with random weights: for speed, and nothing to look at.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sizeOf } from '../src/algebra/shape.ts'
import { encodeSafetensors } from '../src/checkpoint/encode-safetensors.ts'
import { E } from '../src/fp.ts'
import { inspectUNet2D } from '../src/model/inspection.ts'
import { decodeUNet2DConfig } from '../src/model/unet2d-config.ts'
import { philox } from '../src/node.ts'

const json = {
  _class_name: 'UNet2DModel',
  act_fn: 'silu',
  attention_head_dim: null,
  block_out_channels: [128, 256, 256, 256],
  center_input_sample: false,
  down_block_types: ['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D'],
  downsample_padding: 0,
  flip_sin_to_cos: false,
  freq_shift: 1,
  in_channels: 3,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-6,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 32,
  time_embedding_type: 'positional',
  up_block_types: ['UpBlock2D', 'UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
}

const rightOf = <A>(either: E.Either<Error, A>): A => {
  if (E.isLeft(either)) throw either.left
  return either.right
}

/**
 * Writes the model as diffusers would.
 *
 * @param folder - where to
 * @returns the number of its parameters
 */
export const writeCifar = (folder: string): number => {
  const { parameters, parameterCount } = rightOf(
    inspectUNet2D(rightOf(decodeUNet2DConfig('config.json')(json))),
  )
  const noise = philox({ seed: 1 })
  const tensors = [...parameters].map(([name, shape], i) => {
    const spread = 1 / Math.sqrt(Math.max(1, sizeOf(shape.slice(1))))
    return [name, { shape, data: noise.draw(i, [1, sizeOf(shape)]).map((z) => spread * z) }] as const
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json))
  writeFileSync(join(folder, 'diffusion_pytorch_model.safetensors'), encodeSafetensors(new Map(tensors)))
  return parameterCount
}
