/**
 * How predicted images are clipped: `clip: x0+eps`, `clip: { kind: threshold, ratio: 0.99 }`.
 */
import { numberIn } from '../codecs.ts'
import type { ClipChoice } from '../diffusion/clip.ts'
import { literal, type Staged } from './staged.ts'
import { free, kind, struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

interface Range {
  readonly range?: number
}
interface Threshold extends Range {
  readonly ratio?: number
  readonly largest?: number
}

/** A way to clip; its range, unless said, is the model's. */
export type ClipSettings =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'x0' } & Range)
  | ({ readonly kind: 'x0+eps' } & Range)
  | ({ readonly kind: 'threshold' } & Threshold)
  | ({ readonly kind: 'threshold+eps' } & Threshold)

const range = free(numberIn(0), 'The data lie in [−range, range]; that of the model unless said.')
const threshold = {
  range,
  ratio: free(numberIn(0, 1), 'Which quantile of a sample’s |x̂₀| shall just fit; 0.995 unless said.'),
  largest: free(numberIn(0), 'The most that the quantile is taken for.'),
}

/** The codec of clipping. */
export const clipCodec: Variants<ClipSettings> = variants<ClipSettings>('a way to clip', {
  none: struct('none', { kind: kind('none') }),
  x0: struct('x0', { kind: kind('x0'), range }),
  'x0+eps': struct('x0+eps', { kind: kind('x0+eps'), range }),
  threshold: struct('threshold', { kind: kind('threshold'), ...threshold }),
  'threshold+eps': struct('threshold+eps', { kind: kind('threshold+eps'), ...threshold }),
})

/** Clipping as an expression. */
export const stageClip = ({ kind: mode, ...settings }: ClipSettings): Staged<ClipChoice> =>
  literal<ClipChoice>(Object.keys(settings).length === 0 ? mode : { mode, ...settings })
