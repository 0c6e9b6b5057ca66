/**
 * What can be said of a `UNet2DModel`: the keys of its `config.json`, and the values that are supported.
 */
import type { Activation } from '../algebra/algebra.ts'

/**
 * The names of the blocks that halve the image.
 *
 * @example
 * ```ts
 * expect(downBlockTypes).toContain('AttnDownBlock2D')
 * ```
 */
export const downBlockTypes = ['DownBlock2D', 'AttnDownBlock2D', 'ResnetDownsampleBlock2D'] as const
/**
 * The names of the blocks that double it again.
 *
 * @example
 * ```ts
 * expect(upBlockTypes).toContain('AttnUpBlock2D')
 * ```
 */
export const upBlockTypes = ['UpBlock2D', 'AttnUpBlock2D', 'ResnetUpsampleBlock2D'] as const

/** A block that halves the image. */
export type DownBlockType = (typeof downBlockTypes)[number]
/** A block that doubles it again. */
export type UpBlockType = (typeof upBlockTypes)[number]

/**
 * Everything that says what a `UNet2DModel` computes; the names are diffusers'.
 *
 * @remarks
 * `attention_head_dim: null` means one head over all channels, `mid_block_type: null` no mid block,
 * `attn_norm_num_groups: null` as many groups as everywhere, or no norm where the time scales and shifts.
 */
export interface UNet2DConfig {
  /** Height and width, in pixels. */
  readonly sample_size: readonly [height: number, width: number]
  readonly in_channels: number
  readonly out_channels: number
  /** Whether the network takes images in `[0, 1]` and centres them itself. */
  readonly center_input_sample: boolean
  readonly time_embedding_type: 'positional' | 'learned'
  readonly time_embedding_dim: number | null
  readonly freq_shift: number
  readonly flip_sin_to_cos: boolean
  readonly down_block_types: readonly DownBlockType[]
  readonly mid_block_type: 'UNetMidBlock2D' | null
  readonly up_block_types: readonly UpBlockType[]
  readonly block_out_channels: readonly number[]
  readonly layers_per_block: number
  readonly mid_block_scale_factor: number
  readonly downsample_padding: 0 | 1
  readonly downsample_type: 'conv' | 'resnet'
  readonly upsample_type: 'conv' | 'resnet'
  readonly act_fn: Activation
  readonly attention_head_dim: number | null
  readonly norm_num_groups: number
  readonly attn_norm_num_groups: number | null
  readonly norm_eps: number
  readonly resnet_time_scale_shift: 'default' | 'scale_shift'
  readonly add_attention: boolean
  readonly class_embed_type: 'timestep' | null
  readonly num_class_embeds: number | null
  readonly num_train_timesteps: number | null
}

/**
 * The width of the embedding of time: four times the first block, unless the config says.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * expect(timeWidth(config)).toBe(32)
 * ```
 */
export const timeWidth = ({ time_embedding_dim, block_out_channels }: UNet2DConfig): number =>
  time_embedding_dim ?? 4 * (block_out_channels[0] ?? 0)
