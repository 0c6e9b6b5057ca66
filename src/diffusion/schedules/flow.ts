/** The schedule of flow matching, as a variance-preserving one. */
import { aNumber, checkArgument } from '../../arguments.ts'
import { fail } from '../../failure.ts'
import { checkedSteps, type Schedule, scheduleFromAlphaBars } from './table.ts'

/** How the times of a flow are spaced. */
export interface FlowOptions {
  /** How much more of them is noise, above 0; 1, none, unless said. */
  readonly shift?: number
  /** Into how many timesteps the time is cut; 1000 unless said. */
  readonly trainedSteps?: number
}

/**
 * `ᾱ = (1−s)²/((1−s)² + s²)`, where a flow is at `(1−s)·x₀ + s·ε` (arXiv:2210.02747, arXiv:2209.03003): the same image among
 * the same noise. t goes evenly through `u = (t+1)/T`, and `s = shift·u/(1 + (shift−1)·u)` (arXiv:2403.03206, eq. 23).
 *
 * @remarks
 * It ends in pure noise, ᾱ = 0, and is exact at every real t, down to −1, the clean end.
 *
 * @throws ScheduleInvalid for a shift that is not above 0, or a T out of range
 *
 * @example
 * ```ts
 * const { alphaBars } = flowSchedule({ trainedSteps: 4 })
 * expect([...alphaBars]).toEqual([expect.closeTo(0.9, 15), 0.5, expect.closeTo(0.1, 15), 0])
 * expect(flowSchedule({ trainedSteps: 4, shift: 3 }).alphaBars[0]).toBeCloseTo(0.5, 15)
 * ```
 */
export const flowSchedule = ({ shift = 1, trainedSteps = 1000 }: FlowOptions = {}): Schedule => {
  checkArgument('shift', aNumber, shift)
  if (!(shift > 0 && shift < Infinity))
    throw fail('ScheduleInvalid', { reason: `the shift of its times is ${shift}, and it has to be above 0` })
  const alphaBarAt = (t: number): number => {
    const u = (t + 1) / checkedSteps(trainedSteps)
    // s/(1−s), which is σ, squared
    const ratio = ((shift * u) / (1 - u)) ** 2
    return 1 / (1 + ratio)
  }
  const tAt = (sigma: number): number => (trainedSteps * sigma) / (shift + sigma) - 1
  const alphaBars = Float64Array.from({ length: checkedSteps(trainedSteps) }, (_, t) => alphaBarAt(t))
  const name = shift === 1 ? 'flow' : `flow(shift ${shift})`
  return { ...scheduleFromAlphaBars(alphaBars, name), continuation: { alphaBarAt, tAt } }
}
