/** Heun's method: the mean of two slopes. */
import { x0FromEps } from '../estimate.ts'
import { linear } from '../sum.ts'
import { ddim, type Rule } from '../rule.ts'

/**
 * Heun's method on `dx̄/dσ = ε̂`, `x̄ = x/√ᾱ` (arXiv:2206.00364, alg. 1 without churn): {@link euler}'s step is made, the
 * network is asked there again, and the step is made anew with the mean of both ε̂.
 *
 * @remarks
 * Two calls of the network a step, but one on a step to the clean level or from ᾱ = 0, which is Euler's. Order 2.
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const run = (rule: Rule) => respace(model.schedule, exponential(20)).pipe(
 *   denoise({ model, rule, noise: philox({ seed: 7 }), start: 1.3 }), map((frame) => frame.xt))
 * const error = async (rule: Rule) => Math.abs(await lastValueFrom(run(rule)) - 0.65001)
 * expect(await error(heun())).toBeLessThan(0.4 * await error(euler()))
 * ```
 */
export const heun = (): Rule => {
  const euler = ddim()
  return {
    ...euler,
    name: 'heun',
    order: 2,
    again: (transition) => {
      const { from, to } = transition
      if (from.alphaBar === 0 || to.alphaBar === 1) return undefined
      const x0 = x0FromEps(from)
      return {
        at: to,
        move: euler.step(transition),
        blend: (xt, first, second) => {
          const eps = linear([0.5, first.eps], [0.5, second.eps])
          return { x0: x0(xt, eps), eps }
        },
      }
    },
  }
}
