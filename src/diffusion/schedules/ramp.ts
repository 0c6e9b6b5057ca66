/**
 * Evenly spaced numbers, as NumPy and PyTorch make them.
 */
import type * as t from 'io-ts'
import { numberIn } from '../../codecs.ts'
import { checkedSteps, type Precision } from './table.ts'

/**
 * T numbers from one to another, both included; one alone is the first.
 *
 * @remarks
 * In `f64` as `numpy.linspace`: `from + t·step`, and the last is exactly `to`. In `f32` as `torch.linspace`: the step is
 * rounded, and the upper half counts down from `to`.
 *
 * @throws ScheduleInvalid for a T that is not a whole number from 1 to 10⁶
 *
 * @example
 * ```ts
 * expect([...ramp(3, 0, 1, 'f64')]).toEqual([0, 0.5, 1])
 * ```
 */
export const ramp = (trainedSteps: number, from: number, to: number, precision: Precision): Float64Array => {
  const length = checkedSteps(trainedSteps)
  if (precision === 'f64') {
    const step = (to - from) / (length - 1)
    return Float64Array.from({ length }, (_, t) => (t === 0 ? from : t === length - 1 ? to : from + t * step))
  }
  const [start, end] = [Math.fround(from), Math.fround(to)]
  const step = Math.fround(Math.fround(end - start) / (length - 1))
  const half = length / 2
  return Float64Array.from({ length }, (_, t) =>
    length === 1
      ? start
      : Math.fround(t < Math.floor(half) ? start + t * step : end - (length - 1 - t) * step),
  )
}

/** The ends of a schedule whose β runs from one value to another. */
export interface BetaRange {
  /** β of the first timestep. */
  readonly betaStart?: number
  /** β of the last timestep. */
  readonly betaEnd?: number
}

/**
 * The codecs of {@link BetaRange}.
 *
 * @example
 * ```ts
 * expect(Object.keys(betaSettings)).toEqual(['betaStart', 'betaEnd'])
 * ```
 */
export const betaSettings: t.Props = { betaStart: numberIn(0, 1), betaEnd: numberIn(0, 1) }
