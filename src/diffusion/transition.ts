/**
 * One step of a sampler, as an interval: from a level, to a level.
 *
 * Nobody ever recomputes "the previous timestep": who holds a transition holds both ends.
 */
import { E, pipe } from '../fp.ts'
import { checkArgument, having } from '../arguments.ts'
import { fail, type Failure } from '../failure.ts'
import { cleanLevel, type Level } from './level.ts'
import { levelAt } from './schedules/levels.ts'
import type { Schedule } from './schedules/table.ts'
import { levelsOf } from './spacings/levels-of.ts'
import type { Spacing } from './spacings/spacing.ts'
import { knownName } from '../known-name.ts'
import { attempt } from '../attempt.ts'

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

/**
 * Where a chain can end.
 *
 * @example
 * ```ts
 * expect(finalLevels).toEqual(['clean', 'first'])
 * ```
 */
export const finalLevels = ['clean', 'first'] as const

/** Where a chain ends: at the clean level, or at ᾱ of the first timestep (diffusers' `set_alpha_to_one: false`). */
export type FinalLevel = (typeof finalLevels)[number]

/** Which steps of a spacing are taken. */
export interface ChainOptions {
  /** Where the last step leads; clean unless said. */
  readonly finalLevel?: FinalLevel
  /** The index of the first step to take, a whole number from 0; 0 unless said. */
  readonly start?: number
  /** The index before which to end, above `start`; S unless said. */
  readonly end?: number
}

/** Which network call an ascending step makes: at the level that it comes from, or at the one that it leads to. */
export type EvaluateAt = (typeof evaluateAts)[number]

const evaluateAts = ['source', 'destination'] as const

/**
 * The steps between neighbouring levels, in whatever direction these go.
 *
 * @param levels - one more than there are steps
 * @param at - which time the network is asked about; that of the level where a step begins unless said
 *
 * @example
 * ```ts
 * const [step] = transitionsThrough([{ t: 9, alphaBar: 0.1 }, cleanLevel])
 * expect(step).toEqual({ index: 0, count: 1, from: { t: 9, alphaBar: 0.1 }, to: cleanLevel, at: 9 })
 * ```
 */
export const transitionsThrough = (
  levels: readonly Level[],
  at: (from: Level, to: Level) => number = (from) => from.t,
): readonly Transition[] =>
  levels.slice(1).map((to, index) => {
    const from = levels[index]!
    return { index, count: levels.length - 1, from, to, at: at(from, to) }
  })

const endOf = (schedule: Schedule, finalLevel: FinalLevel): E.Either<Failure, Level> =>
  attempt(() =>
    knownName('final level', finalLevels, finalLevel) === 'clean' ? cleanLevel : levelAt(schedule, 0),
  )

/**
 * The steps of a chain: one transition per level, each beginning where the one before it ended.
 *
 * @remarks
 * `start` and `end` leave steps out, and those that are taken keep their index and the chain's count: a chain that is
 * cut short has no last step, and goes on from where it was cut.
 *
 * @param schedule - what t means
 * @param spacing - which levels to visit
 * @param options - `finalLevel`, `start`, `end`
 * @returns S transitions, or `end − start`; or why spacing or options do not fit the schedule (TooManySteps,
 *   SpacingInvalid, ScheduleInvalid)
 *
 * @example
 * ```ts
 * const [first, last] = E.getOrElseW(() => [])(transitions(linearSchedule(), trailing(2)))
 * expect([first?.from.t, first?.to.t, last?.to]).toEqual([999, 499, cleanLevel])
 * expect(transitions(linearSchedule(), trailing(2), { start: 1 })).toEqual(E.right([last]))
 * ```
 */
export const transitions = (
  schedule: Schedule,
  spacing: Spacing,
  { finalLevel = 'clean', start = 0, end }: ChainOptions = {},
): E.Either<Failure, readonly Transition[]> =>
  pipe(
    endOf(schedule, finalLevel),
    E.bindTo('last'),
    E.bindW('levels', () => levelsOf(schedule, spacing)),
    E.map(({ levels, last }) => transitionsThrough([...levels, last])),
    E.filterOrElse(
      (steps) => {
        const last = end ?? steps.length
        return [start, last].every(Number.isInteger) && start >= 0 && last > start && last <= steps.length
      },
      (steps): Failure =>
        fail('SpacingInvalid', {
          spacing: spacing.name,
          reason:
            `steps ${String(start)} to ${String(end ?? steps.length)} were asked for, ` +
            `and there are 0 to ${String(steps.length)}`,
        }),
    ),
    E.map((steps) => steps.slice(start, end)),
  )

