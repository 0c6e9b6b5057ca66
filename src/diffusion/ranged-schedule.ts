/**
 * The schedule of data in another range than `[−1, 1]`: scaled by h, the same noise leaves h²·ᾱ to 1 − ᾱ.
 */
import { aNumber, checkArgument, type Expected } from '../arguments.ts'
import { fail } from '../failure.ts'
import { type Schedule, scheduleFromAlphaBars } from './schedule.ts'

/** Where data lie: their smallest and their largest value. */
export type DataRange = readonly [low: number, high: number]

const twoNumbers: Expected = {
  name: 'two numbers, such as [-1, 1]',
  is: (value) => Array.isArray(value) && value.length === 2 && value.every(aNumber.is),
}

/**
 * Half the width of a range, and its middle.
 *
 * @throws ScheduleInvalid for a range that is empty; ArgumentInvalid for what is none
 *
 * @example
 * ```ts
 * expect(measure([0, 4])).toEqual({ half: 2, centre: 2 })
 * ```
 */
export const measure = (range: DataRange): { readonly half: number; readonly centre: number } => {
  checkArgument('range', twoNumbers, range)
  const [low, high] = range
  const [half, centre] = [(high - low) / 2, (high + low) / 2]
  if (half > 0 && Number.isFinite(half)) return { half, centre }
  throw fail('ScheduleInvalid', { reason: `its data lie in [${low}, ${high}], and that is no range` })
}

/**
 * The schedule of the process of x, where the network's is of data in some range: with its own ᾱ at each timestep and between two.
 *
 * @param range - where the network's data lie
 * @returns a function of the schedule that it was trained on; of a range of width 2 it changes nothing
 * @throws ScheduleInvalid for a range that is empty
 *
 * @example
 * ```ts
 * const { alphaBars } = rangedSchedule([0, 1])(linearSchedule())
 * const [ranged, own] = [alphaBars[500]!, linearSchedule().alphaBars[500]!]
 * expect(ranged / (1 - ranged)).toBeCloseTo(own / (1 - own) / 4, 12)
 * ```
 */
export const rangedSchedule =
  (range: DataRange) =>
  (schedule: Schedule): Schedule => {
    const { half } = measure(range)
    const [low, high] = range
    if (half === 1) return schedule
    const squared = half * half
    const move = (alphaBar: number): number => (squared * alphaBar) / (squared * alphaBar + 1 - alphaBar)
    const { name, precision, alphaBars, continuation } = schedule
    const moved = scheduleFromAlphaBars(alphaBars.map(move), `${name}, data in [${low}, ${high}]`, precision)
    // σ' = σ/h, so what interpolates log σ still does
    return continuation === undefined
      ? moved
      : {
          ...moved,
          continuation: {
            alphaBarAt: (t) => move(continuation.alphaBarAt(t)),
            tAt: (sigma) => continuation.tAt(half * sigma),
          },
        }
  }
