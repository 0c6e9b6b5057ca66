/** Whose turn it is, for operators that are about every k-th step. */
import type { Transition } from '../../diffusion/transition.ts'
import { fail } from '../../failure.ts'

/**
 * Whether k, 2k, 3k, … steps have been taken after this one, counted by their place in the chain.
 *
 * @param operator - who asks, for the refusal
 * @param k - a whole number from 1
 * @throws OperatorInvalid for any other k
 *
 * @example
 * ```ts
 * const step = { index: 9, count: 50, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect([5, 7].map((k) => isTurn('everyNth', k)(step))).toEqual([true, false])
 * ```
 */
export const isTurn = (operator: string, k: number): ((transition: Transition) => boolean) => {
  if (!(Number.isSafeInteger(k) && k >= 1))
    throw fail('OperatorInvalid', {
      operator,
      reason: `k is ${String(k)}, and has to be a whole number from 1`,
    })
  return ({ index }) => (index + 1) % k === 0
}
