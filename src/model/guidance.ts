/**
 * What ways of guiding have in common: each makes of a model another, and a weight says how far it goes.
 */
import { shown } from '../arguments.ts'
import type { Level } from '../diffusion/level.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { fail } from '../failure.ts'
import { getEndomorphismMonoid, type M } from '../fp.ts'
import type { Denoiser } from './denoiser.ts'

/** A way to guide a model: an endomorphism of denoisers. */
export type Guidance<T> = (model: Denoiser<T>) => Denoiser<T>

/** How far to go: a number, or a function of where each row is, and of which row it is. */
export type Weight = number | ((level: Level, row: number) => number)

/**
 * Guidance composes: of two, the first is applied first, so the second guides what the first has guided. As `flow` does.
 *
 * @law `empty` is no guidance; `concat` is associative
 *
 * @example
 * ```ts
 * const both = M.concatAll(guidanceMonoid<number>())([guided({ weight: 2 }), guided({ weight: 3 })])
 * const model: Denoiser<number> = {
 *   algebra: numbers, predicts: 'epsilon', schedule: linearSchedule(), shape: [],
 *   labels: { count: 2, unconditional: 1 },
 *   predict: (_x, _t, { labels }) => of({ output: labels?.[0] === 1 ? 10 : 14 }),
 * }
 * const { output } = await firstValueFrom(ask(both(model), { x: 0, t: [9], condition: { labels: [0] } }))
 * expect(output).toBe(10 + 2 * 3 * 4)
 * ```
 */
export const guidanceMonoid = <T>(): M.Monoid<Guidance<T>> => getEndomorphismMonoid<Denoiser<T>>()

/**
 * Refuses what is no weight.
 *
 * @throws GuidanceInvalid for anything but a finite number
 *
 * @example
 * ```ts
 * expect(checkedWeight(7.5)).toBe(7.5)
 * expect(() => checkedWeight(NaN)).toThrow('the weight is NaN')
 * ```
 */
export const checkedWeight = (weight: number): number => {
  if (!Number.isFinite(weight))
    throw fail('GuidanceInvalid', {
      reason: `the weight is ${shown(weight)}, and it has to be a finite number`,
    })
  return weight
}

/**
 * A weight in words.
 *
 * @example
 * ```ts
 * expect([showWeight(2), showWeight(() => 2)]).toEqual(['2', 'by the level'])
 * ```
 */
export const showWeight = (weight: Weight): string =>
  typeof weight === 'number' ? String(weight) : 'by the level'

/**
 * The weight of every row.
 *
 * @remarks
 * Rows may be at times between timesteps; their levels are {@link levelAt}'s, log σ interpolated.
 *
 * @param weight - a number, or a function of the level
 * @param model - whose schedule says what t means; of a number it is not asked
 * @param t - one per row
 * @throws GuidanceInvalid where a weight is not finite; ScheduleInvalid for a function and a t that the schedule does not have
 *
 * @example
 * ```ts
 * const early = ({ t }: Level) => (t > 500 ? 3 : 1)
 * expect(weightsAt(early, { schedule: linearSchedule() }, [900, 100])).toEqual([3, 1])
 * ```
 */
export const weightsAt = (
  weight: Weight,
  { schedule }: Pick<Denoiser<unknown>, 'schedule'>,
  t: readonly number[],
): readonly number[] =>
  t.map((time, row) =>
    checkedWeight(typeof weight === 'number' ? weight : weight(levelAt(schedule, time), row)),
  )
