/** The numbers that sinks are told, looked at before a run begins. */
import { fail, type FailureOf } from '../../failure.ts'

/** Numbers that several sinks know; others than these are not looked at. */
interface Numbers {
  readonly fps?: number | undefined
  readonly hold?: number | undefined
  readonly every?: number | undefined
  readonly scale?: number | undefined
  readonly columns?: number | undefined
  readonly steps?: number | readonly number[] | undefined
}

/** The end of a sentence, and what fits it. */
type Expectation = readonly [what: string, fits: (value: number) => boolean]

const wholeFrom = (least: number): Expectation => [
  `a whole number from ${String(least)}`,
  (value) => Number.isSafeInteger(value) && value >= least,
]

const expected: ReadonlyArray<readonly [name: Exclude<keyof Numbers, 'steps'>, expectation: Expectation]> = [
  ['fps', ['a number above 0', (value) => Number.isFinite(value) && value > 0]],
  ['hold', ['a number of seconds from 0', (value) => Number.isFinite(value) && value >= 0]],
  ['every', wholeFrom(1)],
  ['scale', wholeFrom(1)],
  ['columns', wholeFrom(1)],
]

const refusal = (
  operator: string,
  name: string,
  value: unknown,
  what: string,
): FailureOf<'OperatorInvalid'> =>
  fail('OperatorInvalid', { operator, reason: `${name} is ${String(value)}, and has to be ${what}` })

/**
 * Refuses numbers that no picture or film can be made with.
 *
 * @param operator - the sink that is told them, for the refusal
 * @param options - those of the sink; what is not said is not looked at
 * @throws OperatorInvalid
 *
 * @example
 * ```ts
 * expect(() => checkOptions('toGif', { fps: 0 })).toThrow('fps is 0, and has to be a number above 0')
 * ```
 */
export const checkOptions = (operator: string, options: Numbers): void => {
  for (const [name, [what, fits]] of expected) {
    const value = options[name]
    if (value !== undefined && !fits(value)) throw refusal(operator, name, value, what)
  }
  const { steps } = options
  const chosen = typeof steps === 'number' ? [steps - 1] : (steps ?? [0])
  const [what, fits] = wholeFrom(0)
  if (chosen.length === 0 || !chosen.every(fits))
    throw refusal(
      operator,
      'steps',
      typeof steps === 'number' ? steps : `[${chosen.join(', ')}]`,
      `${wholeFrom(1)[0]}, or a list of steps, each ${what}`,
    )
}
