/**
 * The io-ts codecs that settings in files are made of. A codec's name is what a sentence says was expected; its message,
 * where it has one, is a hint at the sentence's end. {@link decodeConfig} puts the sentence together.
 */
import * as t from 'io-ts'
import { nearestHint } from './nearest.ts'

/** What JSON Schema (draft 2020-12) says of a value. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * A codec of one value, which can say in JSON Schema what it takes.
 *
 * @example
 * ```ts
 * expect(wholeFrom(1)).toBeInstanceOf(Leaf)
 * ```
 */
export class Leaf<A> extends t.Type<A> {
  /** Takes just what the codec takes, of what JSON can say. */
  readonly schema: JsonSchema
  constructor(
    name: string,
    is: (value: unknown) => value is A,
    validate: Leaf<A>['validate'],
    schema: JsonSchema,
  ) {
    super(name, is, validate, t.identity)
    this.schema = schema
  }
}

/**
 * A codec of a list that is not empty.
 *
 * @example
 * ```ts
 * expect(listOf('names', words)).toBeInstanceOf(List)
 * ```
 */
export class List<A> extends t.Type<readonly A[]> {
  readonly item: t.Type<A>
  /** How many items there may be; any number unless said. */
  readonly most: number | undefined
  constructor(
    name: string,
    is: List<A>['is'],
    validate: List<A>['validate'],
    item: t.Type<A>,
    most?: number,
  ) {
    super(name, is, validate, t.identity)
    this.item = item
    this.most = most
  }
}

const expecting = <A>(
  expectation: string,
  is: (value: unknown) => value is A,
  schema: JsonSchema,
  hint?: (value: unknown) => string,
): Leaf<A> =>
  new Leaf<A>(
    expectation,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context, hint?.(value))),
    schema,
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
    known.length > 1 ? { enum: known } : { const: known[0] },
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
    {
      type: 'number',
      ...(low === undefined ? {} : { minimum: low }),
      ...(high === undefined ? {} : { maximum: high }),
    },
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
    { type: 'integer', minimum: low, maximum: high ?? Number.MAX_SAFE_INTEGER },
  )

/**
 * True or false.
 *
 * @example
 * ```ts
 * expect([true, 1].map(yesOrNo.is)).toEqual([true, false])
 * ```
 */
export const yesOrNo: t.Type<boolean> = expecting('true or false', t.boolean.is, { type: 'boolean' })

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
  { type: 'string', minLength: 1 },
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
  {
    type: 'array',
    items: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    minItems: 2,
    maxItems: 2,
  },
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
  return new List<A>(
    `a list of one ${most === undefined ? 'or more' : `to ${String(most)}`} ${what}`,
    (value): value is readonly A[] => fits(value) && list.is(value),
    (value, context) => (fits(value) ? list.validate(value, context) : t.failure(value, context)),
    codec,
    most,
  )
}
