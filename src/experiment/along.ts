/**
 * Noise that wanders: interpolation in x_T, and in every z after it.
 */
import { rowsOf } from '../algebra/shape.ts'
import { fail } from '../failure.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { type Mix, slerp } from './mix.ts'
import type { Route } from './route.ts'

/**
 * The noise along a route: row r is what lies at its stop r between the sample 0 of each source.
 *
 * @remarks
 * Noise is a function of the draw, and so is this: x_T is interpolated (draw 0), and with a rule that draws fresh noise every
 * later z is, too. So the rows at the points are the very samples of their sources, whatever the rule, and what lies between moves
 * smoothly even with DDPM.
 *
 * @param route - through how many sources
 * @param sources - one for each point
 * @param mix - what lies between two; {@link slerp} unless said
 * @throws RunInvalid where the route does not lead through that many; drawing throws NoiseInvalid for a batch of another size
 *
 * @example
 * ```ts
 * const noise = along(path(3), [philox({ seed: 3 }), philox({ seed: 8 })])
 * const xT = noise.draw(0, [3, 28, 28, 1])
 * expect(xT.subarray(0, 784)).toEqual(philox({ seed: 3 }).draw(0, [1, 28, 28, 1]))
 * expect(xT.subarray(2 * 784)).toEqual(philox({ seed: 8 }).draw(0, [1, 28, 28, 1]))
 * ```
 */
export const along = (
  route: Route,
  sources: readonly NoiseSource[],
  mix: Mix<Float32Array> = slerp,
): NoiseSource => {
  const name = `${route.name} of ${[...new Set(sources.map((source) => source.name))].join(', ')}`
  return {
    name,
    draw: (draw, shape) => {
      const points = sources.map((source) => source.draw(draw, [1, ...shape.slice(1)]))
      const stops = route.through(mix, points)
      const rows = rowsOf(shape)
      if (stops.length !== rows)
        throw fail('NoiseInvalid', {
          reason: `${name} has ${String(stops.length)} stops, and the batch ${String(rows)} rows`,
        })
      const size = points[0]?.length ?? 0
      const values = new Float32Array(rows * size)
      stops.forEach((stop, row) => {
        values.set(stop, row * size)
      })
      return values
    },
  }
}
