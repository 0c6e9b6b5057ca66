/**
 * diffusers' `UNet2DModel`, written once: a config becomes a function over any algebra.
 *
 * Ho et al. 2020, arXiv:2006.11239, appendix B, with the options that `config.json` has gained since.
 */
import type { NetworkAlgebra, Parameters } from '../algebra/algebra.ts'
import { layers, type Layer, type Layers } from './layers.ts'
import { downBlock, midBlock, upBlock } from './unet2d-blocks.ts'
import { timeWidth, type UNet2DConfig } from './unet2d-options.ts'

/**
 * A network: an image, the time of each row, and the class of each row where the network knows classes.
 *
 * `x` is `[rows, height, width, channels]`; `t` and `labels` are `[rows]`.
 */
export type Network<T> = (x: T, t: T, labels?: T) => T

/**
 * Whether a config asks for labels.
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * expect(takesLabels(config)).toBe(false)
 * expect(takesLabels({ ...config, num_class_embeds: 10 })).toBe(true)
 * ```
 */
export const takesLabels = ({ class_embed_type, num_class_embeds }: UNet2DConfig): boolean =>
  class_embed_type !== null || num_class_embeds !== null

/** Two dense layers with a SiLU between, whatever activation the blocks have. */
const timestepEmbedding = <T>(nn: Layers<T>, name: string, from: number, to: number): Layer<T> => {
  const first = nn.linear(`${name}.linear_1`, from, to)
  const silu = nn.activate('silu')
  const second = nn.linear(`${name}.linear_2`, to, to)
  return (x) => second(silu(first(x)))
}

/** A time as a vector: frequencies, or a row of a learned table. */
const timeProjection = <T>(nn: Layers<T>, config: UNet2DConfig, dim: number): Layer<T> =>
  config.time_embedding_type === 'learned'
    ? nn.embedding('time_proj', config.num_train_timesteps ?? 0, dim)
    : (t) =>
        nn.algebra.sinusoid(t, {
          dim,
          flipSinToCos: config.flip_sin_to_cos,
          freqShift: config.freq_shift,
        })

/** The embedding of time, plus that of the class. */
const conditioning = <T>(nn: Layers<T>, config: UNet2DConfig): ((t: T, labels?: T) => T) => {
  const [first = 0] = config.block_out_channels
  const width = timeWidth(config)
  const project = timeProjection(nn, config, first)
  const embedTime = timestepEmbedding(nn, 'time_embedding', first, width)
  if (!takesLabels(config)) return (t) => embedTime(project(t))

  const embedAsTime = (): Layer<T> => {
    const embed = timestepEmbedding(nn, 'class_embedding', first, width)
    return (labels) => embed(project(labels))
  }
  const embedLabels =
    config.class_embed_type === 'timestep'
      ? embedAsTime()
      : nn.embedding('class_embedding', config.num_class_embeds ?? 0, width)
  return (t, labels) => {
    if (labels === undefined) throw new TypeError('the network is conditioned on labels, and got none')
    return nn.algebra.add(embedTime(project(t)), embedLabels(labels))
  }
}

/**
 * Builds the network that a config describes.
 *
 * @remarks
 * The weights are looked up while it is built, so a missing one is found before anything runs, and a call looks up nothing.
 * The caller owns the result; an algebra with memory to free (tfjs) is run inside its own scope.
 *
 * @param config - a decoded `config.json`
 * @returns for an algebra and its weights, the network: an image of `in_channels` becomes one of `out_channels`
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, in_channels: 1, out_channels: 1, norm_num_groups: 4,
 *   block_out_channels: [8, 16], down_block_types: ['DownBlock2D', 'AttnDownBlock2D'],
 *   up_block_types: ['AttnUpBlock2D', 'UpBlock2D'] }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const zeros: Parameters<Values64> = (_, shape) => values64(shape, () => undefined)
 * const network = unet2d(config)(float64, zeros)
 * const x = values64([2, 8, 8, 1], (data) => data.fill(1))
 * const t = values64([2], (data) => data.fill(500))
 * expect(network(x, t).shape).toEqual([2, 8, 8, 1])
 * ```
 */
export const unet2d =
  (config: UNet2DConfig) =>
  <T>(algebra: NetworkAlgebra<T>, parameter: Parameters<T>): Network<T> => {
    const nn = layers(algebra, parameter)
    const widths = config.block_out_channels
    const up = widths.toReversed()
    const last = widths.length - 1
    const first = widths[0] ?? 0
    const lowest = widths[last] ?? 0
    const skipsPerBlock = config.layers_per_block + 1

    const embed = conditioning(nn, config)
    const convIn = nn.conv('conv_in', config.in_channels, first)
    const downBlocks = config.down_block_types.map((type, i) =>
      downBlock(nn, config, type, {
        name: `down_blocks.${String(i)}`,
        from: widths[Math.max(i - 1, 0)] ?? 0,
        to: widths[i] ?? 0,
        resizes: i < last,
      }),
    )
    const middle = config.mid_block_type === null ? (x: T) => x : midBlock(nn, config, lowest)
    const upBlocks = config.up_block_types.map((type, i) =>
      upBlock(nn, config, type, {
        name: `up_blocks.${String(i)}`,
        from: up[Math.max(i - 1, 0)] ?? 0,
        to: up[i] ?? 0,
        below: up[Math.min(i + 1, last)] ?? 0,
        resizes: i < last,
      }),
    )
    const normOut = nn.groupNorm('conv_norm_out', first, {
      groups: config.norm_num_groups,
      eps: config.norm_eps,
      activation: 'silu',
    })
    const convOut = nn.conv('conv_out', first, config.out_channels)
    const act = nn.activate(config.act_fn)
    const centre: Layer<T> = config.center_input_sample ? (x) => algebra.affine(x, 2, -1) : (x) => x

    return (x, t, labels) => {
      const temb = act(embed(t, labels))
      const stem = convIn(centre(x))
      const skips = downBlocks.reduce<readonly T[]>(
        (seen, block) => [...seen, ...block(seen.at(-1) ?? stem, temb)],
        [stem],
      )
      const top = upBlocks.reduce(
        (h, block, i) => {
          const end = skips.length - i * skipsPerBlock
          return block(h, skips.slice(end - skipsPerBlock, end), temb)
        },
        middle(skips.at(-1) ?? stem, temb),
      )
      return convOut(normOut(top))
    }
  }
