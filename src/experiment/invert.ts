/**
 * Inversion: the noise that an image comes from.
 */
import type { OperatorFunction } from 'rxjs'
import { inversion } from '../diffusion/inversion.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'

/** How to encode. */
export interface InvertConfig<T> extends Omit<
  DenoiseConfig<T>,
  'rule' | 'noise' | 'clip' | 'start' | 'batch'
> {
  /** The images, at the level where the chain begins. They stay yours. */
  readonly start: T
  /** How often each step asks the network again, at the x that it has led to; 0 unless said. See {@link inversion}. */
  readonly refinements?: number
}

const none: NoiseSource = {
  name: 'none',
  draw: () => {
    throw new Error('an inversion draws no noise')
  },
}

/**
 * Encodes images: {@link denoise} the other way round, one step per ascending transition, one frame per step, x_T the last.
 *
 *     ascend(…, trailing(3), …)   (abc|)
 *     invert(config)              --1--2--3|
 *
 * @remarks
 * It is {@link denoise} with the rule {@link inversion}, and keeps all its promises. {@link denoise} with {@link ddim} at η = 0, the x_T as
 * `start` and the same spacing leads back, the nearer the more steps there are: a plain encoding is off by O(1/S), and each
 * refinement, one more call a step, gains another factor of that while steps are short.
 *
 * Nothing is clipped, and there is no way to ask for it: clipping forgets what decoding needs. For the same reason decode
 * with `clip: 'none'`. Models that predict x₀ say nothing about ε at the clean level; let their chain begin at `finalLevel: 'first'`.
 *
 * @param config - model, start; `refinements`
 * @returns an operator; its errors are failures (NoiseDescending, SampleAtCleanLevel, ScheduleMismatch, …) or what the model or a sink threw
 * @throws RuleInvalid for refinements that are no whole number from 0
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const encoded = async (refinements: number) => {
 *   const steps$ = ascend(model.schedule, trailing(50), { evaluateAt: 'destination' })
 *   const { xt } = await finalSnapshot(steps$.pipe(invert({ model, start: 1, refinements })))
 *   return xt.data[0]!
 * }
 * const decoded = async (start: number) => {
 *   const chain = denoise({ model, rule: ddim(), start, clip: 'none', noise: philox({ seed: 7 }) })
 *   return (await finalSnapshot(respace(model.schedule, trailing(50)).pipe(chain))).xt.data[0]!
 * }
 * expect(await decoded(await encoded(0))).toBeCloseTo(0.946363, 6)
 * expect(await decoded(await encoded(9))).toBeCloseTo(1, 6)
 * ```
 */
export const invert = <T>({
  refinements = 0,
  ...config
}: InvertConfig<T>): OperatorFunction<Transition, Frame<T>> =>
  denoise({ ...config, rule: inversion({ refinements }), clip: 'none', noise: none })
