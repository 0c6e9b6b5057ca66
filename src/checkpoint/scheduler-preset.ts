/**
 * What diffusers itself would do with a checkpoint: its `scheduler_config.json` as a preset.
 */
import type { ClipChoice } from '../diffusion/clip.ts'
import type { Preset } from '../diffusion/preset.ts'
import type { Variance } from '../diffusion/rule.ts'
import { leading, linspace, type Spacing, trailing } from '../diffusion/spacing.ts'
import type { SchedulerConfig } from './scheduler-config.ts'

const spacingOf = ({
  timestep_spacing: spacing,
  steps_offset: offset,
}: SchedulerConfig): ((count: number) => Spacing) =>
  ({ trailing, linspace, leading: (count: number) => leading(count, { offset }) })[spacing]

/** Thresholding comes before clipping, where a file asks for both. */
const clipOf = (config: SchedulerConfig): ClipChoice => {
  if (config.thresholding)
    return {
      mode: 'threshold',
      range: 1,
      ratio: config.dynamic_thresholding_ratio,
      largest: config.sample_max_value,
    }
  return config.clip_sample ? { mode: 'x0', range: config.clip_sample_range } : 'none'
}

/** The logarithms are of the same variances: `fixed_large_log` is NaN in diffusers, and is taken for what it says. */
const variances: Readonly<Record<SchedulerConfig['variance_type'], Variance>> = {
  fixed_small: 'fixed-small',
  fixed_small_log: 'fixed-small',
  fixed_large: 'fixed-large',
  fixed_large_log: 'fixed-large',
  learned: 'learned',
  learned_range: 'learned-range',
}

/**
 * The habits that a `scheduler_config.json` asks of diffusers' `DDIMScheduler` and `DDPMScheduler`:
 *
 * | of the file | here |
 * |---|---|
 * | `timestep_spacing`, `steps_offset` (of leading alone) | spacing |
 * | `clip_sample`, `clip_sample_range` | clip `x0`, to that range, or none |
 * | `thresholding`, `dynamic_thresholding_ratio`, `sample_max_value` | clip `threshold`, which comes first |
 * | `set_alpha_to_one` | the final level of ddim; ddpm's is clean |
 * | `variance_type` | the variance of ddpm |
 *
 * @remarks
 * What the file says of the training (βs, T, `prediction_type`, `rescale_betas_zero_snr`) is no habit: a model that is
 * loaded has it with any preset. Not followed are diffusers' stride, which is not the distance to the next timestep of its
 * trailing and linspace spacings, and its noise on the last image of spacings that do not end at t = 0.
 *
 * @param config - as the file has it, over {@link schedulerDefaults}
 *
 * @example
 * ```ts
 * const preset = schedulerPreset({ ...schedulerDefaults, steps_offset: 1, clip_sample: false, set_alpha_to_one: false })
 * expect(preset.spacing(50).name).toBe('leading(50, offset 1)')
 * expect(preset.clip.ddim).toBe('none')
 * expect(preset.finalLevel).toEqual({ ddim: 'first', ddpm: 'clean' })
 * ```
 */
export const schedulerPreset = (config: SchedulerConfig): Preset => {
  const clip = clipOf(config)
  return {
    spacing: spacingOf(config),
    clip: { ddim: clip, ddpm: clip },
    variance: variances[config.variance_type],
    finalLevel: { ddim: config.set_alpha_to_one ? 'clean' : 'first', ddpm: 'clean' },
  }
}
