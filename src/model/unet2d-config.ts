/**
 * The `config.json` of diffusers' `UNet2DModel`, decoded at the door: every key present, every value supported.
 *
 * The keys keep the names that the file gives them, so a config is read, printed and written back as it is.
 */
import * as t from 'io-ts'
import { extent, listOf, nullOr, numberIn, oneOf, wholeFrom, yesOrNo } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { contradictions } from './unet2d-config-rules.ts'
import { downBlockTypes, upBlockTypes, type UNet2DConfig } from './unet2d-options.ts'

export type { DownBlockType, UNet2DConfig, UpBlockType } from './unet2d-options.ts'

/** What a key that the file leaves out means: the defaults of the class, which are not those of the DDPM models. */
const classDefaults: Readonly<Record<keyof UNet2DConfig, unknown>> = {
  sample_size: null,
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
}

/** Old names of values, which diffusers still takes. */
const withoutPrefix = (name: unknown): unknown =>
  typeof name === 'string' ? name.replace(/^UNetRes/, '') : name
const blockTypes = (names: unknown): unknown => (Array.isArray(names) ? names.map(withoutPrefix) : names)
const activation = (name: unknown): unknown => {
  const lower = typeof name === 'string' ? name.toLowerCase() : name
  return lower === 'swish' ? 'silu' : lower
}

/** The file's keys over the defaults, with the spellings that diffusers treats alike made one. */
const normalise = (file: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  // The first uploads of the DDPM models lack the key and had one head; see semantics of diffusers 0.0.4.
  const oneHead = !('attention_head_dim' in file) && file['_diffusers_version'] === '0.0.4'
  const whole: Readonly<Record<string, unknown>> = {
    ...classDefaults,
    ...(oneHead ? { attention_head_dim: null } : {}),
    ...file,
  }
  const size = whole['sample_size']
  return {
    ...whole,
    sample_size: typeof size === 'number' ? [size, size] : size,
    down_block_types: blockTypes(whole['down_block_types']),
    up_block_types: blockTypes(whole['up_block_types']),
    act_fn: activation(whole['act_fn']),
    downsample_type: whole['downsample_type'] ?? 'conv',
    upsample_type: whole['upsample_type'] ?? 'conv',
  }
}

/** What diffusers calls the class, and what it called it at first. */
const classes: ReadonlySet<string> = new Set(['UNet2DModel', 'UNetUnconditionalModel'])

const count = wholeFrom(1)
/** Far more than any network has, and few enough to build. */
const most = { layers: 100, levels: 16 }

const codec = t.exact(
  t.type({
    sample_size: extent,
    in_channels: count,
    out_channels: count,
    center_input_sample: yesOrNo,
    time_embedding_type: oneOf('positional', 'learned'),
    time_embedding_dim: nullOr(count),
    freq_shift: numberIn(),
    flip_sin_to_cos: yesOrNo,
    down_block_types: listOf('blocks', oneOf(...downBlockTypes), most.levels),
    mid_block_type: nullOr(oneOf('UNetMidBlock2D')),
    up_block_types: listOf('blocks', oneOf(...upBlockTypes), most.levels),
    block_out_channels: listOf('widths', count, most.levels),
    layers_per_block: wholeFrom(1, most.layers),
    mid_block_scale_factor: numberIn(),
    downsample_padding: oneOf(0, 1),
    downsample_type: oneOf('conv', 'resnet'),
    upsample_type: oneOf('conv', 'resnet'),
    act_fn: oneOf('silu', 'mish', 'gelu', 'relu'),
    attention_head_dim: nullOr(count),
    norm_num_groups: count,
    attn_norm_num_groups: nullOr(count),
    norm_eps: numberIn(),
    resnet_time_scale_shift: oneOf('default', 'scale_shift'),
    add_attention: yesOrNo,
    class_embed_type: nullOr(oneOf('timestep')),
    num_class_embeds: nullOr(count),
    num_train_timesteps: nullOr(count),
  }),
)

/**
 * Decodes a config.
 *
 * @remarks
 * An absent key takes the class's default, as in diffusers. Keys that don't bear on inference (`dropout`)
 * are ignored, and a `_class_name` of another class is refused. What can't be computed is refused, and the sentence names the file, the key and what would do.
 *
 * @param path - the file that the JSON is from, for the sentence
 * @returns the config, or `ConfigInvalid`
 *
 * @example
 * ```ts
 * const decode = decodeUNet2DConfig('config.json')
 * const json = { sample_size: 32, block_out_channels: [8, 8], norm_num_groups: 4,
 *   down_block_types: ['DownBlock2D', 'DownBlock2D'], up_block_types: ['UpBlock2D', 'UpBlok2D'] }
 * const refused = decode(json)
 * expect('left' in refused && refused.left.message).toBe(
 *   'config.json is not usable: up_block_types[1] is "UpBlok2D", not one of UpBlock2D, AttnUpBlock2D, ' +
 *     'ResnetUpsampleBlock2D; the nearest is UpBlock2D.')
 * ```
 */
export const decodeUNet2DConfig =
  (path: string) =>
  (json: unknown): E.Either<FailureOf<'ConfigInvalid'>, UNet2DConfig> =>
    pipe(
      json,
      decodeConfig(path, t.UnknownRecord),
      E.filterOrElse(
        ({ _class_name: name }) => typeof name !== 'string' || classes.has(name),
        ({ _class_name: name }) =>
          fail('ConfigInvalid', {
            path,
            reason: `it is of a ${String(name)}, and only a UNet2DModel can be read`,
          }),
      ),
      E.map(normalise),
      E.chain(decodeConfig(path, codec)),
      E.chain((config: UNet2DConfig) => {
        const [contradiction] = contradictions(config)
        return contradiction === undefined
          ? E.right(config)
          : E.left(fail('ConfigInvalid', { path, reason: contradiction }))
      }),
    )
