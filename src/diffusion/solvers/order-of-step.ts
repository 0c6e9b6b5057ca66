/** How far back a step may look. */
import type { Transition } from '../transition.ts'
import { isInside } from './half-log-snr.ts'

/**
 * The order of one step of a multistep solver: it grows with what is known, and falls where the chain ends, where the
 * steps in λ are long. Never more than 1 from or to a level with infinite λ.
 *
 * @param transition - the step
 * @param known - how many estimates there are, this step's included
 * @param options - `most`, the solver's order; and whether the order `falls` towards the last step, to 1
 *
 * @example
 * ```ts
 * const step = { index: 8, count: 10, from: { t: 9, alphaBar: 0.5 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
 * expect(orderOfStep(step, 5, { most: 3, falls: true })).toBe(2)
 * ```
 */
export const orderOfStep = (
  { from, to, index, count }: Transition,
  known: number,
  { most, falls }: { readonly most: number; readonly falls: boolean },
): number => (isInside(from) && isInside(to) ? Math.min(most, known, falls ? count - index : most) : 1)
