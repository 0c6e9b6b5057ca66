/**
 * What the peers choose where the papers leave a choice.
 */
import type { ClipChoice } from './clip.ts'
import type { Variance } from './rule.ts'
import { leading } from './spacings/leading.ts'
import { respacing } from './spacings/respacing.ts'
import type { Spacing } from './spacings/spacing.ts'
import type { FinalLevel } from './transition.ts'

/** A peer whose habits can be had by name. */
export type PresetName = 'ermon' | 'diffusers' | 'openai'

/** One peer's choices, rule by rule. */
export interface Preset {
  readonly spacing: (count: number) => Spacing
  readonly clip: { readonly ddim: ClipChoice; readonly ddpm: ClipChoice }
  /** Of ddpm. */
  readonly variance: Variance
  /** Where the chain ends. */
  readonly finalLevel: { readonly ddim: FinalLevel; readonly ddpm: FinalLevel }
}

const clean = { ddim: 'clean', ddpm: 'clean' } as const

/**
 * The habits of the peers:
 *
 * | | spacing | clip for ddim | clip for ddpm | variance |
 * |---|---|---|---|---|
 * | `ermon` (the authors' code) | leading | none | x0 | fixed-large |
 * | `diffusers` | leading | x0 | x0 | fixed-small |
 * | `openai` (improved-diffusion) | respacing, one section | x0+eps | x0+eps | fixed-large |
 *
 * They end at the clean level. What diffusers does for a checkpoint, its `scheduler_config.json` says: {@link schedulerPreset}.
 *
 * @example
 * ```ts
 * expect(presets.openai.clip.ddim).toBe('x0+eps')
 * ```
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  ermon: {
    spacing: leading,
    clip: { ddim: 'none', ddpm: 'x0' },
    variance: 'fixed-large',
    finalLevel: clean,
  },
  diffusers: {
    spacing: leading,
    clip: { ddim: 'x0', ddpm: 'x0' },
    variance: 'fixed-small',
    finalLevel: clean,
  },
  openai: {
    spacing: (count) => respacing(String(count)),
    clip: { ddim: 'x0+eps', ddpm: 'x0+eps' },
    variance: 'fixed-large',
    finalLevel: clean,
  },
}
