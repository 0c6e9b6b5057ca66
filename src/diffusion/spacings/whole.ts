/** What all spacings of whole timesteps have in common. */
import { fail, type Failure, type FailureOf } from '../../failure.ts'
import { E, pipe } from '../../fp.ts'
import { levelAt } from '../schedules/levels.ts'
import type { WholeSpacing } from './spacing.ts'

/**
 * Why a spacing can't be had.
 *
 * @example
 * ```ts
 * expect(unusable('ddim37', 'no stride gives 37 steps')._tag).toBe('SpacingInvalid')
 * ```
 */
export const unusable = (spacing: string, reason: string): FailureOf<'SpacingInvalid'> =>
  fail('SpacingInvalid', { spacing, reason })

/**
 * A spacing from its timesteps, once T is known; refuses those that a schedule of T steps lacks.
 *
 * @param name - how it was asked for
 * @param timesteps - in sampling order, falling
 *
 * @example
 * ```ts
 * const noisiest = wholeSpacing('noisiest', (trainedSteps) => E.right([trainedSteps - 1]))
 * expect(noisiest.levels(linearSchedule())).toEqual(E.right([levelAt(linearSchedule(), 999)]))
 * ```
 */
export const wholeSpacing = (
  name: string,
  timesteps: (trainedSteps: number) => E.Either<Failure, readonly number[]>,
): WholeSpacing => {
  const within = (trainedSteps: number): E.Either<Failure, readonly number[]> =>
    pipe(
      timesteps(trainedSteps),
      E.chain((visited) => {
        const outside = visited.find((t) => t < 0 || t >= trainedSteps)
        if (outside === undefined) return E.right(visited)
        return E.left(
          unusable(
            name,
            `it visits t = ${String(outside)}, and the schedule has 0 to ${String(trainedSteps - 1)}`,
          ),
        )
      }),
    )
  return {
    name,
    timesteps: within,
    levels: (schedule) =>
      pipe(
        within(schedule.trainedSteps),
        E.map((visited) => visited.map((t) => levelAt(schedule, t))),
      ),
  }
}

/**
 * Checks a number of steps.
 *
 * @throws SpacingInvalid for anything but a whole number above 0
 *
 * @example
 * ```ts
 * expect(() => checkedCount('trailing(0)', 0)).toThrow('whole number above 0')
 * ```
 */
export const checkedCount = (name: string, count: number): number => {
  if (!Number.isInteger(count) || count < 1)
    throw unusable(name, 'the number of steps has to be a whole number above 0')
  return count
}

/**
 * A spacing of `count` steps; refuses more steps than there are timesteps.
 *
 * @param name - how it was asked for
 * @param count - S
 * @param timestep - the k-th timestep of S, of a schedule with T
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * const low = counted('low(3)', 3, (k) => 2 - k)
 * expect(low.timesteps(1000)).toEqual(E.right([2, 1, 0]))
 * expect(low.timesteps(2)).toMatchObject(E.left({ _tag: 'TooManySteps' }))
 * ```
 */
export const counted = (
  name: string,
  count: number,
  timestep: (k: number, trainedSteps: number) => number,
): WholeSpacing => {
  checkedCount(name, count)
  return wholeSpacing(name, (trainedSteps) =>
    count > trainedSteps
      ? E.left(fail('TooManySteps', { steps: count, trained: trainedSteps }))
      : E.right(Array.from({ length: count }, (_, k) => timestep(k, trainedSteps))),
  )
}
