/**
 * The blocks that `config.json` names: down, mid and up.
 */
import { around, type Layer, type Layers } from './layers.ts'
import { timeWidth, type DownBlockType, type UNet2DConfig, type UpBlockType } from './unet2d-options.ts'
import { attentionBlock, resnetBlock, type BlockStyle, type TimedLayer } from './unet2d-layers.ts'

/** Where a block stands: its name in the checkpoint, its channels, and whether it changes the size at its end. */
interface Place {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly resizes: boolean
}

/** Every stage of the way down, in order; the last is where the next block goes on. */
export type DownBlock<T> = (x: T, temb: T) => readonly T[]

/** A block on the way up joins what the way down left, the last first: one image per stage. */
export type UpBlock<T> = (x: T, skips: readonly T[], temb: T) => T

/**
 * The style that a config prescribes for its blocks.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * expect(blockStyle(config)).toEqual({
 *   time: 32, activation: 'silu', norm: { groups: 4, eps: 1e-5 }, conditioning: 'default',
 * })
 * ```
 */
export const blockStyle = (config: UNet2DConfig): BlockStyle => ({
  time: timeWidth(config),
  activation: config.act_fn,
  norm: { groups: config.norm_num_groups, eps: config.norm_eps },
  conditioning: config.resnet_time_scale_shift,
})

/** One resnet, with attention behind it if the block has any. */
const stage = <T>(
  nn: Layers<T>,
  config: UNet2DConfig,
  block: string,
  index: number,
  channels: { readonly from: number; readonly to: number },
  attends: boolean,
): TimedLayer<T> => {
  const style = blockStyle(config)
  const resnet = resnetBlock(nn, `${block}.resnets.${String(index)}`, style, channels)
  if (!attends) return resnet
  const attention = attentionBlock(nn, `${block}.attentions.${String(index)}`, {
    channels: channels.to,
    headDim: config.attention_head_dim,
    norm: style.norm,
  })
  return (x, temb) => attention(resnet(x, temb))
}

/** Whether a block changes the size inside a resnet: what its type says or, for those with attention, the config. */
const resizesByResnet = (type: DownBlockType | UpBlockType, attention: 'conv' | 'resnet'): boolean =>
  type.startsWith('Resnet') || (type.startsWith('Attn') && attention === 'resnet')

/** Halves an image: by a strided convolution, or inside a resnet. */
const halving = <T>(
  nn: Layers<T>,
  config: UNet2DConfig,
  type: DownBlockType,
  block: string,
  channels: number,
): TimedLayer<T> => {
  const name = `${block}.downsamplers.0`
  if (resizesByResnet(type, config.downsample_type))
    return resnetBlock(nn, name, blockStyle(config), { from: channels, to: channels, resize: 'half' })
  // Without padding, a row is added below and a column on the right, as the DDPM authors' TensorFlow did.
  const padding = config.downsample_padding === 0 ? { top: 0, bottom: 1, left: 0, right: 1 } : around(1)
  return nn.conv(`${name}.conv`, channels, channels, { stride: 2, padding })
}

/** Doubles an image: by repeating pixels and smoothing them with a convolution, or inside a resnet. */
const doubling = <T>(
  nn: Layers<T>,
  config: UNet2DConfig,
  type: UpBlockType,
  block: string,
  channels: number,
): TimedLayer<T> => {
  const name = `${block}.upsamplers.0`
  if (resizesByResnet(type, config.upsample_type))
    return resnetBlock(nn, name, blockStyle(config), { from: channels, to: channels, resize: 'double' })
  const smooth = nn.conv(`${name}.conv`, channels, channels)
  return (x) => smooth(nn.algebra.upsample(x))
}

/**
 * A block on the way down: `layers_per_block` stages, then a halving.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4, layers_per_block: 1 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const nn = layers(shapes(() => undefined), (_, shape) => shape)
 * const block = downBlock(nn, config, 'DownBlock2D', { name: 'down_blocks.0', from: 8, to: 16, resizes: true })
 * expect(block([1, 8, 8, 8], [1, 32])).toEqual([[1, 8, 8, 16], [1, 4, 4, 16]])
 * ```
 */
export const downBlock = <T>(
  nn: Layers<T>,
  config: UNet2DConfig,
  type: DownBlockType,
  { name, from, to, resizes }: Place,
): DownBlock<T> => {
  const stages = Array.from({ length: config.layers_per_block }, (_, j) =>
    stage(nn, config, name, j, { from: j === 0 ? from : to, to }, type === 'AttnDownBlock2D'),
  )
  const path = resizes ? [...stages, halving(nn, config, type, name, to)] : stages
  return (x, temb) => path.reduce<readonly T[]>((seen, layer) => [...seen, layer(seen.at(-1) ?? x, temb)], [])
}

/**
 * The block at the lowest resolution: resnet, attention if the config adds it, resnet.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const nn = layers(shapes(() => undefined), (_, shape) => shape)
 * expect(midBlock(nn, config, 8)([1, 8, 8, 8], [1, 32])).toEqual([1, 8, 8, 8])
 * ```
 */
export const midBlock = <T>(nn: Layers<T>, config: UNet2DConfig, channels: number): TimedLayer<T> => {
  const style = blockStyle(config)
  const divisor = config.mid_block_scale_factor
  const inherited = style.conditioning === 'default' ? config.norm_num_groups : null
  const groups = config.attn_norm_num_groups ?? inherited

  const before = resnetBlock(nn, 'mid_block.resnets.0', style, { from: channels, to: channels, divisor })
  const attention: Layer<T> = config.add_attention
    ? attentionBlock(nn, 'mid_block.attentions.0', {
        channels,
        headDim: config.attention_head_dim,
        norm: groups === null ? undefined : { groups, eps: config.norm_eps },
        divisor,
      })
    : (x) => x
  const after = resnetBlock(nn, 'mid_block.resnets.1', style, { from: channels, to: channels, divisor })
  return (x, temb) => after(attention(before(x, temb)), temb)
}

/**
 * A block on the way up: one stage more than on the way down, each joined with what the way down left, then a doubling.
 *
 * @remarks
 * `place.from` are the channels that come from below, and `place.below` those of the block that the next one mirrors:
 * the last stage takes its skip from there.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4, layers_per_block: 1 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const nn = layers(shapes(() => undefined), (_, shape) => shape)
 * const place = { name: 'up_blocks.0', from: 16, to: 16, below: 8, resizes: true }
 * const block = upBlock(nn, config, 'UpBlock2D', place)
 * expect(block([1, 4, 4, 16], [[1, 4, 4, 8], [1, 4, 4, 16]], [1, 32])).toEqual([1, 8, 8, 16])
 * ```
 */
export const upBlock = <T>(
  nn: Layers<T>,
  config: UNet2DConfig,
  type: UpBlockType,
  { name, from, to, below, resizes }: Place & { readonly below: number },
): UpBlock<T> => {
  const last = config.layers_per_block
  const stages = Array.from({ length: last + 1 }, (_, j) => {
    const joined = (j === 0 ? from : to) + (j === last ? below : to)
    return stage(nn, config, name, j, { from: joined, to }, type === 'AttnUpBlock2D')
  })
  const double: TimedLayer<T> = resizes ? doubling(nn, config, type, name, to) : (x) => x
  return (x, skips, temb) => {
    const joined = stages.reduce((h, layer, j) => {
      const skip = skips.at(-1 - j)
      return layer(skip === undefined ? h : nn.algebra.concat([h, skip]), temb)
    }, x)
    return double(joined, temb)
  }
}
