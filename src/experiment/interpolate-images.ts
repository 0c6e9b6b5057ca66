/**
 * Interpolation between images that are there already.
 */
import { concatMap, type Observable } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { Frame } from '../stream/frame.ts'
import { type CodingConfig, decode, encode } from './coding.ts'
import { type Mix, slerp } from './mix.ts'
import type { Route } from './route.ts'
import { blendRoute } from './blend-route.ts'

/** Along which route images turn into one another, and how deep. */
export interface InterpolateImagesConfig<T> extends Omit<CodingConfig<T>, 'condition'> {
  /** {@link path}, {@link loop} or {@link plane}. */
  readonly route: Route
  /** The class of each image, for a model with classes; between two, the classes are blended. */
  readonly labels?: readonly number[]
  /** What lies between two latents; {@link slerp} unless said. */
  readonly mix?: Mix<Float32Array>
}

/** Rows of latents along a route. */
const mixRows = (route: Route, mix: Mix<Float32Array>, { shape, data }: Values): Values => {
  const [points = 0, ...row] = shape
  const size = data.length / points
  const stops = route.through(
    mix,
    Array.from({ length: points }, (_, i) => Float32Array.from(data.subarray(i * size, (i + 1) * size))),
  )
  const mixed = new Float32Array(stops.length * size)
  stops.forEach((stop, i) => {
    mixed.set(stop, i * size)
  })
  return { shape: [stops.length, ...row], data: mixed }
}

/**
 * Encodes images, mixes their latents along a route, and decodes what lies there: one frame per step of the way back.
 *
 * @remarks
 * How deep is the spacing's to say: `trailing(50)` goes to x_T, where only what the model knows of the images is left to
 * mix; `strength(trailing(50), 0.4)` goes less far, and mixes more of the pixels themselves.
 *
 * @law the rows at the points are the images' reconstructions
 *
 * @param config - model, spacing, route; `labels`, `mix`, `refinements`, `evaluateAt`
 * @param images - one for each point, `[points, …shape]`
 * @returns frames, of the way back; errors are those of {@link denoise}
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const model = denoiserOf({ algebra: float64, predicts: 'epsilon', schedule, shape: [2] }, ({ shape, data }) => ({ shape, data: data.map(() => 0) }))
 * const images = { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }
 * const { xt } = await finalSnapshot(interpolateImages({ model, spacing: trailing(4), route: path(3) }, images))
 * expect([...xt.data].map((x) => x.toFixed(3))).toEqual(['1.000', '0.000', '0.707', '0.707', '0.000', '1.000'])
 * ```
 */
export const interpolateImages = <T>(
  { route, labels, mix = slerp, ...config }: InterpolateImagesConfig<T>,
  images: Values,
): Observable<Frame<T>> => {
  const stops = blendRoute(config.model, route, images.shape[0] ?? 1, labels)
  const up = labels === undefined ? config : { ...config, condition: { labels } }
  return encode(up, images).pipe(
    concatMap((latents) =>
      decode({ ...config, model: stops.model, condition: stops.condition }, mixRows(route, mix, latents)),
    ),
  )
}
