/** Equal strides from the noisy end. */
import { roundHalfEven } from './round-half-even.ts'
import type { WholeSpacing } from './spacing.ts'
import { counted } from './whole.ts'

/**
 * Equal strides from t = T−1 downwards: `t_k = round(T − k·T/S) − 1` for k = 0 … S−1, halves to even.
 * Every chain starts at pure noise, so few steps are best spent this way (arXiv:2305.08891, sec. 3.3).
 *
 * @remarks
 * The stride is rounded as NumPy's `arange` does it, which decides ties as diffusers does (S = 48: 936, not 937).
 * Its extra timestep −1, which turns up for 62 counts (S = 61 the first), is a bug of the peer and not followed.
 *
 * @param count - S, from 1 to T
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * expect(trailing(4).timesteps(1000)).toEqual(E.right([999, 749, 499, 249]))
 * ```
 */
export const trailing = (count: number): WholeSpacing =>
  counted(`trailing(${String(count)})`, count, (k, trainedSteps) => {
    const stride = trainedSteps - (trainedSteps - trainedSteps / count)
    return roundHalfEven(trainedSteps - k * stride) - 1
  })
