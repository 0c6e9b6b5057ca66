/** The schedule of the steps actually taken. */
import type { Failure } from '../../failure.ts'
import { E, pipe } from '../../fp.ts'
import { type Schedule, scheduleFromAlphaBars } from '../schedules/table.ts'
import { attempt } from '../../attempt.ts'
import { levelsOf } from './levels-of.ts'
import type { Spacing } from './spacing.ts'

/**
 * A table of S timesteps, one for each level of a spacing, the clean end first: `β'_i = 1 − ᾱ(τ_i)/ᾱ(τ_{i−1})`, with
 * `ᾱ(τ_{−1}) = 1` (arXiv:2102.09672, eq. 19; OpenAI's `SpacedDiffusion`).
 *
 * @remarks
 * No rule needs it: a {@link Transition} knows both of its levels. It is for looking at, and for code that steps through
 * tables. Its t is i: what the network is to see is τ_i.
 *
 * @returns the table, or why the spacing does not fit the schedule
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const table = orThrow(respacedSchedule(schedule, leading(10)))
 * expect(table.alphaBars[9]).toBe(schedule.alphaBars[900])
 * expect(table.betas[9]).toBe(1 - schedule.alphaBars[900]! / schedule.alphaBars[800]!)
 * ```
 */
export const respacedSchedule = (schedule: Schedule, spacing: Spacing): E.Either<Failure, Schedule> =>
  pipe(
    levelsOf(schedule, spacing),
    E.chain((levels) =>
      attempt(() =>
        scheduleFromAlphaBars(
          levels.map((level) => level.alphaBar).reverse(),
          `${schedule.name}, ${spacing.name}`,
          schedule.precision,
        ),
      ),
    ),
  )
