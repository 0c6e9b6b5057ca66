/** Noise levels that fall by factors which themselves change. */
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
 * `log σ_k = log σ_min + (1 − k/(S−1))^ρ·(log σ_max − log σ_min)`: k-diffusion's `get_sigmas_polyexponential`, without
 * its last 0.
 *
 * @param count - S
 * @param options - the ends, and `rho`; 1, the exponential sequence, unless said
 * @returns S falling σs, in units of the data's standard deviation
 * @throws SpacingInvalid for a count that is not a whole number above 0, ends that do not fall, or a ρ not above 0
 *
 * @example
 * ```ts
 * const sigmas = polyexponentialSigmas(3, { sigmaMin: 1, sigmaMax: 16, rho: 2 })
 * expect(sigmas).toEqual([16, expect.closeTo(2, 14), 1])
 * ```
 */
export const polyexponentialSigmas = (
  count: number,
  { rho = 1, ...range }: SigmaRange & Rho,
): readonly number[] => {
  checkedRho('polyexponential', rho)
  const [top, bottom] = [Math.log(range.sigmaMax), Math.log(range.sigmaMin)]
  return sigmaSequence('polyexponential', count, range, (share) =>
    Math.exp(bottom + (1 - share) ** rho * (top - bottom)),
  )
}

/**
 * The levels with {@link polyexponentialSigmas}, between the noise of the schedule's ends or given ends.
 *
 * @param count - S, a whole number above 0; it may exceed T, since times are real
 * @param options - `sigmaMin`, `sigmaMax`, and `rho`, 1 unless said
 * @returns a spacing at real times; it refuses schedules that lack given ends (ScheduleInvalid)
 * @throws SpacingInvalid as {@link polyexponentialSigmas}
 *
 * @example
 * ```ts
 * const levels = orThrow(polyexponential(3, { rho: 2 }).levels(linearSchedule()))
 * expect(levels.map((level) => Math.round(level.t))).toEqual([999, 30, 0])
 * ```
 */
export const polyexponential: Tunable<(count: number, options?: Partial<SigmaRange> & Rho) => Spacing> =
  tunable({ ...rhoSettings, ...rangeSettings }, (count, { rho = 1, ...ends } = {}) =>
    sigmaSpacing(
      `polyexponential(${String(count)}${rho === 1 ? '' : `, rho ${String(rho)}`})`,
      ends,
      (range) => polyexponentialSigmas(count, { ...range, rho }),
    ),
  )
