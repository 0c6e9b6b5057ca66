/** Schedules whose ᾱ is a function of the share of the way. */
import type * as t from 'io-ts'
import { aFunction, checkArgument } from '../../arguments.ts'
import { numberIn } from '../../codecs.ts'
import { fail } from '../../failure.ts'
import { checkedSteps, type Schedule, scheduleFromBetas, type TableOptions } from './table.ts'

/** How a function becomes a table. */
export interface FunctionOptions extends TableOptions {
  /** The largest β, in `(0, 1]`; 0.999 unless said. */
  readonly maxBeta?: number
}

/**
 * The codecs of {@link FunctionOptions} beside those of every schedule.
 *
 * @example
 * ```ts
 * expect(Object.keys(functionSettings)).toEqual(['maxBeta'])
 * ```
 */
export const functionSettings: t.Props = { maxBeta: numberIn(0, 1) }

/**
 * A schedule from ᾱ as a function: `β_t = min(1 − ᾱ((t+1)/T)/ᾱ(t/T), 0.999)` — arXiv:2102.09672, sec. 3.2.
 *
 * @remarks
 * Only ratios count, so the function needs no factor that makes it 1 at 0. In `f32` the βs are computed in float64 and
 * then rounded, as in diffusers.
 *
 * @param name - what to call it
 * @param alphaBar - ᾱ, falling, of a share of the way in `[0, 1]`
 * @throws ScheduleInvalid where T or the largest β is out of range, or the function does not fall
 *
 * @example
 * ```ts
 * const halving = scheduleFromFunction('halving', (share) => 2 ** (-2 * share), { trainedSteps: 2 })
 * expect([...halving.alphaBars]).toEqual([0.5, 0.25])
 * ```
 */
export const scheduleFromFunction = (
  name: string,
  alphaBar: (share: number) => number,
  { trainedSteps = 1000, precision = 'f64', maxBeta = 0.999 }: FunctionOptions = {},
): Schedule => {
  checkArgument('alphaBar', aFunction, alphaBar)
  if (!(maxBeta > 0 && maxBeta <= 1))
    throw fail('ScheduleInvalid', {
      reason: `the largest β is ${String(maxBeta)}, and it has to be above 0 and at most 1`,
    })
  return scheduleFromBetas(
    Float64Array.from({ length: checkedSteps(trainedSteps) }, (_, t) =>
      Math.min(1 - alphaBar((t + 1) / trainedSteps) / alphaBar(t / trainedSteps), maxBeta),
    ),
    name,
    precision,
  )
}
