/**
 * The io-ts codecs that settings in files are made of. A codec's name is what a sentence says was expected; its message,
 * where it has one, is a hint at the sentence's end. {@link decodeConfig} puts the sentence together.
 */
import * as t from 'io-ts'
import { nearestHint } from './nearest.ts'

const expecting = <A>(
  expectation: string,
  is: (value: unknown) => value is A,
  hint?: (value: unknown) => string,
): t.Type<A> =>
  new t.Type<A>(
    expectation,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context, hint?.(value))),
    t.identity,
  )

/**
 * One of a few names or numbers; a name that is none of them is answered with the nearest.
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const refused = decodeConfig('a.json', t.type({ kind: oneOf('conv', 'resnet') }))({ kind: 'con' })
 * expect(refused).toMatchObject(
 *   E.left({ reason: 'kind is "con", not one of conv, resnet; the nearest is conv' }),
 * )
 * ```
 */
export const oneOf = <const A extends string | number>(...known: readonly [A, ...A[]]): t.Type<A> =>
  expecting(
    `${known.length > 1 ? 'one of ' : ''}${known.join(', ')}`,
    (value): value is A => known.some((one) => one === value),
    nearestHint(known.map(String)),
  )

/**
 * A finite number between two, both included; any, where nothing is said.
 *
 * @example
 * ```ts
 * expect([0, 0.5, 2, '1'].map(numberIn(0, 1).is)).toEqual([true, true, false, false])
 * ```
 */
export const numberIn = (low?: number, high?: number): t.Type<number> =>
  expecting(
    `a number${low === undefined ? '' : ` from ${String(low)}`}${high === undefined ? '' : ` to ${String(high)}`}`,
    (value): value is number =>
      Number.isFinite(value) && Number(value) >= (low ?? -Infinity) && Number(value) <= (high ?? Infinity),
  )

const isWholeFrom =
  (low: number, high = Infinity) =>
  (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high

/**
 * A whole number that is not below another, nor above a third where one is named.
 *
 * @example
 * ```ts
 * expect([3, 0, 1.5].map(wholeFrom(1).is)).toEqual([true, false, false])
 * expect([3, 4].map(wholeFrom(1, 3).is)).toEqual([true, false])
 * ```
 */
export const wholeFrom = (low: number, high?: number): t.Type<number> =>
  expecting(
    `a whole number from ${String(low)}${high === undefined ? '' : ` to ${String(high)}`}`,
    isWholeFrom(low, high),
  )

/**
 * True or false.
 *
 * @example
 * ```ts
 * expect([true, 1].map(yesOrNo.is)).toEqual([true, false])
 * ```
 */
export const yesOrNo: t.Type<boolean> = expecting('true or false', t.boolean.is)

/**
 * Text that is not empty.
 *
 * @example
 * ```ts
 * expect(['cat', ''].map(words.is)).toEqual([true, false])
 * ```
 */
export const words: t.Type<string> = expecting(
  'text',
  (value): value is string => typeof value === 'string' && value !== '',
)

/**
 * A height and a width.
 *
 * @example
 * ```ts
 * expect([[28, 28], [28]].map(extent.is)).toEqual([true, false])
 * ```
 */
export const extent: t.Type<readonly [height: number, width: number]> = expecting(
  'a height and width in pixels',
  (value): value is readonly [number, number] =>
    Array.isArray(value) && value.length === 2 && value.every(isWholeFrom(1)),
)

/**
 * What another codec takes, or `null`.
 *
 * @example
 * ```ts
 * expect([null, 2, 'a'].map(nullOr(wholeFrom(1)).is)).toEqual([true, true, false])
 * ```
 */
export const nullOr = <A>(codec: t.Type<A>): t.Type<A | null> => t.union([codec, t.null])

/**
 * A list, not empty.
 *
 * @param what - its items, in the plural
 * @param codec - of an item
 * @param most - how many there may be; any number unless said. Of a longer list no item is looked at
 *
 * @example
 * ```ts
 * expect([['a', 'b'], []].map(listOf('names', words).is)).toEqual([true, false])
 * ```
 */
export const listOf = <A>(what: string, codec: t.Type<A>, most?: number): t.Type<readonly A[]> => {
  const list = t.readonlyArray(codec)
  const fits = (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.length <= (most ?? Infinity)
  return new t.Type<readonly A[]>(
    `a list of one ${most === undefined ? 'or more' : `to ${String(most)}`} ${what}`,
    (value): value is readonly A[] => fits(value) && list.is(value),
    (value, context) => (fits(value) ? list.validate(value, context) : t.failure(value, context)),
    t.identity,
  )
}
