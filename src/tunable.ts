/**
 * Functions whose options can be said in a file or on a command line: they carry the codecs of their options along, and
 * a registry of such functions is all that a reader of settings needs to know.
 */
import type * as t from 'io-ts'
import { oneOf } from './codecs.ts'
import { closed } from './named-settings.ts'

/** A function with the codecs of its options, by name. */
export type Tunable<Make> = Make & { readonly settings: t.Props }

/**
 * Gives a function the codecs of those of its options that are plain data.
 *
 * @param settings - by name; all may be left out
 * @param make - the function, which becomes the result
 *
 * @example
 * ```ts
 * const double = tunable({ by: numberIn(0, 2) }, ({ by = 2 }: { readonly by?: number } = {}) => 21 * by)
 * expect(double()).toBe(42)
 * expect(Object.keys(double.settings)).toEqual(['by'])
 * ```
 */
export const tunable = <Make extends (...args: never[]) => unknown>(
  settings: t.Props,
  make: Make,
): Tunable<Make> => Object.assign(make, { settings })

/**
 * The codecs of a function's options; none of one that has no options.
 *
 * @example
 * ```ts
 * expect(settingsOf(karras)).toHaveProperty('rho')
 * expect(settingsOf(trailing)).toEqual({})
 * ```
 */
export const settingsOf = (make: object): t.Props => ('settings' in make ? (make.settings as t.Props) : {})

/**
 * For each kind of a registry the codec of `{ kind, …its options }`, as {@link byKind} takes them.
 *
 * @param registry - functions by kind
 * @param needed - settings that each needs besides
 * @param free - settings that each may have besides
 *
 * @example
 * ```ts
 * const decode = decodeConfig('a.yaml', byKind(kindCodecs({ karras, trailing }, { count: wholeFrom(1) })))
 * expect(decode({ kind: 'karras', count: 9, rho: 5 })).toEqual(E.right({ kind: 'karras', count: 9, rho: 5 }))
 * expect(decode({ kind: 'trailing', count: 9, rho: 5 })).toMatchObject(
 *   E.left({ reason: 'rho is 5, not a setting here (there are kind, count)' }),
 * )
 * ```
 */
export const kindCodecs = (
  registry: Readonly<Record<string, object>>,
  needed: t.Props = {},
  free: t.Props = {},
): Readonly<Record<string, t.Mixed>> =>
  Object.fromEntries(
    Object.entries(registry).map(([kind, make]) => [
      kind,
      closed({ kind: oneOf(kind), ...needed }, { ...free, ...settingsOf(make) }),
    ]),
  )
