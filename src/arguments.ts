/**
 * Arguments that no compiler has looked at: those of JavaScript, and those that were cast.
 */
import { fail, type Failure } from './failure.ts'
import { isRecord, quote } from './json.ts'
import { nearest } from './nearest.ts'

/** What an argument has to be: its name ends the sentence "…, and has to be". io-ts' types are such. */
export interface Expected {
  readonly name: string
  readonly is: (value: unknown) => boolean
}

/** What arguments have to be, by their names. */
export type ExpectedOptions = Readonly<Record<string, Expected>>

/**
 * Something with certain fields, as far as `typeof` tells.
 *
 * @param name - what it is, and how to come by one
 * @param fields - the type of each
 *
 * @example
 * ```ts
 * const duck = having('a duck', { quack: 'function' })
 * expect([{ quack: () => 'quack' }, {}, null].map(duck.is)).toEqual([true, false, false])
 * ```
 */
export const having = (
  name: string,
  fields: Readonly<Record<string, 'function' | 'object' | 'string'>>,
): Expected => ({
  name,
  is: (value) =>
    isRecord(value) &&
    Object.entries(fields).every(([field, type]) => typeof value[field] === type && value[field] !== null),
})

/**
 * A function; what it makes of its arguments shows when it is called.
 *
 * @example
 * ```ts
 * expect([() => 1, 1].map(aFunction.is)).toEqual([true, false])
 * ```
 */
export const aFunction: Expected = { name: 'a function', is: (value) => typeof value === 'function' }

/**
 * A number, finite or not: which ones are possible is another question.
 *
 * @example
 * ```ts
 * expect([1, Infinity, '1'].map(aNumber.is)).toEqual([true, true, false])
 * ```
 */
export const aNumber: Expected = { name: 'a number', is: (value) => typeof value === 'number' }

/**
 * Text, which may be empty.
 *
 * @example
 * ```ts
 * expect(['', 5].map(aText.is)).toEqual([true, false])
 * ```
 */
export const aText: Expected = { name: 'text', is: (value) => typeof value === 'string' }

/**
 * What may be left out.
 *
 * @example
 * ```ts
 * expect([undefined, () => 1, 1].map(orNothing(aFunction).is)).toEqual([true, true, false])
 * ```
 */
export const orNothing = ({ name, is }: Expected): Expected => ({
  name,
  is: (value) => value === undefined || is(value),
})

/**
 * An argument as a sentence can name it.
 *
 * @example
 * ```ts
 * expect([NaN, '1', undefined, () => 1].map(shown)).toEqual(['NaN', '"1"', 'missing', 'a function'])
 * expect(shown(linearSchedule())).toBe('an object with name, trainedSteps, precision, betas, alphaBars')
 * ```
 */
export const shown = (value: unknown): string => {
  if (typeof value === 'function') return 'a function'
  // what is too long to be shown is seen by its keys
  const text = quote(value)
  if (text.endsWith('…') && isRecord(value)) return `an object with ${Object.keys(value).join(', ')}`
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : text
}

const misfit = (argument: string, { name }: Expected, value: unknown): Failure =>
  fail('ArgumentInvalid', { argument, given: shown(value), expected: name })

/**
 * Refuses an argument that is not what it has to be.
 *
 * @param argument - its name, for the sentence
 * @throws ArgumentInvalid
 *
 * @example
 * ```ts
 * expect(() => { checkArgument('work', aFunction, undefined) }).toThrow('work is missing, and has to be a function.')
 * ```
 */
export const checkArgument = (argument: string, expected: Expected, value: unknown): void => {
  if (!expected.is(value)) throw misfit(argument, expected, value)
}

const settings = having('an object of options', {})

/**
 * What is wrong with options, if anything.
 *
 * @param expected - what each has to be
 * @param options - as given
 * @returns ArgumentInvalid with the first that is not what it has to be
 *
 * @example
 * ```ts
 * const flaw = flawOfOptions({ work: aFunction }, { work: 5 })
 * expect(flaw?.message).toBe('work is 5, and has to be a function.')
 * expect(flawOfOptions({ work: aFunction }, 5)?.message).toBe('options is 5, and has to be an object of options.')
 * ```
 */
export const flawOfOptions = (expected: ExpectedOptions, options: unknown): Failure | undefined => {
  if (!isRecord(options)) return misfit('options', settings, options)
  const wrong = Object.entries(expected).find(([name, { is }]) => !is(options[name]))
  return wrong && misfit(wrong[0], wrong[1], options[wrong[0]])
}

/**
 * Refuses options that are not what they have to be.
 *
 * @throws ArgumentInvalid with the first
 *
 * @example
 * ```ts
 * expect(() => { checkOptions({ work: orNothing(aFunction) }, {}) }).not.toThrow()
 * ```
 */
export const checkOptions = (expected: ExpectedOptions, options: unknown): void => {
  const flaw = flawOfOptions(expected, options)
  if (flaw !== undefined) throw flaw
}

/**
 * An option that there is not, if any.
 *
 * @returns NameUnknown, with the nearest
 *
 * @example
 * ```ts
 * expect(strangeOption(['eta'], { etta: 1 })?.message).toBe('There is no option "etta"; there are eta, and the nearest is eta.')
 * ```
 */
export const strangeOption = (known: readonly string[], options: object): Failure | undefined => {
  const strange = Object.keys(options).find((name) => !known.includes(name))
  return strange === undefined
    ? undefined
    : fail('NameUnknown', { what: 'option', given: quote(strange), known, nearest: nearest(known)(strange) })
}
