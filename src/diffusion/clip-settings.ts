/** Ways to clip as data: `{ kind: threshold, ratio: 0.99, largest: 4 }`, as files and command lines say them. */
import type * as t from 'io-ts'
import { numberIn } from '../codecs.ts'
import { byKind } from '../named-settings.ts'
import { kindCodecs } from '../tunable.ts'
import type { Clip, ClipChoice, ClipMode } from './clip.ts'

/** What is said of a way to clip: its name, and what else there is to say; see {@link Clip}. */
export type ClipSettings = { readonly kind: ClipMode } & Partial<Omit<Clip, 'mode'>>

const range = { range: numberIn(0) }
const threshold = { ...range, ratio: numberIn(0, 1), largest: numberIn(0) }

/**
 * The ways to clip by name, with the codecs of what else is said of them.
 *
 * @example
 * ```ts
 * expect(Object.keys(clips)).toContain('threshold')
 * ```
 */
export const clips: Readonly<Record<ClipMode, { readonly settings: t.Props }>> = {
  none: { settings: {} },
  x0: { settings: range },
  'x0+eps': { settings: range },
  threshold: { settings: threshold },
  'threshold+eps': { settings: threshold },
}

/**
 * The codec of {@link ClipSettings}.
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const decode = decodeConfig('a.yaml', t.type({ clip: clipCodec }))
 * expect(decode({ clip: 'x0' })).toEqual(E.right({ clip: { kind: 'x0' } }))
 * expect(decode({ clip: { kind: 'x0', ratio: 0.9 } })).toMatchObject(
 *   E.left({ reason: 'clip.ratio is 0.9, not a setting here (there are kind, range)' }),
 * )
 * ```
 */
export const clipCodec: t.Type<ClipSettings> = byKind(kindCodecs(clips)) as t.Type<ClipSettings>

/**
 * The way to clip that settings speak of.
 *
 * @example
 * ```ts
 * expect(clipOf({ kind: 'threshold', ratio: 0.99 })).toEqual({ mode: 'threshold', ratio: 0.99 })
 * ```
 */
export const clipOf = ({ kind, ...rest }: ClipSettings): Exclude<ClipChoice, ClipMode> => ({
  mode: kind,
  ...rest,
})
