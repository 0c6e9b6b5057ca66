/** PLMS: ε̂ as a polynomial of the steps before. */
import { linear } from '../sum.ts'
import type { Rule } from '../rule.ts'
import { heun } from './heun.ts'
import { withEps } from './with-estimate.ts'

/** Adams–Bashforth, by how many slopes are known: of this step, of the one before, … */
const weights: ReadonlyArray<readonly number[]> = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
]

/**
 * PLMS, the pseudo linear multistep method (arXiv:2202.09778, eq. 12; diffusers' `PNDMScheduler` with `skip_prk_steps`):
 * {@link ddim}'s step with `ε = (55·ε̂₀ − 59·ε̂₁ + 37·ε̂₂ − 9·ε̂₃)/24` of this step and the three before it.
 *
 * @remarks
 * The chain's first step asks twice and takes the mean, as {@link heun}, so S steps are S + 1 calls of the network; the next two know
 * fewer slopes: `(3·ε̂₀ − ε̂₁)/2` and `(23·ε̂₀ − 16·ε̂₁ + 5·ε̂₂)/12`. Order 2: the weights are those of equal steps
 * in σ = √(1/ᾱ − 1), and steps are equal in t, or in log-SNR. From ᾱ = 0, where ε̂ says nothing about x₀, the step is DDIM's.
 * Of a model that predicts v, diffusers extrapolates v itself; here it is ε̂ all the same.
 *
 * @example
 * ```ts
 * const first = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * const schedule = linearSchedule()
 * expect(plms().again?.(first, schedule)).toMatchObject({ at: first.to })
 * expect(plms().again?.({ ...first, index: 1 }, schedule)).toBeUndefined()
 * ```
 */
export const plms = (): Rule => {
  const { again, ...rest } = heun()
  return {
    ...rest,
    name: 'plms',
    order: 2,
    again: (transition, schedule) => (transition.index === 0 ? again?.(transition, schedule) : undefined),
    memory: 3,
    refine: (now, history) => {
      if (history.length === 0) return now
      const slopes = [now, ...history].map(({ estimate }) => estimate.eps)
      const known = weights[slopes.length - 1]!
      return withEps(now, linear(...slopes.map((eps, k) => [known[k]!, eps] as const)))
    },
  }
}
