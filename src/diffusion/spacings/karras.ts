/** Noise levels that crowd towards the image. */
import { type Tunable, tunable } from '../../tunable.ts'
import { sigmaSpacing } from './from-sigmas.ts'
import {
  checkedRho,
  rangeSettings,
  type Rho,
  rhoSettings,
  sigmaSequence,
  type SigmaRange,
} from './sigma-sequence.ts'
import type { Spacing } from './spacing.ts'

/**
 * `σ_k = (σ_max^(1/ρ) + k/(S−1)·(σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ` — arXiv:2206.00364, eq. 5, without its last 0.
 *
 * @param count - S
 * @param options - the ends, and `rho`, the larger the more steps near the image; 7 unless said
 * @returns S falling σs, in units of the data's standard deviation
 * @throws SpacingInvalid for a count that is not a whole number above 0, ends that do not fall, or a ρ not above 0
 *
 * @example
 * ```ts
 * expect(karrasSigmas(3, { sigmaMin: 1, sigmaMax: 9, rho: 2 })).toEqual([9, 4, 1])
 * ```
 */
export const karrasSigmas = (count: number, { rho = 7, ...range }: SigmaRange & Rho): readonly number[] => {
  const [top, bottom] = [range.sigmaMax ** (1 / checkedRho('karras', rho)), range.sigmaMin ** (1 / rho)]
  return sigmaSequence('karras', count, range, (share) => (top + share * (bottom - top)) ** rho)
}

/**
 * The levels with {@link karrasSigmas}, between the noise of the schedule's ends (as k-diffusion) or given ends.
 *
 * @param count - S, a whole number above 0; it may exceed T, since times are real
 * @param options - `sigmaMin`, `sigmaMax`, and `rho`, 7 unless said
 * @returns a spacing at real times; it refuses schedules that lack given ends (ScheduleInvalid)
 * @throws SpacingInvalid as {@link karrasSigmas}
 *
 * @example
 * ```ts
 * const levels = orThrow(karras(3).levels(linearSchedule()))
 * expect(levels.map((level) => Math.round(level.t))).toEqual([999, 593, 0])
 * ```
 */
export const karras: Tunable<(count: number, options?: Partial<SigmaRange> & Rho) => Spacing> = tunable(
  { ...rhoSettings, ...rangeSettings },
  (count, { rho = 7, ...ends } = {}) =>
    sigmaSpacing(`karras(${String(count)}${rho === 7 ? '' : `, rho ${String(rho)}`})`, ends, (range) =>
      karrasSigmas(count, { ...range, rho }),
    ),
)
