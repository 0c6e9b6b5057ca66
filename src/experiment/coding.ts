/**
 * DDIM as a code: images to latents, and back.
 */
import { map, type Observable } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { ddim } from '../diffusion/rule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import type { EvaluateAt } from '../diffusion/transition.ts'
import { ascend } from '../stream/ascend.ts'
import { denoise } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { respace } from '../stream/respace.ts'
import { lastSnapshot } from '../stream/snapshot.ts'
import { invert, type InvertConfig } from './invert.ts'
import { lendStart } from './lend-start.ts'
import { noNoise } from './no-noise.ts'

/** How to encode and decode. */
export interface CodingConfig<T> extends Omit<InvertConfig<T>, 'start'> {
  /** The levels on the way; all of them lead to x_T, those of {@link strength} less far. */
  readonly spacing: Spacing
  /** Where the way up asks the network; at the destination unless said. */
  readonly evaluateAt?: EvaluateAt
}

/**
 * Encodes images by DDIM, and emits the latents that they come from, once.
 *
 * @param config - model, spacing; `condition`, `refinements`, `evaluateAt`
 * @param images - `[rows, …shape]`
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const image = { shape: [], data: Float64Array.of(1) }
 * const latent = await firstValueFrom(encode({ model, spacing: trailing(1000) }, image))
 * expect(latent.data[0]).toBeCloseTo(1 / 0.5, 1)
 * ```
 */
export const encode = <T>(
  { spacing, evaluateAt = 'destination', ...config }: CodingConfig<T>,
  images: Values,
): Observable<Values> => {
  const { algebra, schedule } = config.model
  return lendStart(algebra, images, (start) =>
    ascend(schedule, spacing, { evaluateAt }).pipe(invert({ ...config, start })),
  ).pipe(
    lastSnapshot(),
    map(({ xt }) => xt),
  )
}

/**
 * Decodes latents by DDIM, without noise and without clipping: {@link encode} the other way round, one frame per step.
 *
 * @param config - the same as that of {@link encode}
 * @param latents - `[rows, …shape]`, at the level where the spacing begins
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const { xt } = await finalSnapshot(decode({ model, spacing: trailing(10) }, { shape: [], data: Float64Array.of(1.3) }))
 * expect(xt.data[0]).toBeCloseTo(0.480941, 6)
 * ```
 */
export const decode = <T>(
  { spacing, evaluateAt: _, refinements: __, ...config }: CodingConfig<T>,
  latents: Values,
): Observable<Frame<T>> => {
  const { algebra, schedule } = config.model
  return lendStart(algebra, latents, (start) =>
    respace(schedule, spacing).pipe(
      denoise({ ...config, rule: ddim(), clip: 'none', noise: noNoise, start }),
    ),
  )
}
