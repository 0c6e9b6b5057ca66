/** DPM2: the slope in the middle. */
import { x0FromEps } from '../estimate.ts'
import { levelAtSigma, sigmaOfLevel } from '../schedules/levels.ts'
import { ddim, type Rule } from '../rule.ts'
import { isInside } from './half-log-snr.ts'

/**
 * DPM-Solver-2 (arXiv:2206.00927, alg. 1 at r = ½; k-diffusion's `sample_dpm_2`, diffusers' `KDPM2DiscreteScheduler`):
 * the network is asked again at the geometric mean of both σ = √(1/ᾱ − 1), which is the middle in log-SNR, and the step is
 * made with the ε̂ from there.
 *
 * @remarks
 * The middle is a level of the model's schedule ({@link levelAtSigma}), so its t is real, and diffusers' t too.
 * Two calls of the network a step, but one on a step from or to the clean level or ᾱ = 0, which is Euler's. Order 2: the
 * midpoint in log σ is off the midpoint in σ by second order, and by so much less than the step does the slope err.
 *
 * @throws ScheduleInvalid (the step) where the middle is no level of the model's schedule
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const transition = { index: 0, count: 2, from: levelAt(schedule, 900), to: levelAt(schedule, 300), at: 900 }
 * const middle = Math.sqrt(sigmaOfLevel(transition.from) * sigmaOfLevel(transition.to))
 * expect(dpm2().again?.(transition, schedule)).toMatchObject({ at: levelAtSigma(schedule, middle) })
 * expect(levelAtSigma(schedule, middle).t).toBeCloseTo(652.88, 2)
 * ```
 */
export const dpm2 = (): Rule => {
  const euler = ddim()
  return {
    ...euler,
    name: 'dpm2',
    order: 2,
    again: (transition, schedule) => {
      const { from, to } = transition
      if (!isInside(from) || !isInside(to)) return undefined
      const middle = levelAtSigma(schedule, Math.sqrt(sigmaOfLevel(from) * sigmaOfLevel(to)))
      const x0 = x0FromEps(from)
      return {
        at: middle,
        move: euler.step({ ...transition, to: middle }),
        blend: (xt, _, second) => ({ x0: x0(xt, second.eps), eps: second.eps }),
      }
    },
  }
}
