/**
 * Noise is a function, not a generator: ask twice, get the same.
 */
import type { NormalsAddress, Shape } from '../algebra/algebra.ts'

/** Standard normal noise for a whole run, addressed by draw. */
export interface NoiseSource {
  readonly name: string
  /**
   * @param draw - how many z's the chain has consumed before this one; x_T is draw 0
   * @param shape - `[rows, height, width, channels]`, or `[rows]` for numbers
   * @returns float32 values in that order, the same for every engine
   */
  readonly draw: (draw: number, shape: Shape) => Float32Array
  /** Where its numbers come from, if they are `philox`'s, for engines that make them on their device, the same to 1e-6. */
  readonly address?: (draw: number, shape: Shape) => NormalsAddress
}
