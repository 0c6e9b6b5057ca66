/**
 * Flow models: networks that see `x̃ = (1−s)·x₀ + s·ε` and answer with its velocity, `ε − x₀`.
 *
 * Inside there is one process, the variance-preserving one, and it is the same: `x̃ = x/(√ᾱ + √(1−ᾱ))` and
 * `s = √(1−ᾱ)/(√ᾱ + √(1−ᾱ))`.
 */
import type { Level } from '../diffusion/level.ts'
import { type FlowOptions, flowSchedule } from '../diffusion/schedules/flow.ts'
import type { Denoiser } from './denoiser.ts'
import { type ForeignNetwork, transplanted } from './transplanted.ts'

/** What has to be known of a network that sees x̃. */
export interface FlowModel<T>
  extends Pick<Denoiser<T>, 'algebra' | 'shape' | 'range' | 'labels' | 'decode'>, FlowOptions {}

/**
 * A denoiser of a network that is shown x̃ and told s (arXiv:2210.02747, arXiv:2209.03003; diffusers' `flow_prediction`).
 *
 * @remarks
 * Of its velocity u it makes `v = (u + (√ᾱ − √(1−ᾱ))·x)/(√ᾱ + √(1−ᾱ))`. {@link ddim}'s step is then Euler's on `dx̃/ds = u`, straight where
 * the flow is. Some networks are told 1000·s; that is theirs to multiply.
 *
 * @param model - its algebra and shapes, and `shift` and `trainedSteps` as {@link flowSchedule} takes them
 * @param network - u, from x̃ and s in `(0, 1]`, one per row
 * @throws ScheduleInvalid as {@link flowSchedule}
 *
 * @example
 * ```ts
 * // all data are 0.7: from x̃ = 0.7 + s·(ε − 0.7) the way back is straight, so one step is enough
 * const network: ForeignNetwork<number> = (x, [s = 1]) => of({ output: (x - 0.7) / s })
 * const model = flowDenoiser({ algebra: numbers, shape: [] }, network)
 * const frames$ = respace(model.schedule, trailing(1)).pipe(
 *   denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }), map((frame) => frame.xt))
 * expect(await lastValueFrom(frames$)).toBeCloseTo(0.7, 12)
 * ```
 */
export const flowDenoiser = <T>(model: FlowModel<T>, network: ForeignNetwork<T>): Denoiser<T> => {
  const { shift: _, trainedSteps: __, ...known } = model
  const parts = ({ alphaBar }: Level): readonly [signal: number, noise: number, sum: number] => {
    const [signal, noise] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
    return [signal, noise, signal + noise]
  }
  return transplanted({ ...known, predicts: 'v_prediction', schedule: flowSchedule(model) }, network, {
    input: (level) => 1 / parts(level)[2],
    time: (level) => parts(level)[1] / parts(level)[2],
    output: (level) => 1 / parts(level)[2],
    skip: (level) => {
      const [signal, noise, sum] = parts(level)
      return (signal - noise) / sum
    },
  })
}
