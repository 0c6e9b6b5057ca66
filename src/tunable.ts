/**
 * Functions whose options can be said in a file or on a command line: they carry the codecs of their options along, and
 * a registry of such functions is all that a reader of settings needs to know.
 */
import type * as t from 'io-ts'
import { type Expected, type ExpectedOptions, flawOfOptions, orNothing, strangeOption } from './arguments.ts'
import { oneOf } from './codecs.ts'
import { type Failure, isFailure } from './failure.ts'
import { closed } from './named-settings.ts'

/** A function with the codecs of its options, by name. */
export type Tunable<Make> = Make & { readonly settings: t.Props }

/** Either of two; the name is that of the first. */
const either = (first: Expected, second: Expected | undefined): Expected =>
  second === undefined
    ? first
    : { name: `${first.name}, or ${second.name}`, is: (value) => first.is(value) || second.is(value) }

/**
 * Gives a function the codecs of those of its options that are plain data, and looks at them when it is called: what the function itself does not
 * refuse, in words of its own, is refused all the same.
 *
 * @param settings - by name; all may be left out
 * @param make - the function, which becomes the result; options are its last argument, and have a default
 * @param others - what else code can give, and files can't: further options, and other values of those
 * @throws when called: what the function throws; ArgumentInvalid for an option that is nothing of its codec, NameUnknown for one that there is not
 *
 * @example
 * ```ts
 * const double = tunable({ by: numberIn(0, 2) }, ({ by = 2 }: { readonly by?: number } = {}) => 21 * by)
 * expect(double()).toBe(42)
 * expect(() => double({ by: 3 })).toThrow('by is 3, and has to be a number from 0 to 2.')
 * expect(Object.keys(double.settings)).toEqual(['by'])
 * ```
 */
export const tunable = <Args extends readonly unknown[], A>(
  settings: t.Props,
  make: (...args: Args) => A,
  others: ExpectedOptions = {},
): Tunable<(...args: Args) => A> => {
  const expected: ExpectedOptions = Object.fromEntries(
    [
      ...Object.entries(others),
      ...Object.entries(settings).map(([name, data]) => [name, either(data, others[name])] as const),
    ].map(([name, one]) => [name, orNothing(one)]),
  )
  const known = Object.keys(expected)
  const flawOf = (options: unknown): Failure | undefined =>
    options === undefined
      ? undefined
      : (flawOfOptions(expected, options) ?? strangeOption(known, options as object))

  const checked = (...args: Args): A => {
    // a function's length is how many arguments come before the first with a default
    const flaw = flawOf(args[make.length])
    if (flaw === undefined) return make(...args)
    try {
      make(...args)
    } catch (error) {
      if (isFailure(error)) throw error
    }
    throw flaw
  }
  return Object.assign(checked, { settings })
}

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
