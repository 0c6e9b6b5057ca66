/** The frequencies of the positional embedding of time, as the networks were trained with them. */
import type { Sinusoid } from './algebra.ts'

/**
 * `w_k = 10000^(−k/(dim/2 − freqShift))` for k below `dim/2`.
 *
 * @remarks
 * Rounded to float32 wherever torch rounds, because that is what the weights have learned to expect: at t = 999 the
 * difference reaches 1e-4 in the argument of the sine.
 *
 * @example
 * ```ts
 * expect(frequencies({ dim: 4, flipSinToCos: true, freqShift: 0 })).toEqual(Float32Array.of(1, 0.01))
 * ```
 */
export const frequencies = ({ dim, freqShift }: Sinusoid): Float32Array => {
  const half = Math.floor(dim / 2)
  const logPeriod = Math.fround(-Math.log(10000))
  return Float32Array.from({ length: half }, (_, k) =>
    Math.exp(Math.fround(Math.fround(logPeriod * k) / Math.fround(half - freqShift))),
  )
}
