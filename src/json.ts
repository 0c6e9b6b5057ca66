/**
 * JSON that somebody else wrote: parsed without exceptions, told apart, and quoted in sentences.
 */
import { E } from './fp.ts'

/**
 * Parses JSON.
 *
 * @param source - text, or its bytes in UTF-8
 * @returns what is wrong, or the value
 *
 * @example
 * ```ts
 * expect(parseJson('{"a": 1}')).toEqual(E.right({ a: 1 }))
 * expect(parseJson('{"a": ')).toEqual(E.left('it is not valid JSON'))
 * ```
 */
export const parseJson = (source: string | Uint8Array): E.Either<string, unknown> => {
  try {
    const text =
      typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true }).decode(source)
    const value: unknown = JSON.parse(text)
    return E.right(value)
  } catch (error) {
    return E.left(error instanceof SyntaxError ? 'it is not valid JSON' : 'it is not UTF-8 text')
  }
}

/**
 * Whether a value is an object with keys: neither an array nor null.
 *
 * @example
 * ```ts
 * expect([{}, [], null].map(isRecord)).toEqual([true, false, false])
 * ```
 */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const LONGEST_QUOTE = 60

/**
 * A value as a sentence can name it: JSON on one line, shortened.
 *
 * @example
 * ```ts
 * expect(quote([1, 'a'])).toBe('[1,"a"]')
 * expect(quote(undefined)).toBe('missing')
 * ```
 */
export const quote = (value: unknown): string => {
  if (value === undefined) return 'missing'
  const text = stringify(value)
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`
}

const stringify = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch {
    // parsing knows no depth, but writing recurses
    return 'nested too deeply to show'
  }
}
