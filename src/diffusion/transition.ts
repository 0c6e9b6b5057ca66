/**
 * One step of a sampler, as an interval: from a level, to a level.
 *
 * Nobody ever recomputes "the previous timestep": who holds a transition holds both ends.
 */
import { E, pipe } from '../fp.ts'
import type { Failure } from '../failure.ts'
import { cleanLevel, type Level } from './level.ts'
import { levelAt, type Schedule } from './schedule.ts'
import type { Spacing } from './spacing.ts'

/** One step, from one level to the next. */
export interface Transition {
  /** 0 for the first step of the chain. */
  readonly index: number
  /** How many steps the chain has. */
  readonly count: number
  readonly from: Level
  readonly to: Level
  /** The time that the network is asked about; `from.t` except in inversion. */
  readonly at: number
}

/** Where a chain ends: at the clean level, or at ᾱ of the first timestep (diffusers' `set_alpha_to_one: false`). */
export type FinalLevel = 'clean' | 'first'

/**
 * The steps of a chain: one transition per timestep, each beginning where the one before it ended.
 *
 * @param schedule - what t means
 * @param spacing - which timesteps to visit
 * @param options - `finalLevel`, where the last step leads; clean unless said
 * @returns S transitions, or why the spacing does not fit the schedule (TooManySteps, SpacingInvalid)
 *
 * @example
 * ```ts
 * const [first, last] = E.getOrElseW(() => [])(transitions(linearSchedule(), trailing(2)))
 * expect([first?.from.t, first?.to.t, last?.to]).toEqual([999, 499, cleanLevel])
 * ```
 */
export const transitions = (
  schedule: Schedule,
  spacing: Spacing,
  { finalLevel = 'clean' }: { readonly finalLevel?: FinalLevel } = {},
): E.Either<Failure, readonly Transition[]> =>
  pipe(
    spacing.timesteps(schedule.trainedSteps),
    E.map((timesteps) => {
      const end = finalLevel === 'clean' ? cleanLevel : levelAt(schedule, 0)
      return timesteps.map((t, index): Transition => {
        const next = timesteps[index + 1]
        return {
          index,
          count: timesteps.length,
          from: levelAt(schedule, t),
          to: next === undefined ? end : levelAt(schedule, next),
          at: t,
        }
      })
    }),
  )

/**
 * Whether this is the chain's last step. Noise that a rule adds beyond its formula is left out there:
 * by position, never by looking at t.
 *
 * @example
 * ```ts
 * expect(isLast({ index: 9, count: 10, from: { t: 0, alphaBar: 0.9999 }, to: cleanLevel, at: 0 })).toBe(true)
 * ```
 */
export const isLast = (transition: Transition): boolean => transition.index === transition.count - 1
