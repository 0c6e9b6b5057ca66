/**
 * What people type after a flag, read with care: each reader says what it expected and what it found.
 */
import { fail, type FailureOf } from '../failure.ts'
import { E } from '../fp.ts'
import { nearest } from '../nearest.ts'

/** A flag's value, or what is wrong with it. */
export type Read<A> = E.Either<FailureOf<'Usage'>, A>

const refuse = (reason: string): E.Either<FailureOf<'Usage'>, never> => E.left(fail('Usage', { reason }))

/** What a number has to be. */
export interface NumberRange {
  readonly whole?: boolean
  readonly least: number
  readonly most?: number
}

const describe = ({ whole = false, least, most }: NumberRange): string =>
  `a ${whole ? 'whole ' : ''}number ${most === undefined ? `from ${String(least)} up` : `from ${String(least)} to ${String(most)}`}`

/** Reads a number. */
export const readNumber =
  (flag: string, range: NumberRange) =>
  (text: string): Read<number> => {
    const value = Number(text)
    const fits =
      text.trim() !== '' &&
      Number.isFinite(value) &&
      (range.whole !== true || Number.isSafeInteger(value)) &&
      value >= range.least &&
      value <= (range.most ?? Infinity)
    return fits ? E.right(value) : refuse(`${flag} takes ${describe(range)}, not ${text}`)
  }

/** Reads one of several words. */
export const readOneOf =
  <const Word extends string>(flag: string, words: readonly Word[]) =>
  (text: string): Read<Word> => {
    const word = words.find((each) => each === text)
    if (word !== undefined) return E.right(word)
    const near = nearest(words)(text)
    return refuse(
      `${flag} takes one of ${words.join(', ')}, not ${text}${near === undefined ? '' : `; did you mean ${near}?`}`.replace(
        /\?$/,
        '?',
      ),
    )
  }

/** Reads whole numbers and ranges of them: `0-63`, `1,4,9`, `0-3,8`. */
export const readWholes =
  (flag: string, most: number) =>
  (text: string): Read<readonly number[]> => {
    const parts = text.split(',').map((part) => /^(\d+)(?:-(\d+))?$/.exec(part.trim()))
    const wrong = (): E.Either<FailureOf<'Usage'>, never> =>
      refuse(
        `${flag} takes whole numbers and ranges such as 0-63 or 1,4,9, at most ${String(most)} of them, not ${text}`,
      )
    const wholes: number[] = []
    for (const part of parts) {
      const first = Number(part?.[1])
      const last = Number(part?.[2] ?? part?.[1])
      const many = last - first + 1
      if (
        !Number.isSafeInteger(first) ||
        !Number.isSafeInteger(last) ||
        many < 1 ||
        wholes.length + many > most
      )
        return wrong()
      wholes.push(...Array.from({ length: many }, (_, i) => first + i))
    }
    return E.right(wholes)
  }
