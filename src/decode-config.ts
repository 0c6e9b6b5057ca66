/**
 * Settings in files, decoded; and the one sentence for what does not fit:
 * `up_block_types[1] is "UpBlok2D", not one of UpBlock2D, AttnUpBlock2D; the nearest is UpBlock2D`.
 */
import * as t from 'io-ts'
import { fail, type FailureOf } from './failure.ts'
import { E, pipe } from './fp.ts'
import { isRecord, quote } from './json.ts'
import { NoSetting } from './named-settings.ts'
import { nearestHint } from './nearest.ts'

const joins = (type: t.Decoder<unknown, unknown> | undefined): boolean =>
  type instanceof t.UnionType || type instanceof t.IntersectionType

/** The keys from the root to a value; unions and intersections number their members, which is no part of that way. */
const wayTo = (context: t.Context): readonly string[] =>
  context.filter((_, i) => i > 0 && !joins(context[i - 1]?.type)).map(({ key }) => key)

const render = (way: readonly string[]): string =>
  way.reduce(
    (path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
    '',
  )

/** A sentence's middle, and what it speaks of. */
interface Fault {
  readonly reason: string
  readonly way: readonly string[]
  readonly part: 'key' | 'value'
}

const explain = (errors: t.Errors): Fault => {
  const faults = errors.map(({ context, value, message = '' }) => {
    const way = wayTo(context)
    const type = context.at(-1)?.type
    return {
      way,
      path: render(way),
      value,
      expected: type?.name ?? 'something else',
      part: type instanceof NoSetting ? ('key' as const) : ('value' as const),
      hint: message,
    }
  })
  // of what the members of a union say about the first setting, those that got furthest know best
  const [deepest = { way: [], path: '', value: undefined, part: 'value' as const }] = faults
    .filter(({ way }) => way[0] === faults[0]?.way[0])
    .toSorted((a, b) => b.way.length - a.way.length)
  const known = faults.filter(({ path }) => path === deepest.path)
  const expected = [...new Set(known.map((fault) => fault.expected))].join(' or ')
  const hints = known.map(({ hint }) => hint).join('')
  const reason = `${deepest.path || 'it'} is ${quote(deepest.value)}, not ${expected}${hints}`
  return { reason, way: deepest.way, part: deepest.part }
}

const whole = (reason: string): Fault => ({ reason, way: [], part: 'value' })

/** How a file is decoded beyond its codec. */
export interface DecodeOptions {
  /** All keys that are allowed. */
  readonly closed?: readonly string[]
  /** Where in the file the key or the value stands that keys and indices from the root lead to. */
  readonly placeOf?: (
    way: readonly string[],
    part: 'key' | 'value',
  ) => { readonly line: number; readonly column: number }
}

const unknownKey = (
  known: readonly string[],
  record: Readonly<Record<string, unknown>>,
): string | undefined => Object.keys(record).find((key) => !known.includes(key))

/**
 * Decodes the settings of one file.
 *
 * @param path - what to call the file in a failure
 * @param codec - of an object with named settings
 * @param options - `closed` lists all keys that are allowed; left out, further keys do no harm. `placeOf` says where
 *   in the file something stands, which the failure's path then ends in: `a.yaml:3:7`
 * @returns ConfigInvalid with the first thing that does not fit
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const decoded = decodeConfig('a.json', t.type({ steps: wholeFrom(1) }))({ steps: 0 })
 * expect(decoded).toMatchObject(
 *   E.left({ message: 'a.json is not usable: steps is 0, not a whole number from 1.' }),
 * )
 * ```
 */
export const decodeConfig =
  <A>(
    path: string,
    codec: t.Decoder<unknown, A>,
    { closed, placeOf }: DecodeOptions = {},
  ): ((settings: unknown) => E.Either<FailureOf<'ConfigInvalid'>, A>) =>
  (settings) =>
    pipe(
      settings,
      E.fromPredicate(isRecord, (): Fault => whole('it does not hold named settings')),
      E.chain((record) => {
        const key = closed && unknownKey(closed, record)
        return closed === undefined || key === undefined
          ? E.right(record)
          : E.left<Fault>({
              reason: `it has a setting ${key}, and only ${closed.join(' and ')} are known${nearestHint(closed)(key)}`,
              way: [key],
              part: 'key',
            })
      }),
      E.chain((record) => pipe(codec.decode(record), E.mapLeft(explain))),
      E.mapLeft(({ reason, way, part }) => {
        const place = placeOf?.(way, part)
        const at = place === undefined ? '' : `:${String(place.line)}:${String(place.column)}`
        return fail('ConfigInvalid', { path: path + at, reason })
      }),
    )
