/** Spacings as data: `{ kind: karras, count: 20, rho: 5 }`, as files and command lines say them. */
import type * as t from 'io-ts'
import { listOf, oneOf, wholeFrom, words } from '../../codecs.ts'
import { checkArgument, having } from '../../arguments.ts'
import { byKind, closed } from '../../named-settings.ts'
import { knownName, knownOptions } from '../../known-name.ts'
import { kindCodecs, settingsOf } from '../../tunable.ts'
import * as spacings from './by-name.ts'
import { explicit } from './explicit.ts'
import { respacing } from './respacing.ts'
import type { Spacing } from './spacing.ts'

/**
 * What is said of a spacing: the `count` and the options of one by name, the `timesteps` of an explicit one, or OpenAI's
 * `text` (`ddim50`, `10,15,20`).
 */
export type SpacingSettings =
  | (Readonly<Record<string, unknown>> & { readonly kind: keyof typeof spacings; readonly count: number })
  | { readonly kind: 'explicit'; readonly timesteps: readonly number[] }
  | { readonly kind: 'respacing'; readonly text: string }

/**
 * The codec of {@link SpacingSettings}.
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const decode = decodeConfig('a.yaml', t.type({ steps: spacingCodec }))
 * expect(decode({ steps: { kind: 'karras', count: 20, rho: '5' } })).toMatchObject(
 *   E.left({ reason: 'steps.rho is "5", not a number from 0' }),
 * )
 * ```
 */
export const spacingCodec: t.Type<SpacingSettings> = byKind({
  ...kindCodecs(spacings, { count: wholeFrom(1) }),
  explicit: closed({ kind: oneOf('explicit'), timesteps: listOf('timesteps', wholeFrom(0)) }, {}),
  respacing: closed({ kind: oneOf('respacing'), text: words }, {}),
}) as t.Type<SpacingSettings>

/**
 * The spacing that settings speak of.
 *
 * @throws NameUnknown for a kind or an option that there is not; SpacingInvalid where they make none
 *
 * @example
 * ```ts
 * expect(spacingOf({ kind: 'karras', count: 20, rho: 5 }).name).toBe('karras(20, rho 5)')
 * expect(spacingOf({ kind: 'respacing', text: 'ddim50' }).name).toBe('respacing(ddim50)')
 * ```
 */
export const spacingOf = (settings: SpacingSettings): Spacing => {
  checkArgument('settings', having("settings, such as { kind: 'trailing', count: 50 }", {}), settings)
  if (settings.kind === 'explicit') return explicit(settings.timesteps)
  if (settings.kind === 'respacing') return respacing(settings.text)
  const { kind, count, ...options } = settings
  const named = Object.keys(spacings) as Array<keyof typeof spacings>
  knownName<SpacingSettings['kind']>('spacing', [...named, 'explicit', 'respacing'], kind)
  const make: (count: number, options: object) => Spacing = spacings[kind]
  knownOptions(kind, ['count', ...Object.keys(settingsOf(make))], options)
  return make(count, options)
}
