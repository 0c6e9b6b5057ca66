/**
 * Variance-exploding models, among them EDM's: networks that see `x̄ = x₀ + σ·ε`.
 *
 * Inside there is one process, the variance-preserving one, and it is the same: `x = √ᾱ·x̄` with `ᾱ = 1/(1 + σ²)`.
 */
import { aNumber, checkArgument } from '../arguments.ts'
import { knownName } from '../known-name.ts'
import type { Level } from '../diffusion/level.ts'
import { explodingSchedule, type ExplodingOptions } from '../diffusion/schedules/exploding.ts'
import { sigmaOfLevel } from '../diffusion/schedules/levels.ts'
import { fail } from '../failure.ts'
import type { Denoiser } from './denoiser.ts'
import { type ForeignNetwork, transplanted } from './transplanted.ts'

/** What has to be known of a network that sees x̄. */
export interface ExplodingModel<T>
  extends Pick<Denoiser<T>, 'algebra' | 'shape' | 'range' | 'labels' | 'decode'>, ExplodingOptions {}

const known = <T>({
  sigmaMin: _,
  sigmaMax: __,
  trainedSteps: ___,
  ...model
}: ExplodingModel<T>): Pick<Denoiser<T>, 'algebra' | 'shape' | 'range' | 'labels' | 'decode'> => model

/**
 * A denoiser of a network that is shown x̄ and told σ.
 *
 * @remarks
 * x_T is drawn with variance 1, so that x̄ begins at `√(σ_max² + 1)·z` (diffusers' `init_noise_sigma`).
 *
 * @param model - its algebra and shapes, and `sigmaMin` and `sigmaMax`, 0.002 and 80 unless said; `predicts`: `sample` for the
 *   denoised image `D(x̄, σ)`, `epsilon` for `(x̄ − D)/σ`, which is −σ times the score
 * @param network - from x̄ and σ, one per row
 * @throws ScheduleInvalid as {@link explodingSchedule}; NameUnknown for another prediction
 *
 * @example
 * ```ts
 * // the best guess of data that are N(0, 1)
 * const network: ForeignNetwork<number> = (x, [sigma = 0]) => of({ output: x / (1 + sigma ** 2) })
 * const model = veDenoiser({ algebra: numbers, shape: [], predicts: 'sample' }, network)
 * const frames$ = respace(model.schedule, karras(100)).pipe(
 *   denoise({ model, rule: heun(), noise: philox({ seed: 7 }), start: 0.3 }), map((frame) => frame.xt))
 * expect(await lastValueFrom(frames$)).toBeCloseTo(0.3, 3)
 * ```
 */
export const veDenoiser = <T>(
  model: ExplodingModel<T> & { readonly predicts: 'sample' | 'epsilon' },
  network: ForeignNetwork<T>,
): Denoiser<T> => {
  const { predicts } = model
  knownName('prediction of a network that sees x̄', ['sample', 'epsilon'], predicts)
  return transplanted({ ...known(model), predicts, schedule: explodingSchedule(model) }, network, {
    input: ({ alphaBar }) => 1 / Math.sqrt(alphaBar),
    time: sigmaOfLevel,
  })
}

/**
 * A denoiser of a network with EDM's preconditioning (arXiv:2206.00364, table 1): shown `c_in·x̄` and told `c_noise = ¼·log σ`,
 * it answers with F, and `D = c_skip·x̄ + c_out·F`, where `c_in = 1/√(σ² + σ_d²)`, `c_skip = σ_d²/(σ² + σ_d²)`, `c_out = σ·σ_d/√(σ² + σ_d²)`.
 *
 * @remarks
 * In terms of v = √ᾱ·ε − √(1−ᾱ)·x₀ that is `v = σ·(1 − σ_d²)/(σ² + σ_d²)·x − σ_d·√((1 + σ²)/(σ² + σ_d²))·F`, which loses no digits at
 * either end; for σ_d = 1, `v = −F`.
 *
 * @param model - its algebra and shapes, and `sigmaMin` and `sigmaMax`, 0.002 and 80 unless said; `sigmaData`, σ_d, 0.5 unless said
 * @param network - F, from c_in·x̄ and c_noise, one per row
 * @throws ScheduleInvalid as {@link explodingSchedule}, or for a σ_d that is not above 0
 *
 * @example
 * ```ts
 * // of data that are N(0, σ_d²) F has nothing to say
 * const model = edmDenoiser<number>({ algebra: numbers, shape: [] }, () => of({ output: 0 }))
 * const frames$ = respace(model.schedule, karras(100)).pipe(
 *   denoise({ model, rule: heun(), noise: philox({ seed: 7 }), start: 1 }), map((frame) => frame.xt))
 * expect(await lastValueFrom(frames$)).toBeCloseTo(0.5, 2)
 * ```
 */
export const edmDenoiser = <T>(
  model: ExplodingModel<T> & { readonly sigmaData?: number },
  network: ForeignNetwork<T>,
): Denoiser<T> => {
  const { sigmaData = 0.5, ...exploding } = model
  checkArgument('sigmaData', aNumber, sigmaData)
  if (!(sigmaData > 0 && sigmaData < Infinity))
    throw fail('ScheduleInvalid', {
      reason: `its data have the standard deviation ${sigmaData}, and it has to be above 0`,
    })
  const square = (level: Level): number => sigmaOfLevel(level) ** 2
  const total = (level: Level): number => square(level) + sigmaData ** 2
  return transplanted(
    { ...known(exploding), predicts: 'v_prediction', schedule: explodingSchedule(model) },
    network,
    {
      input: (level) => Math.sqrt((1 + square(level)) / total(level)),
      time: (level) => Math.log(sigmaOfLevel(level)) / 4,
      output: (level) => -sigmaData * Math.sqrt((1 + square(level)) / total(level)),
      skip: (level) => (sigmaOfLevel(level) * (1 - sigmaData ** 2)) / total(level),
    },
  )
}
