/**
 * The reference algebra: double precision, plain loops, no dependencies. Goldens are checked with it to 1e-12.
 */
import type { VectorAlgebra } from './algebra.ts'
import type { Values64 } from './float64/values.ts'
import { vector64 } from './float64/vector.ts'

export type { Values64 } from './float64/values.ts'

/**
 * Everything in double precision on typed arrays; images are NHWC.
 *
 * @example
 * ```ts
 * const x = float64.fromValues({ shape: [2], data: Float64Array.of(1, -3) })
 * expect(float64.clamp(x, -1, 1).data).toEqual(Float64Array.of(1, -1))
 * ```
 */
export const float64: VectorAlgebra<Values64> = { ...vector64 }
