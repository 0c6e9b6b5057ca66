/**
 * io-ts codecs for the settings that lie beside a checkpoint, and the one sentence for what does not fit them.
 */
import * as t from 'io-ts'
import { fail } from '../failure.ts'
import type { FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { isRecord, quote } from './json.ts'

const refined = <A>(expectation: string, is: (value: unknown) => value is A): t.Type<A, A> =>
  new t.Type(
    expectation,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  )

/**
 * One of several words. The codec's name is what the sentence says that is expected.
 *
 * @example
 * ```ts
 * expect(E.isRight(oneOf('leading', 'trailing').decode('trailing'))).toBe(true)
 * ```
 */
export const oneOf = <Word extends string>(...words: readonly Word[]): t.Type<Word, Word> =>
  refined(`one of ${words.join(', ')}`, (value): value is Word => words.some((word) => word === value))

/**
 * A finite number between two, both included.
 *
 * @example
 * ```ts
 * expect(E.isRight(numberIn(0, 1).decode(0.5))).toBe(true)
 * ```
 */
export const numberIn = (low: number, high: number): t.Type<number, number> =>
  refined(
    Number.isFinite(high)
      ? `a number from ${String(low)} to ${String(high)}`
      : `a number from ${String(low)}`,
    (value): value is number => Number.isFinite(value) && Number(value) >= low && Number(value) <= high,
  )

/**
 * A whole number that is not below another.
 *
 * @example
 * ```ts
 * expect(E.isRight(wholeFrom(1).decode(1000))).toBe(true)
 * ```
 */
export const wholeFrom = (low: number): t.Type<number, number> =>
  refined(
    `a whole number from ${String(low)}`,
    (value): value is number => Number.isSafeInteger(value) && Number(value) >= low,
  )

/**
 * True or false.
 *
 * @example
 * ```ts
 * expect(E.isLeft(yesOrNo.decode(1))).toBe(true)
 * ```
 */
export const yesOrNo: t.Type<boolean, boolean> = refined('true or false', t.boolean.is)

/**
 * Text that is not empty.
 *
 * @example
 * ```ts
 * expect(E.isLeft(words.decode(''))).toBe(true)
 * ```
 */
export const words: t.Type<string, string> = refined(
  'text',
  (value): value is string => typeof value === 'string' && value !== '',
)

/** The keys from the root to a value. Members of a union have numbers for keys, which are no part of that way. */
const way = (context: t.Context): readonly string[] =>
  context
    .filter(({ key }, i) => key !== '' && !(context[i - 1]?.type instanceof t.UnionType))
    .map(({ key }) => key)

const asPath = (keys: readonly string[]): string =>
  keys.reduce(
    (path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
    '',
  )

const explain = (errors: t.Errors): string => {
  const faults = errors.map(({ context, value }) => ({
    value,
    keys: way(context),
    expected: context.at(-1)?.type.name ?? 'something else',
  }))
  // of a union's complaints about one setting the ones that got furthest know best
  const ofFirst = faults.filter(({ keys }) => keys[0] === faults[0]?.keys[0])
  const furthest = Math.max(...ofFirst.map(({ keys }) => keys.length))
  const known = ofFirst.filter(({ keys }) => keys.length === furthest)
  const [{ keys, value } = { keys: [], value: undefined }] = known
  return `${asPath(keys)} is ${quote(value)}, and has to be ${known.map(({ expected }) => expected).join(' or ')}`
}

/**
 * Decodes the settings of one file.
 *
 * @param path - what to call the file in a failure
 * @param codec - of an object with named settings
 * @param options - `closed` lists all keys that are allowed; left out, further keys do no harm
 * @returns ConfigInvalid with the first thing that does not fit
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const decoded = decodeConfig('a.json', t.type({ steps: wholeFrom(1) }))({ steps: 0 })
 * expect(decoded).toMatchObject(
 *   E.left({ message: 'a.json is not usable: steps is 0, and has to be a whole number from 1.' }),
 * )
 * ```
 */
export const decodeConfig =
  <A>(
    path: string,
    codec: t.Decoder<unknown, A>,
    { closed }: { readonly closed?: readonly string[] } = {},
  ): ((settings: unknown) => E.Either<FailureOf<'ConfigInvalid'>, A>) =>
  (settings) =>
    pipe(
      settings,
      E.fromPredicate(isRecord, () => 'it does not hold named settings'),
      E.filterOrElse(
        (record) => unknownKey(record, closed) === undefined,
        (record) =>
          `it has a setting ${String(unknownKey(record, closed))}, and only ${(closed ?? []).join(' and ')} are known`,
      ),
      E.chain((record) => pipe(codec.decode(record), E.mapLeft(explain))),
      E.mapLeft((reason) => fail('ConfigInvalid', { path, reason })),
    )

const unknownKey = (
  record: Readonly<Record<string, unknown>>,
  closed?: readonly string[],
): string | undefined =>
  closed === undefined ? undefined : Object.keys(record).find((key) => !closed.includes(key))
