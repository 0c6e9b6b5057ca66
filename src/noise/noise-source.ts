/**
 * Noise is a function, not a generator: ask twice, get the same.
 */
import type { Shape } from '../algebra/algebra.ts'

/** Standard normal noise for a whole run, addressed by draw. */
export interface NoiseSource {
  readonly name: string
  /**
   * @param draw - how many z's the chain has consumed before this one; x_T is draw 0
   * @param shape - `[rows, height, width, channels]`, or `[rows]` for numbers
   * @returns float32 values in that order, the same on every engine
   */
  readonly draw: (draw: number, shape: Shape) => Float32Array
}
