/** Noise levels that fall by equal factors. */
import { type Tunable, tunable } from '../../tunable.ts'
import { sigmaSpacing } from './from-sigmas.ts'
import { rangeSettings, sigmaSequence, type SigmaRange } from './sigma-sequence.ts'
import type { Spacing } from './spacing.ts'

/**
 * `σ_k = σ_max·(σ_min/σ_max)^(k/(S−1))`: even in log σ, and so in the log-SNR, which is −2·log σ (k-diffusion's
 * `get_sigmas_exponential`, without its last 0).
 *
 * @param count - S
 * @returns S falling σs, in units of the data's standard deviation
 * @throws SpacingInvalid for a count that is not a whole number above 0, or ends that do not fall
 *
 * @example
 * ```ts
 * expect(exponentialSigmas(3, { sigmaMin: 1, sigmaMax: 4 })).toEqual([4, expect.closeTo(2, 14), 1])
 * ```
 */
export const exponentialSigmas = (count: number, range: SigmaRange): readonly number[] => {
  const [top, bottom] = [Math.log(range.sigmaMax), Math.log(range.sigmaMin)]
  return sigmaSequence('exponential', count, range, (share) => Math.exp(top + share * (bottom - top)))
}

/**
 * The levels with {@link exponentialSigmas}, between the noise of the schedule's ends or given ends.
 *
 * @param count - S, a whole number above 0; it may exceed T, since times are real
 * @param ends - `sigmaMin`, `sigmaMax`
 * @returns a spacing at real times; it refuses schedules that lack given ends (ScheduleInvalid)
 * @throws SpacingInvalid as {@link exponentialSigmas}
 *
 * @example
 * ```ts
 * const levels = orThrow(exponential(3).levels(linearSchedule()))
 * expect(levels.map((level) => Math.round(level.t))).toEqual([999, 302, 0])
 * ```
 */
export const exponential: Tunable<(count: number, ends?: Partial<SigmaRange>) => Spacing> = tunable(
  rangeSettings,
  (count, ends = {}) =>
    sigmaSpacing(`exponential(${String(count)})`, ends, (range) => exponentialSigmas(count, range)),
)
