/**
 * What people type after a flag, read with care: each reader says what it expected and what it found.
 */
import { fail, type FailureOf } from '../failure.ts'
import { E } from '../fp.ts'
import { nearest } from '../nearest.ts'
import { quoted } from '../quoted.ts'

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
    return fits ? E.right(value) : refuse(`${flag} takes ${describe(range)}, not ${quoted(text)}`)
  }

/** Reads a path. */
export const readPath =
  (flag: string) =>
  (text: string): Read<string> =>
    text === '' ? refuse(`${flag} takes a path, not ${quoted(text)}`) : E.right(text)

/**
 * Reads one of several words.
 *
 * @param flag - as people type it
 * @param words - there are
 * @param foreign - what a word of another tool is here
 */
export const readOneOf =
  <const Word extends string>(
    flag: string,
    words: readonly Word[],
    foreign: (text: string) => string | undefined = () => undefined,
  ) =>
  (text: string): Read<Word> => {
    const word = words.find((each) => each === text)
    if (word !== undefined) return E.right(word)
    const near = nearest(words)(text)
    const own = foreign(text)
    const hint =
      own !== undefined && own !== near
        ? `; here it is ${own}`
        : near === undefined
          ? ''
          : `; the nearest is ${near}`
    return refuse(`${flag} takes one of ${words.join(', ')}, not ${quoted(text)}${hint}`)
  }

/** Reads whole numbers and ranges of them: `0-63`, `1,4,9`, `0-3,8`. */
export const readWholes =
  (flag: string, most: number) =>
  (text: string): Read<readonly number[]> => {
    const wholes: number[] = []
    for (const part of text.split(',')) {
      const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
      const first = Number(range?.[1])
      const last = Number(range?.[2] ?? range?.[1])
      if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last))
        return refuse(`${flag} takes whole numbers and ranges such as 0-63 or 1,4,9, not ${quoted(text)}`)
      if (last < first)
        return refuse(
          `${flag} takes ranges that rise, such as ${String(last)}-${String(first)}, not ${part.trim()}`,
        )
      const many = last - first + 1
      if (wholes.length + many > most)
        return refuse(`${flag} takes at most ${String(most)} numbers, and ${quoted(text)} has more`)
      wholes.push(...Array.from({ length: many }, (_, i) => first + i))
    }
    return E.right(wholes)
  }
