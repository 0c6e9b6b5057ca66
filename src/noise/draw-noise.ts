/**
 * Noise into an algebra: made there, where algebra and source agree on how; brought there otherwise.
 */
import type { Shape, VectorAlgebra } from '../algebra/algebra.ts'
import type { NoiseSource } from './noise-source.ts'

/**
 * One draw as a value of the algebra.
 *
 * @param algebra - where to
 * @param noise - which source
 * @param draw - its number
 * @param shape - `[rows, …]`
 * @returns a new value, the caller's; an upload only where the algebra can't make the source's numbers itself
 *
 * @example
 * ```ts
 * const z = drawNoise(float64, philox({ seed: 7 }), 0, [2, 3])
 * expect([...z.data]).toEqual([...philox({ seed: 7 }).draw(0, [2, 3])])
 * ```
 */
export const drawNoise = <T>(
  algebra: VectorAlgebra<T>,
  noise: NoiseSource,
  draw: number,
  shape: Shape,
): T => {
  const address = algebra.normals === undefined ? undefined : noise.address?.(draw, shape)
  const made = address && algebra.normals?.(shape, address)
  return made ?? algebra.fromValues({ shape, data: noise.draw(draw, shape) })
}
