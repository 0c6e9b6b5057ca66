/**
 * The steps of rules that look back, written out: what they take of x_t, of what the network says now, and of what it has said in the steps
 * before. A refinement is linear in these, so it is worked out with their names.
 */
import type { Sum } from '../algebra/algebra.ts'
import type { Estimate } from '../diffusion/estimate.ts'
import type { Rule } from '../diffusion/rule.ts'
import { linear, sumOf } from '../diffusion/sum.ts'
import type { Transition } from '../diffusion/transition.ts'

/** The vectors that a step can be made of, by column: a number says how many steps before it was seen. */
export const vectors: ReadonlyArray<readonly [column: string, title: string]> = [
  ['xt', 'coefficient of x_t'],
  ['x0', 'coefficient of x̂₀'],
  ['eps', 'coefficient of ε̂'],
  ['z', 'coefficient of z, fresh noise'],
  ['x0_1', 'of x̂₀ one step before'],
  ['x0_2', 'of x̂₀ two steps before'],
  ['x0_3', 'of x̂₀ three steps before'],
  ['eps_1', 'of ε̂ one step before'],
  ['eps_2', 'of ε̂ two steps before'],
  ['eps_3', 'of ε̂ three steps before'],
]

const seen = (before: number): Estimate<string> => {
  const tag = before === 0 ? '' : `_${String(before)}`
  return { x0: sumOf(`x0${tag}`), eps: sumOf(`eps${tag}`) }
}

const weightOf = (sum: Sum<string>, vector: string): number =>
  sum.reduce((all, [weight, name]) => (name === vector && typeof weight === 'number' ? all + weight : all), 0)

/**
 * The coefficients of a step, by column; those before the fourth are there for every rule.
 *
 * @param rule - whose second questions, if any, are in x̂₀ and ε̂ already
 * @param steps - the plan
 * @param index - of the step
 */
export const coefficientsOf = (
  { step, refine, memory = 0 }: Rule,
  steps: readonly Transition[],
  index: number,
): Readonly<Record<string, number>> => {
  const transition = steps[index]!
  const form = step(transition)
  const now = { transition, base: sumOf('xt'), estimate: seen(0) }
  const history = steps
    .slice(Math.max(0, index - memory), index)
    .toReversed()
    .map((past, k) => ({ transition: past, estimate: seen(k + 1) }))
  // a step of no length looks back on nothing
  const isStill = transition.from.alphaBar === transition.to.alphaBar
  const { base, estimate } = refine === undefined || isStill ? now : refine(now, history)
  const whole = linear(
    [form.xt, base],
    [form.x0, estimate.x0],
    [form.eps, estimate.eps],
    [form.z, sumOf('z')],
  )
  return Object.fromEntries(vectors.map(([column]) => [column, weightOf(whole, column)]))
}
