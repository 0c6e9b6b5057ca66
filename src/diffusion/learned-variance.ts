/**
 * The variance that a network has learned beside its prediction, in numbers.
 */
import type { Values } from '../algebra/algebra.ts'
import { logBeta, logBetaTilde } from './sigma.ts'
import type { Transition } from './transition.ts'

/**
 * σ² of a step, element by element, from what a network says.
 *
 * @remarks
 * At the last step β̃ is 0, of which there is no logarithm: there it is the β̃ of the step before, as in OpenAI's code.
 *
 * @equation `learned`: `σ² = exp(v)`; `learned-range`: `σ² = exp(s·ln β + (1 − s)·ln β̃)` with `s = (v + 1)/2` — arXiv:2102.09672, eq. 15
 *
 * @param kind - how the network means v
 * @param transition - the step
 * @param before - the one before it, which the last step needs
 * @returns for v, σ² in units of the data's variance
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.25 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * const v = { shape: [2], data: Float64Array.of(1, -1) }
 * const { data } = learnedVariance('learned-range', step)(v)
 * expect(data[0]).toBeCloseTo(0.5, 12) // β
 * expect(data[1]).toBeCloseTo((0.5 * 0.5) / 0.75, 12) // β̃
 * ```
 */
export const learnedVariance = (
  kind: 'learned' | 'learned-range',
  transition: Transition,
  before?: Transition,
): ((v: Values) => Values) => {
  const isClean = transition.to.alphaBar === 1 && before !== undefined
  const [least, most] = [logBetaTilde(isClean ? before : transition), logBeta(transition)]
  const logVariance = (v: number): number => (kind === 'learned' ? v : least + ((v + 1) / 2) * (most - least))
  return ({ shape, data }) => ({ shape, data: Float64Array.from(data, (v) => Math.exp(logVariance(v))) })
}
