/** DPM-Solver++ 2M: x̂₀ continued along a line in λ. */
import { linear } from '../sum.ts'
import { ddim, type Rule } from '../rule.ts'
import { halfLogSnr } from './half-log-snr.ts'
import { orderOfStep } from './order-of-step.ts'
import { withX0 } from './with-estimate.ts'

/** In chains of fewer steps the last one looks back on nothing, as diffusers' `lower_order_final` has it. */
const FEW_STEPS = 15

const refine: NonNullable<Rule['refine']> = (now, history) => {
  const { transition } = now
  const [before] = history
  const order = orderOfStep(transition, history.length + 1, { most: 2, falls: transition.count < FEW_STEPS })
  if (order === 1 || before === undefined) return now
  const lambda = halfLogSnr(transition.from)
  const r = (lambda - halfLogSnr(before.transition.from)) / (halfLogSnr(transition.to) - lambda)
  return withX0(now, linear([1 + 1 / (2 * r), now.estimate.x0], [-1 / (2 * r), before.estimate.x0]))
}

/**
 * DPM-Solver++ 2M (arXiv:2211.01095, alg. 2): {@link ddim}'s step with
 * `D = (1 + 1/2r)·x̂₀(t) − 1/2r·x̂₀(t before)` for x̂₀, and the ε̂ that follows from x_t and D. r is the ratio of the
 * previous step in {@link halfLogSnr} to this one.
 *
 * @remarks
 * One call of the network a step. Order 2. The first step is DDIM's, and so is the last one if it leads to the clean level
 * or there are fewer than 15 (diffusers' `lower_order_final`).
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const run = (rule: Rule) => respace(model.schedule, exponential(20)).pipe(
 *   denoise({ model, rule, noise: philox({ seed: 7 }), start: 1.3 }), map((frame) => frame.xt))
 * const error = async (rule: Rule) => Math.abs(await lastValueFrom(run(rule)) - 0.65001)
 * expect(await error(dpmpp2m())).toBeLessThan(0.2 * await error(ddim()))
 * ```
 */
export const dpmpp2m = (): Rule => ({ ...ddim(), name: 'dpmpp-2m', order: 2, memory: 1, refine })

/**
 * SDE-DPM-Solver++ 2M (arXiv:2211.01095, sec. 5 and app. A): the D of {@link dpmpp2m} in {@link ddim}'s step at η = 1,
 * whose factor of x̂₀ is `√ᾱ'·(1 − e^(−2h))`.
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect(dpmpp2mSde().step(step)).toEqual(ddim({ eta: 1 }).step(step))
 * ```
 */
export const dpmpp2mSde = (): Rule => ({ ...ddim({ eta: 1 }), name: 'dpmpp-2m-sde', memory: 1, refine })
