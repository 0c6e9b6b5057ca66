/** DPM-Solver++ 3M: x̂₀ continued along a parabola in λ. */
import { oneOf } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import { fail } from '../../failure.ts'
import { linear } from '../sum.ts'
import { ddim, type Rule } from '../rule.ts'
import { halfLogSnr } from './half-log-snr.ts'
import { orderOfStep } from './order-of-step.ts'
import { withX0 } from './with-estimate.ts'

/** In chains of fewer steps the last two look back less, as diffusers' `lower_order_final` has it. */
const FEW_STEPS = 15

/**
 * How far the parabola bends: as its three values say (`whole`), or half as far (`half`), which the peers' formula comes to.
 */
export type Bend = 'half' | 'whole'

const bendSettings = { bend: oneOf<Bend>('half', 'whole') }

/** The mean of x̂₀ over a step in λ, under the weight `e^(−decay·(distance to its end))`, on the parabola through three values. */
const refineWith =
  (decay: 1 | 2, bend: Bend): NonNullable<Rule['refine']> =>
  (now, history) => {
    const { transition, estimate } = now
    const [one, two] = history
    const falls = transition.count < FEW_STEPS
    const order = orderOfStep(transition, history.length + 1, { most: 3, falls })
    if (order === 1 || one === undefined) return now
    const lambda = halfLogSnr(transition.from)
    const back = halfLogSnr(one.transition.from)
    const h = halfLogSnr(transition.to) - lambda
    const r0 = (lambda - back) / h
    const near = linear([1 / r0, estimate.x0], [-1 / r0, one.estimate.x0])
    if (order === 2 || two === undefined) return withX0(now, linear([1, estimate.x0], [0.5, near]))
    const r1 = (back - halfLogSnr(two.transition.from)) / h
    const far = linear([1 / r1, one.estimate.x0], [-1 / r1, two.estimate.x0])
    const second = linear([1 / (r0 + r1), near], [-1 / (r0 + r1), far])
    // the means of r and r², r being the share of the step that is behind
    const k = decay * h
    const whole = -1 / Math.expm1(-k)
    const mean = whole - 1 / k
    const square = whole - (2 / k) * mean
    const share = bend === 'whole' ? 1 : 0.5
    return withX0(now, linear([1, estimate.x0], [mean, near], [mean * r0 + share * square, second]))
  }

const solver = (name: string, decay: 1 | 2, bend: Bend): Rule => {
  if (!['half', 'whole'].includes(bend))
    throw fail('RuleInvalid', { rule: name, reason: `it bends half or whole, not ${bend}` })
  return {
    ...ddim({ eta: decay - 1 }),
    name: bend === 'half' ? name : `${name}(bend ${bend})`,
    ...(decay === 1 ? { order: bend === 'whole' ? 3 : 2 } : {}),
    memory: 2,
    refine: refineWith(decay, bend),
  }
}

/**
 * DPM-Solver++ 3M (arXiv:2211.01095's code, `multistep_dpm_solver_third_update`; diffusers' `solver_order: 3`):
 * {@link ddim}'s step with the mean, over the step, of the parabola through this x̂₀ and the two before it, weighted by
 * `e^(−(λ' − λ))`, for x̂₀, and the ε̂ that follows from x_t and that mean.
 *
 * @remarks
 * One call of the network a step. The peers' formula gives the parabola's second difference half its weight (`φ₃·D₂`, where
 * the integral of `D₂·r²` is `2·φ₃·D₂`), so its order is 2, as that of {@link dpmpp2m}. With `bend: 'whole'` it is 3.
 * The second step is that of {@link dpmpp2m}, and so is the last but one of fewer than 15; the first and the last are as there.
 *
 * @param options - `bend`, `half` as the peers unless said
 * @throws RuleInvalid for any other bend
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const run = (rule: Rule) => respace(model.schedule, exponential(20)).pipe(
 *   denoise({ model, rule, noise: philox({ seed: 7 }), start: 1.3 }), map((frame) => frame.xt))
 * const error = async (rule: Rule) => Math.abs(await lastValueFrom(run(rule)) - 0.65001)
 * expect(await error(dpmpp3m())).toBeLessThan(0.2 * await error(ddim()))
 * ```
 */
export const dpmpp3m: Tunable<(options?: { readonly bend?: Bend }) => Rule> = tunable(
  bendSettings,
  ({ bend = 'half' } = {}) => solver('dpmpp-3m', 1, bend),
)

/**
 * SDE-DPM-Solver++ 3M (k-diffusion's `sample_dpmpp_3m_sde` at η = 1): as {@link dpmpp3m}, with the weight `e^(−2(λ' − λ))` of
 * the SDE, in {@link ddim}'s step at η = 1.
 *
 * @remarks
 * diffusers' `sde-dpmsolver++` of order 3 has a wrong sign in the parabola's weight (−½ for +½), and is not followed.
 *
 * @param options - `bend`, `half` as k-diffusion unless said
 * @throws RuleInvalid for any other bend
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect(dpmpp3mSde().step(step)).toEqual(ddim({ eta: 1 }).step(step))
 * ```
 */
export const dpmpp3mSde: Tunable<(options?: { readonly bend?: Bend }) => Rule> = tunable(
  bendSettings,
  ({ bend = 'half' } = {}) => solver('dpmpp-3m-sde', 2, bend),
)
