import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { E } from '../../src/fp.ts'
import { inspectUNet2D } from '../../src/model/inspection.ts'
import { decodeUNet2DConfig, type UNet2DConfig } from '../../src/model/unet2d-config.ts'
import { goldenPath, modelPath, readJson, readSafetensors } from '../support/goldens.ts'

const configOf = (json: unknown): UNet2DConfig => {
  const decoded = decodeUNet2DConfig('config.json')(json)
  if (E.isLeft(decoded)) throw decoded.left
  return decoded.right
}
const inspect = (config: UNet2DConfig) => {
  const inspected = inspectUNet2D(config)
  if (E.isLeft(inspected)) throw inspected.left
  return inspected.right
}

/** Ho et al.'s networks, as Google published them. */
const ddpm = {
  attention_head_dim: null,
  norm_eps: 1e-6,
  downsample_padding: 0,
  flip_sin_to_cos: false,
  freq_shift: 1,
}
const cifar10 = {
  ...ddpm,
  sample_size: 32,
  block_out_channels: [128, 256, 256, 256],
  down_block_types: ['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
}
const cat256 = {
  ...ddpm,
  sample_size: 256,
  block_out_channels: [128, 128, 256, 256, 512, 512],
  down_block_types: [...Array<string>(4).fill('DownBlock2D'), 'AttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'AttnUpBlock2D', ...Array<string>(4).fill('UpBlock2D')],
}

describe('inspectUNet2D', () => {
  it.each([
    ['ddpm-cifar10-32', cifar10, 328, 35_746_307],
    ['ddpm-cat-256', cat256, 450, 113_673_219],
  ])('counts the published tensors and parameters of %s', (_, json, tensors, count) => {
    const { parameters, parameterCount } = inspect(configOf(json))
    expect(parameters.size).toBe(tensors)
    expect(parameterCount).toBe(count)
  })

  it.each(readdirSync(goldenPath('unet')))(
    'asks for the tensors that diffusers saved, no more: %s',
    (name) => {
      const { parameters, output } = inspect(configOf(readJson(goldenPath(`unet/${name}/config.json`))))
      const { tensors } = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
      const found = [...tensors].map(([tensor, { shape }]) => [tensor, shape] as const)
      expect(Object.fromEntries(parameters)).toEqual(Object.fromEntries(found))
      const { tensors: io } = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
      const [, channels, height, width] = io.get('out')!.shape
      expect(output).toEqual([height, width, channels])
    },
  )

  it('counts the operations of the default model, row by row', () => {
    const { flops, parameterCount, widest } = inspect(configOf(readJson(modelPath('config.json'))))
    expect(parameterCount).toBe(
      [...readSafetensors(modelPath('diffusion_pytorch_model.safetensors')).tensors.values()].reduce(
        (count, { data }) => count + data.length,
        0,
      ),
    )
    expect(flops(8)).toBe(8 * flops(1))
    expect(flops(1)).toBe(554_397_184)
    // on the way up, the first level's channels and those of the one below
    expect(widest).toBe(28 * 28 * (32 + 64))
  })

  it('knows that attention holds every token against every other', () => {
    const { widest } = inspect(configOf({ ...cat256, attention_head_dim: 32, sample_size: 4096 }))
    expect(widest).toBe(16 * (256 * 256) ** 2)
  })

  it('knows the weights of every option', () => {
    const options = {
      sample_size: 16,
      norm_num_groups: 4,
      block_out_channels: [8, 16],
      down_block_types: ['AttnDownBlock2D', 'ResnetDownsampleBlock2D'],
      up_block_types: ['ResnetUpsampleBlock2D', 'AttnUpBlock2D'],
      downsample_type: 'resnet',
      upsample_type: 'resnet',
      time_embedding_type: 'learned',
      num_train_timesteps: 50,
      time_embedding_dim: 24,
      class_embed_type: 'timestep',
      mid_block_type: null,
    }
    const { parameters, output } = inspect(configOf(options))
    expect(parameters.get('time_proj.weight')).toEqual([50, 8])
    expect(parameters.get('class_embedding.linear_1.weight')).toEqual([24, 8])
    expect(parameters.get('time_embedding.linear_2.weight')).toEqual([24, 24])
    expect(parameters.has('down_blocks.0.downsamplers.0.conv1.weight')).toBe(true)
    expect(parameters.has('up_blocks.0.upsamplers.0.conv2.weight')).toBe(true)
    expect([...parameters.keys()].some((name) => name.startsWith('mid_block'))).toBe(false)
    expect(output).toEqual([16, 16, 3])
  })

  it('finds out where a network does not fit together', () => {
    const config = configOf({ ...cifar10, norm_num_groups: 32 })
    expect(inspectUNet2D({ ...config, sample_size: [34, 34] })).toEqual(
      E.left(
        expect.objectContaining({
          _tag: 'ShapesDisagree',
          message: "The network doesn't fit together at concat: [1, 17, 17] meets [1, 16, 16].",
        }),
      ),
    )
  })
})
