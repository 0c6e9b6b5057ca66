/**
 * Interpolation: images between images that a model has never drawn.
 */
import type { OperatorFunction } from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import { guided } from '../model/guided.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { along } from './along.ts'
import { blendRoute, forEach, type Stops } from './blend-route.ts'
import { lerpNumber, type Mix } from './mix.ts'
import type { Route } from './route.ts'

/** Between which samples, and how. A list of one stands for every point. */
export interface InterpolateConfig<T> extends Omit<
  DenoiseConfig<T>,
  'noise' | 'condition' | 'batch' | 'start'
> {
  /** {@link path}, {@link loop} or {@link plane}. */
  readonly route: Route
  /** One for each point; sample 0 of each counts. */
  readonly noise: readonly NoiseSource[]
  /** The class of each point, for a model with classes; between two, the classes are {@link blended}. */
  readonly labels?: readonly number[]
  /** The weight of the labels at each point, see {@link guided}; 1 unless said. */
  readonly guidance?: readonly number[]
  /** What lies between two latents; {@link slerp} unless said. */
  readonly mix?: Mix<Float32Array>
}

/**
 * What the stops of an interpolation are: how many, and of which classes of which model, guided as each is to be.
 *
 * @param config - as for {@link interpolate}
 * @throws as {@link interpolate}
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const noise = [3, 8].map((seed) => philox({ seed }))
 * expect(stopsAlong({ model, rule: ddim(), route: path(9), noise }).rows).toBe(9)
 * ```
 */
export const stopsAlong = <T>({
  model,
  route,
  noise,
  labels,
  guidance = [1],
}: InterpolateConfig<T>): Stops<T> & { readonly points: number } => {
  const points = Math.max(noise.length, labels?.length ?? 0, guidance.length)
  const stops = blendRoute(model, route, points, labels)
  const weights = route.through(lerpNumber, forEach('weights', points, guidance))
  const [weight = 1] = weights
  const guide = guided({
    weight: weights.every((one) => one === weight) ? weight : (_, row) => weights[row] ?? 1,
  })
  return { ...stops, points, model: guide(stops.model) }
}

/**
 * Samples along a route: one row for each stop, all of them in one batch, so that each frame is the whole route at one step.
 *
 *     respace(…, trailing(3))   (abc|)
 *     interpolate(config)       --1--2--3|
 *
 * @remarks
 * It is {@link denoise} with noise {@link along} the route, of a model {@link blended} and {@link guided} row by row, and keeps all its
 * promises. DDIM makes images that depend on x_T smoothly (arXiv:2010.02502, sec. 5.3), so that consecutive rows differ little.
 *
 * @law the rows at the points are the samples that their noise, label and guidance give alone
 *
 * @param config - model, rule, route, noise; `labels`, `guidance`, `mix`
 * @returns an operator; its errors are those of {@link denoise}
 * @throws RunInvalid where a list has neither one item nor one for each point, or the route does not lead through that many points;
 *   GuidanceUnconditional, LabelsUnexpected
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * // data are all 0, so x̂₀ is as well, and the last frame
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule, shape: [2] }, ({ shape, data }) => ({ shape, data: data.map(() => 0) }))
 * const noise = [3, 8, 5].map((seed) => philox({ seed }))
 * const frames$ = respace(schedule, trailing(4)).pipe(interpolate({ model, rule: ddim(), route: path(5), noise }))
 * expect((await finalSnapshot(frames$)).xt.shape).toEqual([9, 2])
 * ```
 */
export const interpolate = <T>(config: InterpolateConfig<T>): OperatorFunction<Transition, Frame<T>> => {
  const { route, noise, labels: _, guidance: __, mix, ...rest } = config
  const { points, rows, model, condition } = stopsAlong(config)
  const source = along(route, forEach('noise sources', points, noise), mix)
  return denoise({ ...rest, model, noise: source, batch: rows, condition })
}
