/** UniPC: every step is predicted, and corrected by what the network sees where it led. */
import { oneOf } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import type { Sum } from '../../algebra/algebra.ts'
import { fail } from '../../failure.ts'
import { linear } from '../sum.ts'
import { ddim, type Past, type Rule } from '../rule.ts'
import type { Transition } from '../transition.ts'
import { halfLogSnr, isInside } from './half-log-snr.ts'
import { orderOfStep } from './order-of-step.ts'
import { withX0 } from './with-estimate.ts'

/** What a step weighs: `∫₀¹ r^k·w(r) dr`, w being the share of the step that x̂₀ at r has, times h/B(h) (eq. 7, B₂). */
const moments = (h: number): readonly [number, number, number] => {
  const b = Math.expm1(-h)
  const first = b / -h - 1
  const second = first / -h - 1 / 2
  const third = second / -h - 1 / 6
  return [first / b, (2 * second) / b, (6 * third) / b]
}

/** The coefficients of `Π (r − r_j)/(r_k − r_j)`, j ≠ k, from the constant up. */
const lagrange = (nodes: readonly number[], k: number): readonly number[] =>
  nodes.reduce<readonly number[]>(
    (polynomial, node, j) => {
      if (j === k) return polynomial
      const scale = 1 / (nodes[k]! - node)
      return [...polynomial, 0].map((c, i) => scale * ((polynomial[i - 1] ?? 0) - c * node))
    },
    [1],
  )

/** The weights under which slopes at these nodes have these moments; of one slope, ½. */
const weightsAt = (nodes: readonly number[], h: number): readonly number[] => {
  if (nodes.length === 1) return [0.5]
  const known = moments(h)
  return nodes.map((_, k) => lagrange(nodes, k).reduce((sum, c, i) => sum + c * known[i]!, 0))
}

/** `Σ ρ_k·(m_k − m_0)/r_k`: how x̂₀ changes over a step, from its values in other places. */
const change = <T>(
  { from, to }: Transition,
  here: Sum<T>,
  others: ReadonlyArray<readonly [lambda: number, x0: Sum<T>]>,
): Sum<T> => {
  const lambda = halfLogSnr(from)
  const h = halfLogSnr(to) - lambda
  const nodes = others.map(([other]) => (other - lambda) / h)
  const weights = weightsAt(nodes, h)
  return linear(
    ...others.flatMap(([, x0], k) => {
      const weight = weights[k]! / nodes[k]!
      return [[weight, x0] as const, [-weight, here] as const]
    }),
  )
}

const placeOf = <T>({ transition, estimate }: Past<T>): readonly [number, Sum<T>] => [
  halfLogSnr(transition.from),
  estimate.x0,
]

/**
 * UniPC with B₂(h) = e^(−h) − 1 on x̂₀ (arXiv:2302.04867, alg. 5–8; diffusers' `UniPCMultistepScheduler`): {@link ddim}'s step
 * with `D = x̂₀ + Σ ρ_k·(x̂₀(k) − x̂₀)/r_k` of the `order − 1` steps before, and x_t itself corrected by what the network
 * sees there: the step that led to it is made anew with x̂₀ of x_t as one more place.
 *
 * @remarks
 * One call of the network a step: the correction reuses it. The corrector is one order above the predictor (theorem 3.1), so the
 * order is 2 for 1 and 3 for 2; for 3 it is 3 as well, since the first step is corrected only to 2. The predictor's order falls to 1
 * with the last steps, as diffusers' `lower_order_final` has it, and the last x is not corrected.
 *
 * @param options - `order` of the predictor, 1, 2 or 3; 2 unless said
 * @throws RuleInvalid for any other order
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const run = (rule: Rule) => respace(model.schedule, exponential(20)).pipe(
 *   denoise({ model, rule, noise: philox({ seed: 7 }), start: 1.3 }), map((frame) => frame.xt))
 * const error = async (rule: Rule) => Math.abs(await lastValueFrom(run(rule)) - 0.65001)
 * expect(await error(unipc())).toBeLessThan(0.2 * await error(ddim()))
 * ```
 */
export const unipc: Tunable<(options?: { readonly order?: 1 | 2 | 3 }) => Rule> = tunable(
  { order: oneOf(1, 2, 3) },
  ({ order = 2 } = {}) => {
    if (![1, 2, 3].includes(order))
      throw fail('RuleInvalid', { rule: 'unipc', reason: `its order is ${String(order)}, not 1, 2 or 3` })
    const orderAt = (transition: Transition, known: number): number =>
      orderOfStep(transition, known, { most: order, falls: true })

    /** What x_t lacks, as seen from where it is. */
    const correction = <T>(x0: Sum<T>, history: ReadonlyArray<Past<T>>): Sum<T> => {
      const [before, ...earlier] = history
      if (before === undefined) return []
      const { transition, estimate } = before
      const others = earlier.slice(0, orderAt(transition, history.length) - 1).map(placeOf)
      const lambda = halfLogSnr(transition.to)
      const factor = Math.sqrt(transition.to.alphaBar) * Math.expm1(halfLogSnr(transition.from) - lambda)
      return linear(
        [factor, change(transition, estimate.x0, others)],
        [-factor, change(transition, estimate.x0, [...others, [lambda, x0]])],
      )
    }

    return {
      ...ddim(),
      name: `unipc(${String(order)})`,
      order: Math.min(order + 1, 3),
      memory: order,
      refine: (now, past) => {
        const { transition, estimate } = now
        if (transition.from.alphaBar === 1) return now
        // no polynomial goes to where λ is infinite
        const history = past.filter((each) => isInside(each.transition.from))
        const base = linear([1, now.base], [1, correction(estimate.x0, history)])
        const others = history.slice(0, orderAt(transition, history.length + 1) - 1).map(placeOf)
        return withX0(
          { transition, base },
          linear([1, estimate.x0], [1, others.length === 0 ? [] : change(transition, estimate.x0, others)]),
        )
      },
    }
  },
)
