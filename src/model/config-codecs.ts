/**
 * The io-ts codecs that configs of networks are made of; each says what it expected in the words of the file.
 */
import * as t from 'io-ts'
import { nearest } from '../nearest.ts'

/** How a value is shown in a sentence. */
const show = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? 'missing' : JSON.stringify(value)

/** A codec whose failures say `… is X, not Y`. */
const expecting = <A>(what: string, is: (u: unknown) => u is A, hint?: (u: unknown) => string): t.Type<A> =>
  new t.Type<A>(
    what,
    is,
    (u, context) =>
      is(u) ? t.success(u) : t.failure(u, context, `${show(u)}, not ${what}${hint?.(u) ?? ''}`),
    t.identity,
  )

const isNumber = (u: unknown): u is number => typeof u === 'number' && Number.isFinite(u)
const isInteger =
  (least: number) =>
  (u: unknown): u is number =>
    Number.isInteger(u) && Number(u) >= least

/**
 * `true` or `false`.
 *
 * @example
 * ```ts
 * expect(flag.is('yes')).toBe(false)
 * ```
 */
export const flag: t.Type<boolean> = expecting('true or false', (u): u is boolean => typeof u === 'boolean')

/**
 * Any finite number.
 *
 * @example
 * ```ts
 * expect(real.is(-0.5)).toBe(true)
 * ```
 */
export const real: t.Type<number> = expecting('a number', isNumber)

/**
 * A whole number above zero.
 *
 * @example
 * ```ts
 * expect([3, 0, 1.5].map(positive.is)).toEqual([true, false, false])
 * ```
 */
export const positive: t.Type<number> = expecting('a whole number above 0', isInteger(1))

/**
 * A height and a width.
 *
 * @example
 * ```ts
 * expect(extent.is([28, 28])).toBe(true)
 * ```
 */
export const extent: t.Type<readonly [number, number]> = expecting(
  'a height and width in pixels',
  (u): u is readonly [number, number] => Array.isArray(u) && u.length === 2 && u.every(isInteger(1)),
)

/**
 * One of a few names or numbers; a name that is none of them is answered with the nearest.
 *
 * @example
 * ```ts
 * const refused = oneOf('conv', 'resnet').decode('con')
 * expect(refused).toMatchObject(
 *   E.left([{ message: 'con, not one of conv, resnet; the nearest is conv' }]),
 * )
 * ```
 */
export const oneOf = <const A extends string | number>(...known: readonly [A, ...A[]]): t.Type<A> =>
  expecting(
    `${known.length > 1 ? 'one of ' : ''}${known.join(', ')}`,
    (u): u is A => known.some((name) => name === u),
    (u) => {
      const found = typeof u === 'string' ? nearest(known.map(String))(u) : undefined
      return found === undefined ? '' : `; the nearest is ${found}`
    },
  )

/**
 * `null`, or what the codec says.
 *
 * @example
 * ```ts
 * expect([null, 2, 'a'].map(nullOr(positive).is)).toEqual([true, true, false])
 * ```
 */
export const nullOr = <A>(codec: t.Type<A>): t.Type<A | null> =>
  new t.Type<A | null>(
    `${codec.name} or null`,
    (u): u is A | null => u === null || codec.is(u),
    (u, context) => (u === null ? t.success(null) : codec.validate(u, context)),
    (a) => a,
  )

/**
 * A list, not empty.
 *
 * @example
 * ```ts
 * expect([[1, 2], []].map(listOf(positive).is)).toEqual([true, false])
 * ```
 */
export const listOf = <A>(codec: t.Type<A>): t.Type<readonly A[]> => {
  const list = t.readonlyArray(codec)
  return new t.Type<readonly A[]>(
    `a list of ${codec.name}`,
    (u): u is readonly A[] => list.is(u) && u.length > 0,
    (u, context) =>
      Array.isArray(u) && u.length > 0
        ? list.validate(u, context)
        : t.failure(u, context, `${show(u)}, not a list`),
    (a) => a,
  )
}

/** Where an error is: `down_block_types[1]`. */
const place = (context: t.Context): string =>
  context
    .slice(1)
    .reduce(
      (path, { key }) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
      '',
    )

/**
 * The first error as a clause: `up_block_types[1] is X, not one of …`.
 *
 * @example
 * ```ts
 * expect(firstError([{ value: 1, context: [], message: '1, not true or false' }])).toBe('it is 1, not true or false')
 * ```
 */
export const firstError = ([error]: t.Errors): string => {
  if (error === undefined) return 'nothing is known of the reason'
  return `${place(error.context) || 'it'} is ${error.message ?? show(error.value)}`
}
