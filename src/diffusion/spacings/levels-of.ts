/** The levels of a schedule by whatever was given for a spacing. */
import { checkOptions } from '../../arguments.ts'
import { attempt } from '../../attempt.ts'
import { aSchedule, aSpacing } from '../../expected.ts'
import type { Failure } from '../../failure.ts'
import { E, pipe } from '../../fp.ts'
import type { Level } from '../level.ts'
import type { Schedule } from '../schedules/table.ts'
import type { Spacing } from './spacing.ts'

/**
 * The levels that a spacing picks.
 *
 * @returns why it can't, or ArgumentInvalid for what is no schedule or no spacing
 *
 * @example
 * ```ts
 * const refused = levelsOf(linearSchedule(), 50 as never)
 * expect(refused).toMatchObject(E.left({ message: 'spacing is 50, and has to be a spacing, such as trailing(50).' }))
 * ```
 */
export const levelsOf = (schedule: Schedule, spacing: Spacing): E.Either<Failure, readonly Level[]> =>
  pipe(
    attempt(() => {
      checkOptions({ schedule: aSchedule, spacing: aSpacing }, { schedule, spacing })
    }),
    E.chain(() => spacing.levels(schedule)),
  )
