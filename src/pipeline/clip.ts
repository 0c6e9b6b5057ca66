/**
 * How predicted images are clipped: `clip: x0+eps`, `clip: { kind: threshold, ratio: 0.99 }`.
 */
import { clipOf, clips, type ClipSettings } from '../diffusion/clip-settings.ts'
import type { ClipChoice } from '../diffusion/clip.ts'
import { registered } from './registered.ts'
import { literal, type Staged } from './staged.ts'
import { Variants } from './variants.ts'

/** The codec of clipping. */
export const clipCodec: Variants<ClipSettings> = new Variants<ClipSettings>(
  'a way to clip',
  registered(clips, {
    defaults: {},
    about: {
      range: 'The data lie in [−range, range]; that of the model unless said.',
      ratio: 'Which quantile of a sample’s |x̂₀| shall just fit; 0.995 unless said.',
      largest: 'The most that the quantile is taken for.',
    },
  }),
)

/** Clipping as an expression. */
export const stageClip = (settings: ClipSettings): Staged<ClipChoice> => literal<ClipChoice>(clipOf(settings))
