/**
 * Which timesteps to visit: S of the T that the network was trained on.
 *
 * A spacing is asked for timesteps with T in hand; the answer is in sampling order, from noise to image.
 */
import { E } from '../fp.ts'
import { fail, type Failure } from '../failure.ts'

/** A way to pick timesteps. */
export interface Spacing {
  /** How it was asked for, for people. */
  readonly name: string
  /** The timesteps of a schedule with T steps: whole, falling, each in `[0, T)`. */
  readonly timesteps: (trainedSteps: number) => E.Either<Failure, readonly number[]>
}

/**
 * Rounds to the nearest whole number, halves to the even one, as Python, NumPy and PyTorch do (`Math.round` does not).
 *
 * @example
 * ```ts
 * expect([0.5, 1.5, 2.5, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 3])
 * ```
 */
export const roundHalfEven = (value: number): number => {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}

/** A spacing of `count` steps; refuses more steps than there are, and timesteps that the schedule lacks. */
const evenly = (
  name: string,
  count: number,
  timestep: (k: number, trainedSteps: number) => number,
): Spacing => {
  if (!Number.isInteger(count) || count < 1)
    throw fail('SpacingInvalid', {
      spacing: name,
      reason: 'the number of steps has to be a whole number above 0',
    })
  return {
    name,
    timesteps: (trainedSteps) => {
      if (count > trainedSteps) return E.left(fail('TooManySteps', { steps: count, trained: trainedSteps }))
      const timesteps = Array.from({ length: count }, (_, k) => timestep(k, trainedSteps))
      const outside = timesteps.find((t) => t < 0 || t >= trainedSteps)
      return outside === undefined
        ? E.right(timesteps)
        : E.left(
            fail('SpacingInvalid', {
              spacing: name,
              reason: `it visits t = ${String(outside)}, and the schedule has 0 to ${String(trainedSteps - 1)}`,
            }),
          )
    },
  }
}

/**
 * Equal strides from t = 0 upwards: `t_k = k·⌊T/S⌋ + offset` for k = S−1 … 0. Ends at `offset`; starts below T−1.
 *
 * @param count - S, from 1 to T
 * @param options - `offset` moves every timestep up; 0 unless said
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * expect(leading(4).timesteps(1000)).toEqual(E.right([750, 500, 250, 0]))
 * ```
 */
export const leading = (count: number, { offset = 0 }: { readonly offset?: number } = {}): Spacing =>
  evenly(
    `leading(${String(count)}${offset === 0 ? '' : `, offset ${String(offset)}`})`,
    count,
    (k, trainedSteps) => (count - 1 - k) * Math.floor(trainedSteps / count) + offset,
  )

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
export const trailing = (count: number): Spacing =>
  evenly(`trailing(${String(count)})`, count, (k, trainedSteps) => {
    const stride = trainedSteps - (trainedSteps - trainedSteps / count)
    return roundHalfEven(trainedSteps - k * stride) - 1
  })

/**
 * From T−1 to 0, both included, as evenly as whole numbers allow; one step alone is t = 0.
 *
 * @param count - S, from 1 to T
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * expect(linspace(4).timesteps(1000)).toEqual(E.right([999, 666, 333, 0]))
 * ```
 */
export const linspace = (count: number): Spacing =>
  evenly(`linspace(${String(count)})`, count, (k, trainedSteps) =>
    count === 1 ? 0 : roundHalfEven((count - 1 - k) * ((trainedSteps - 1) / (count - 1))),
  )

/**
 * Just these timesteps.
 *
 * @param timesteps - whole numbers, falling, without repeats
 * @throws SpacingInvalid for anything else
 *
 * @example
 * ```ts
 * expect(explicit([999, 400, 20]).timesteps(1000)).toEqual(E.right([999, 400, 20]))
 * ```
 */
export const explicit = (timesteps: readonly number[]): Spacing => {
  const name = `explicit(${timesteps.join(', ')})`
  const wrong = timesteps.findIndex(
    (t, k) => !Number.isInteger(t) || (k > 0 && t >= (timesteps[k - 1] ?? Infinity)),
  )
  if (timesteps.length === 0 || wrong >= 0)
    throw fail('SpacingInvalid', {
      spacing: name,
      reason:
        timesteps.length === 0
          ? 'it has no timesteps'
          : `timesteps have to be whole numbers that fall, and ${String(timesteps[wrong])} breaks that`,
    })
  return evenly(name, timesteps.length, (k) => timesteps[k] ?? 0)
}
