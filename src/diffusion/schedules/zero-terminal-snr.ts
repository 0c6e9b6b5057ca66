/** A schedule stretched until nothing of the image is left at its end. */
import { checkArgument } from '../../arguments.ts'
import { aSchedule } from '../../expected.ts'
import { fail } from '../../failure.ts'
import { rounding, type Schedule, scheduleFromAlphaBars } from './table.ts'

/**
 * Stretches √ᾱ linearly: the first timestep keeps its own, the last has exactly 0 (arXiv:2305.08891, alg. 1). Networks
 * that are to be sampled on it have to predict v or x₀: ε says nothing where ᾱ is 0.
 *
 * `√ᾱ'_t = (√ᾱ_t − √ᾱ_T)·√ᾱ_0/(√ᾱ_0 − √ᾱ_T)`
 *
 * @param schedule - of at least two timesteps; its precision stays
 * @throws ScheduleInvalid for a single timestep
 *
 * @example
 * ```ts
 * const { alphaBars } = zeroTerminalSnr(linearSchedule())
 * expect(alphaBars[0]).toBeCloseTo(1 - 1e-4, 15)
 * expect(alphaBars[999]).toBe(0)
 * ```
 */
export const zeroTerminalSnr = (schedule: Schedule): Schedule => {
  checkArgument('schedule', aSchedule, schedule)
  const { name, precision = 'f64', alphaBars } = schedule
  if (alphaBars.length < 2)
    throw fail('ScheduleInvalid', { reason: 'a single timestep can’t be both its own first and all noise' })
  const round = rounding(precision)
  const roots = alphaBars.map((alphaBar) => round(Math.sqrt(alphaBar)))
  const [first, last] = [roots[0]!, roots.at(-1)!]
  const stretch = round(first / round(first - last))
  return scheduleFromAlphaBars(
    roots.map((root) => round(round(root - last) * stretch) ** 2),
    `${name}, zero terminal SNR`,
    precision,
  )
}
