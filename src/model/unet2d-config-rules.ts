/**
 * What must hold between the values of a config, each rule with the clause that says how it is broken.
 */
import type { UNet2DConfig } from './unet2d-options.ts'

type Rule = (config: UNet2DConfig) => readonly string[]

const when = (broken: boolean, clause: string): readonly string[] => (broken ? [clause] : [])
const say = (...numbers: readonly number[]): string => numbers.join(' and ')

const oneBlockPerLevel: Rule = ({ down_block_types, up_block_types, block_out_channels }) => {
  const counts = [down_block_types.length, up_block_types.length, block_out_channels.length]
  return when(
    new Set(counts).size > 1,
    `down_block_types, up_block_types and block_out_channels have ${counts.join(', ')} entries, and should have the same number`,
  )
}

const evenHalvings: Rule = ({ sample_size, block_out_channels: { length: levels } }) => {
  const unit = 2 ** (levels - 1)
  return when(
    sample_size.some((extent) => extent % unit !== 0),
    `sample_size is ${sample_size.join('×')}, and has to be a multiple of ${String(unit)} for ${String(levels)} levels`,
  )
}

const wholeGroups: Rule = ({ norm_num_groups, block_out_channels }) => {
  const odd = block_out_channels.filter((channels) => channels % norm_num_groups !== 0)
  return when(
    odd.length > 0,
    `block_out_channels has ${say(...odd)}, which norm_num_groups = ${String(norm_num_groups)} does not divide`,
  )
}

const wholeAttentionGroups: Rule = ({ attn_norm_num_groups: groups, block_out_channels, add_attention }) => {
  const channels = block_out_channels.at(-1) ?? 0
  return when(
    add_attention && groups !== null && channels % groups !== 0,
    `attn_norm_num_groups is ${String(groups)}, which does not divide the ${String(channels)} channels of the mid block`,
  )
}

const atLeastOneHead: Rule = ({
  attention_head_dim: dim,
  block_out_channels,
  down_block_types,
  up_block_types,
  mid_block_type,
  add_attention,
}) => {
  const last = block_out_channels.length - 1
  const attends = block_out_channels.filter(
    (_, i) =>
      down_block_types[i] === 'AttnDownBlock2D' ||
      up_block_types[last - i] === 'AttnUpBlock2D' ||
      (i === last && mid_block_type !== null && add_attention),
  )
  const narrow = attends.filter((channels) => dim !== null && channels < dim)
  return when(
    narrow.length > 0,
    `attention_head_dim is ${String(dim)}, too wide for a block of ${say(...narrow)} channels`,
  )
}

const frequencies: Rule = ({ time_embedding_type, block_out_channels: [width = 0], freq_shift }) =>
  when(
    time_embedding_type === 'positional' && (width < 2 || Math.floor(width / 2) === freq_shift),
    `block_out_channels starts with ${String(width)}, which leaves no frequencies at freq_shift = ${String(freq_shift)}`,
  )

const learnedTimes: Rule = ({ time_embedding_type, num_train_timesteps }) =>
  when(
    time_embedding_type === 'learned' && num_train_timesteps === null,
    'time_embedding_type is learned, and num_train_timesteps does not say how many times there are',
  )

const imageOut: Rule = ({ in_channels, out_channels }) =>
  when(
    out_channels !== in_channels && out_channels !== 2 * in_channels,
    `out_channels is ${String(out_channels)}, neither in_channels = ${String(in_channels)} nor, with a variance, twice that`,
  )

const notZero: Rule = ({ mid_block_scale_factor }) =>
  when(mid_block_scale_factor === 0, 'mid_block_scale_factor is 0, and is divided by')

const rules: readonly Rule[] = [
  oneBlockPerLevel,
  evenHalvings,
  wholeGroups,
  wholeAttentionGroups,
  atLeastOneHead,
  frequencies,
  learnedTimes,
  imageOut,
  notZero,
]

/**
 * Everything that is wrong between the values of a config, in clauses; nothing, for a sound one.
 *
 * @example
 * ```ts
 * const decoded = decodeUNet2DConfig('config.json')({ sample_size: 64, norm_num_groups: 32 })
 * expect('right' in decoded && contradictions({ ...decoded.right, sample_size: [60, 64] })).toEqual([
 *   'sample_size is 60×64, and has to be a multiple of 8 for 4 levels'])
 * ```
 */
export const contradictions = (config: UNet2DConfig): readonly string[] =>
  rules.flatMap((rule) => rule(config))
