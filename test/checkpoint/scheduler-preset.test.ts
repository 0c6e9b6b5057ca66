import { describe, expect, it } from 'vitest'
import { type SchedulerConfig, schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { schedulerPreset } from '../../src/checkpoint/scheduler-preset.ts'
import { presets } from '../../src/diffusion/preset.ts'

const presetOf = (said: Partial<SchedulerConfig>): ReturnType<typeof schedulerPreset> =>
  schedulerPreset({ ...schedulerDefaults, ...said })

describe('schedulerPreset', () => {
  it('comes to the preset diffusers where a file says nothing', () => {
    const { spacing, ...rest } = presetOf({})
    const { spacing: usual, ...habits } = presets.diffusers
    expect(spacing(7).name).toBe(usual(7).name)
    const x0 = { mode: 'x0', range: 1 }
    expect(habits.clip).toEqual({ ddim: 'x0', ddpm: 'x0' })
    expect(rest).toEqual({ ...habits, clip: { ddim: x0, ddpm: x0 } })
  })

  it.each([
    [{}, 'leading(7)'],
    [{ steps_offset: 1 }, 'leading(7, offset 1)'],
    [{ timestep_spacing: 'trailing', steps_offset: 1 }, 'trailing(7)'],
    [{ timestep_spacing: 'linspace' }, 'linspace(7)'],
  ] as const)('takes %j for the spacing', (said, name) => {
    expect(presetOf(said).spacing(7).name).toBe(name)
  })

  it.each([
    [{ clip_sample: false }, 'none'],
    [{ clip_sample_range: 3 }, { mode: 'x0', range: 3 }],
    [
      { thresholding: true, dynamic_thresholding_ratio: 0.9, sample_max_value: 2, clip_sample_range: 3 },
      { mode: 'threshold', range: 1, ratio: 0.9, largest: 2 },
    ],
    [
      { thresholding: true, clip_sample: false },
      { mode: 'threshold', range: 1, ratio: 0.995, largest: 1 },
    ],
  ])('takes %j for the clip', (said, clip) => {
    expect(presetOf(said).clip).toEqual({ ddim: clip, ddpm: clip })
  })

  it('lets ddim end at the first level, and never ddpm', () => {
    expect(presetOf({ set_alpha_to_one: false }).finalLevel).toEqual({ ddim: 'first', ddpm: 'clean' })
  })

  it.each([
    ['fixed_small', 'fixed-small'],
    ['fixed_small_log', 'fixed-small'],
    ['fixed_large', 'fixed-large'],
    ['fixed_large_log', 'fixed-large'],
    ['learned', 'learned'],
    ['learned_range', 'learned-range'],
  ] as const)('takes %s for the variance %s', (variance_type, variance) => {
    expect(presetOf({ variance_type }).variance).toBe(variance)
  })
})
