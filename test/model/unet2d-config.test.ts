import { describe, expect, it } from 'vitest'
import { E } from '../../src/fp.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { goldenPath, modelPath, readJson } from '../support/goldens.ts'

const decode = decodeUNet2DConfig('model/config.json')
const right = (json: unknown) => {
  const decoded = decode(json)
  if (E.isLeft(decoded)) throw decoded.left
  return decoded.right
}
const refusal = (json: unknown): string => {
  const decoded = decode(json)
  if (E.isRight(decoded)) throw new Error('the config was not refused')
  expect(decoded.left).toMatchObject({ _tag: 'ConfigInvalid', path: 'model/config.json' })
  return decoded.left.message
}

/** The least that a file has to say. */
const bare = { sample_size: 32 }
/** A small network with one change. */
const small = (change: object) => ({
  sample_size: 16,
  norm_num_groups: 4,
  block_out_channels: [8, 16],
  down_block_types: ['DownBlock2D', 'AttnDownBlock2D'],
  up_block_types: ['AttnUpBlock2D', 'UpBlock2D'],
  ...change,
})

describe('decodeUNet2DConfig', () => {
  it("fills absent keys with the class's defaults", () => {
    expect(right(bare)).toEqual({
      sample_size: [32, 32],
      in_channels: 3,
      out_channels: 3,
      center_input_sample: false,
      time_embedding_type: 'positional',
      time_embedding_dim: null,
      freq_shift: 0,
      flip_sin_to_cos: true,
      down_block_types: ['DownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D'],
      mid_block_type: 'UNetMidBlock2D',
      up_block_types: ['AttnUpBlock2D', 'AttnUpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
      block_out_channels: [224, 448, 672, 896],
      layers_per_block: 2,
      mid_block_scale_factor: 1,
      downsample_padding: 1,
      downsample_type: 'conv',
      upsample_type: 'conv',
      act_fn: 'silu',
      attention_head_dim: 8,
      norm_num_groups: 32,
      attn_norm_num_groups: null,
      norm_eps: 1e-5,
      resnet_time_scale_shift: 'default',
      add_attention: true,
      class_embed_type: null,
      num_class_embeds: null,
      num_train_timesteps: null,
    })
  })

  it('gives one head to the first uploads of the DDPM models, and eight channels a head to all others', () => {
    expect(right({ ...bare, _diffusers_version: '0.0.4' }).attention_head_dim).toBe(null)
    expect(right({ ...bare, _diffusers_version: '0.0.4', attention_head_dim: 8 }).attention_head_dim).toBe(8)
    expect(right({ ...bare, _diffusers_version: '0.3.0' }).attention_head_dim).toBe(8)
    expect(right({ ...bare, attention_head_dim: null }).attention_head_dim).toBe(null)
  })

  it('takes what diffusers takes by other names', () => {
    expect(right({ ...bare, act_fn: 'Swish' }).act_fn).toBe('silu')
    expect(right({ ...bare, sample_size: [32, 64] }).sample_size).toEqual([32, 64])
    expect(right({ ...bare, downsample_type: null, upsample_type: null })).toMatchObject({
      downsample_type: 'conv',
      upsample_type: 'conv',
    })
    expect(
      right(small({ down_block_types: ['UNetResDownBlock2D', 'UNetResAttnDownBlock2D'] })),
    ).toMatchObject({
      down_block_types: ['DownBlock2D', 'AttnDownBlock2D'],
    })
  })

  it.each([
    'class-defaults',
    'class-labels-28',
    'ddpm-like',
    'learned-variance-3-levels',
    'scale-shift-resample',
  ])('keeps every value of a file that diffusers wrote: %s', (name) => {
    const json = readJson(goldenPath(`unet/${name}/config.json`)) as Record<string, unknown>
    const { _class_name, _diffusers_version, dropout, sample_size, ...kept } = json
    expect(right(json)).toEqual({ ...kept, sample_size: [sample_size, sample_size] })
  })

  it('decodes what it has decoded', () => {
    const config = right(readJson(modelPath('config.json')))
    expect(right(config)).toEqual(config)
  })

  it.each<readonly [string, unknown, string]>([
    ['no object', [1], 'it does not hold named settings'],
    ['no size', {}, 'sample_size is null, not a height and width in pixels'],
    [
      'a misspelt block',
      small({ up_block_types: ['AttnUpBlock2D', 'UpBlok2D'] }),
      'up_block_types[1] is "UpBlok2D", not one of UpBlock2D, AttnUpBlock2D, ResnetUpsampleBlock2D; the nearest is UpBlock2D',
    ],
    [
      'a block of another network',
      small({ down_block_types: ['DownBlock2D', 'SkipDownBlock2D'] }),
      'down_block_types[1] is "SkipDownBlock2D", not one of DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D; the nearest is DownBlock2D',
    ],
    [
      'another mid block',
      small({ mid_block_type: 'UNetMidBlock2DCrossAttn' }),
      'mid_block_type is "UNetMidBlock2DCrossAttn", not UNetMidBlock2D or null',
    ],
    [
      'another activation',
      small({ act_fn: 'snake' }),
      'act_fn is "snake", not one of silu, mish, gelu, relu',
    ],
    [
      'Fourier features',
      small({ time_embedding_type: 'fourier' }),
      'time_embedding_type is "fourier", not one of positional, learned',
    ],
    [
      'labels that are embeddings',
      small({ class_embed_type: 'identity' }),
      'class_embed_type is "identity", not timestep or null',
    ],
    [
      'another conditioning',
      small({ resnet_time_scale_shift: 'ada_group' }),
      'resnet_time_scale_shift is "ada_group", not one of default, scale_shift',
    ],
    ['padding by two', small({ downsample_padding: 2 }), 'downsample_padding is 2, not one of 0, 1'],
    ['text for a number', small({ in_channels: '3' }), 'in_channels is "3", not a whole number from 1'],
    [
      'a fraction',
      small({ layers_per_block: 1.5 }),
      'layers_per_block is 1.5, not a whole number from 1 to 100',
    ],
    ['text for yes', small({ add_attention: 'yes' }), 'add_attention is "yes", not true or false'],
    ['no list', small({ block_out_channels: 8 }), 'block_out_channels is 8, not a list of one to 16 widths'],
    [
      'an empty list',
      small({ block_out_channels: [] }),
      'block_out_channels is [], not a list of one to 16 widths',
    ],
    [
      'a tower of layers',
      small({ layers_per_block: 1e9 }),
      'layers_per_block is 1000000000, not a whole number from 1 to 100',
    ],
    [
      'a million levels',
      small({ block_out_channels: Array(1e6).fill(8) }),
      `block_out_channels is [${'8,'.repeat(29)}8…, not a list of one to 16 widths`,
    ],
    [
      'levels without blocks',
      small({ block_out_channels: [8, 16, 16] }),
      'down_block_types, up_block_types and block_out_channels have 2, 2, 3 entries, and should have the same number',
    ],
    [
      'an odd image',
      small({ sample_size: 17 }),
      'sample_size is 17×17, and has to be a multiple of 2 for 2 levels',
    ],
    [
      'groups that leave a rest',
      small({ norm_num_groups: 6 }),
      'block_out_channels has 8 and 16, which norm_num_groups = 6 does not divide',
    ],
    [
      'attention groups that leave a rest',
      small({ attn_norm_num_groups: 5 }),
      'attn_norm_num_groups is 5, which does not divide the 16 channels of the mid block',
    ],
    [
      'heads wider than the block',
      small({ attention_head_dim: 32 }),
      'attention_head_dim is 32, too wide for a block of 16 channels',
    ],
    [
      'no frequencies',
      small({ freq_shift: 4 }),
      'block_out_channels starts with 8, which leaves no frequencies at freq_shift = 4',
    ],
    [
      'learned times without a number',
      small({ time_embedding_type: 'learned' }),
      'time_embedding_type is learned, and num_train_timesteps does not say how many times there are',
    ],
    [
      'an output that is no image',
      small({ out_channels: 4 }),
      'out_channels is 4, neither in_channels = 3 nor, with a variance, twice that',
    ],
    [
      'a division by zero',
      small({ mid_block_scale_factor: 0 }),
      'mid_block_scale_factor is 0, and is divided by',
    ],
  ])('refuses %s in one sentence', (_, json, reason) => {
    expect(refusal(json)).toBe(`model/config.json is not usable: ${reason}.`)
  })
})
