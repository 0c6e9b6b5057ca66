/** From one end to the other. */
import { roundHalfEven } from './round-half-even.ts'
import type { WholeSpacing } from './spacing.ts'
import { counted } from './whole.ts'

/**
 * From T−1 to 0, both included, as evenly as whole numbers allow; one step alone is t = 0.
 *
 * `t_k = round((S−1−k)·(T−1)/(S−1))`, halves to even
 *
 * @param count - S, from 1 to T
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * expect(linspace(4).timesteps(1000)).toEqual(E.right([999, 666, 333, 0]))
 * ```
 */
export const linspace = (count: number): WholeSpacing =>
  counted(`linspace(${String(count)})`, count, (k, trainedSteps) =>
    count === 1 ? 0 : roundHalfEven((count - 1 - k) * ((trainedSteps - 1) / (count - 1))),
  )
