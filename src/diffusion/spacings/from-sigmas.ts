/** Levels by their amount of noise rather than by their time. */
import { aNumber, checkArgument, type Expected } from '../../arguments.ts'
import { levelAt, levelAtSigma, sigmaOfLevel } from '../schedules/levels.ts'
import type { Schedule } from '../schedules/table.ts'
import { attempt } from '../../attempt.ts'
import type { SigmaRange } from './sigma-sequence.ts'
import type { Spacing } from './spacing.ts'
import { unusable } from './whole.ts'

const checkedSigmas = (name: string, sigmas: readonly number[]): readonly number[] => {
  if (sigmas.length === 0) throw unusable(name, 'it has no noise levels')
  const wrong = sigmas.find((sigma, k) => !(sigma > 0 && sigma < (sigmas[k - 1] ?? Infinity)))
  if (wrong !== undefined)
    throw unusable(name, `σs have to be above 0 and to fall, and ${String(wrong)} breaks that`)
  return sigmas
}

/** A spacing by σs that the schedule may have a say in; what they throw, it answers. */
const bySigmas = (name: string, sigmasOf: (schedule: Schedule) => readonly number[]): Spacing => ({
  name,
  levels: (schedule) =>
    attempt(() => checkedSigmas(name, sigmasOf(schedule)).map((sigma) => levelAtSigma(schedule, sigma))),
})

const listOfSigmas: Expected = {
  name: 'a list of σs',
  is: (value) => Array.isArray(value) && value.every(aNumber.is),
}

/**
 * Just these amounts of noise, at whatever real times a schedule has them ({@link levelAtSigma}).
 *
 * @param sigmas - `σ = √(1/ᾱ − 1)` of every level to visit, above 0, falling. The chain's end is no level to visit: a
 *   last 0, which k-diffusion appends, does not belong here
 * @returns a spacing; it refuses schedules that lack one of the σs (ScheduleInvalid)
 * @throws SpacingInvalid for a list that is empty or does not fall
 *
 * @example
 * ```ts
 * const steps = orThrow(transitions(linearSchedule(), fromSigmas([10, 1])))
 * expect(steps.map(({ from, to }) => [sigmaOfLevel(from), sigmaOfLevel(to)])).toEqual([[expect.closeTo(10, 12), 1], [1, 0]])
 * ```
 */
export const fromSigmas = (sigmas: readonly number[]): Spacing => {
  checkArgument('sigmas', listOfSigmas, sigmas)
  const name = `sigmas(${sigmas.join(', ')})`
  checkedSigmas(name, sigmas)
  return bySigmas(name, () => sigmas)
}

/** The σs of a schedule's ends; infinite noise has no place in a sequence, so the level before it counts. */
const rangeOf = (schedule: Schedule): SigmaRange => {
  const sigmaAt = (t: number): number => sigmaOfLevel(levelAt(schedule, t))
  const last = schedule.trainedSteps - 1
  return {
    sigmaMin: sigmaAt(0),
    sigmaMax: sigmaAt(last > 0 && schedule.alphaBars[last] === 0 ? last - 1 : last),
  }
}

/**
 * A spacing by a sequence of σs between two ends.
 *
 * @param name - how it was asked for
 * @param ends - unless given, σ of the first timestep and of the last, or of the last but one where ᾱ ends at 0
 * @param sequence - falling σs from the most noise to the least; what it throws with any schedule is thrown at once
 *
 * @example
 * ```ts
 * const both = sigmaSpacing('both ends', {}, ({ sigmaMin, sigmaMax }) => [sigmaMax, sigmaMin])
 * expect(both.levels(linearSchedule())).toMatchObject(E.right([{ t: 999 }, { t: 0 }]))
 * ```
 */
export const sigmaSpacing = (
  name: string,
  ends: Partial<SigmaRange>,
  sequence: (range: SigmaRange) => readonly number[],
): Spacing => {
  const { sigmaMin = (ends.sigmaMax ?? 2) / 2, sigmaMax = 2 * sigmaMin } = ends
  sequence({ sigmaMin, sigmaMax })
  return bySigmas(name, (schedule) => sequence({ ...rangeOf(schedule), ...ends }))
}