/**
 * The steps that are left from a level in mid-chain: to the levels of the spacing that are cleaner, and to the end. They are
 * counted from 0.
 *
 * @param schedule - what t means
 * @param spacing - which levels to visit
 * @param level - where x is
 * @param finalLevel - where the last step leads; clean unless said
 * @returns the steps, none where the level is no noisier than the end; or why the spacing does not fit the schedule
 *
 * @example
 * ```ts
 * const left = transitionsFrom(linearSchedule(), trailing(4), { t: 600, alphaBar: linearSchedule().alphaBars[600]! })
 * expect(pipe(left, E.map((steps) => steps.map(({ from, to }) => [from.t, to.t])))).toEqual(
 *   E.right([[600, 499], [499, 249], [249, -1]]),
 * )
 * ```
 */
export const transitionsFrom = (
  schedule: Schedule,
  spacing: Spacing,
  level: Level,
  finalLevel: FinalLevel = 'clean',
): E.Either<Failure, readonly Transition[]> =>
  pipe(
    endOf(schedule, finalLevel),
    E.bindTo('end'),
    E.bindW('levels', () => levelsOf(schedule, spacing)),
    E.map(({ levels, end }) => {
      const between = levels.filter(({ alphaBar }) => alphaBar > level.alphaBar && alphaBar < end.alphaBar)
      return level.alphaBar < end.alphaBar ? transitionsThrough([level, ...between, end]) : []
    }),
  )

/**
 * The steps of a chain backwards, from image to noise: from where {@link transitions} end to where they begin. With
 * DDIM at η = 0 they encode an image (arXiv:2010.02502, sec. 4.3 and 5.4).
 *
 * @remarks
 * The step from x at one level to x at the next needs ε there, or nearly: at the level it comes from (`source`, the
 * authors' code, which asks for t = 0 at the clean end), or already at the one that it leads to (`destination`,
 * diffusers' `DDIMInverseScheduler`).
 *
 * @param schedule - what t means
 * @param spacing - which levels to visit
 * @param options - `evaluateAt`, and `finalLevel`, where the image is; clean unless said
 * @returns S transitions, or why the spacing does not fit the schedule
 *
 * @example
 * ```ts
 * const ascent = inversionTransitions(linearSchedule(), leading(2), { evaluateAt: 'source' })
 * expect(ascent).toMatchObject(E.right([{ from: { t: -1 }, to: { t: 0 }, at: 0 }, { from: { t: 0 }, to: { t: 500 }, at: 0 }]))
 * ```
 */
export const inversionTransitions = (
  schedule: Schedule,
  spacing: Spacing,
  options: { readonly evaluateAt: EvaluateAt; readonly finalLevel?: FinalLevel },
): E.Either<Failure, readonly Transition[]> =>
  pipe(
    attempt(() => {
      checkArgument('options', having("where to evaluate, such as { evaluateAt: 'source' }", {}), options)
      return knownName('place to evaluate at', evaluateAts, options.evaluateAt)
    }),
    E.bindTo('evaluateAt'),
    E.bindW('first', () => endOf(schedule, options.finalLevel ?? 'clean')),
    E.bindW('levels', () => levelsOf(schedule, spacing)),
    E.map(({ evaluateAt, levels, first }) =>
      transitionsThrough([first, ...levels.toReversed()], (from, to) =>
        evaluateAt === 'source' ? Math.max(0, from.t) : to.t,
      ),
    ),
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

/**
 * β of the step actually taken: `1 − ᾱ_t/ᾱ_{t−1}`, the share of the variance that the noising step in the other direction
 * adds (arXiv:2010.02502, sec. 2). With every timestep visited it is the schedule's.
 *
 * @throws NoiseAscending where the step itself leads to more noise, as in inversion
 *
 * @example
 * ```ts
 * expect(betaOf({ index: 0, count: 1, from: { t: 9, alphaBar: 0.25 }, to: { t: 4, alphaBar: 0.5 }, at: 9 })).toBe(0.5)
 * ```
 */
export const betaOf = ({ from, to }: Transition): number => {
  if (to.alphaBar < from.alphaBar) throw fail('NoiseAscending', { t: from.t })
  // this way nothing is lost: the difference of two levels that are close is exact
  return (to.alphaBar - from.alphaBar) / to.alphaBar
}
