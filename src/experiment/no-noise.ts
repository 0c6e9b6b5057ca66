/** What encoding and decoding draw. */
import type { NoiseSource } from '../noise/noise-source.ts'

/**
 * Noise that nobody may draw.
 *
 * @example
 * ```ts
 * expect(() => noNoise.draw(0, [1])).toThrow('no noise')
 * ```
 */
export const noNoise: NoiseSource = {
  name: 'none',
  draw: () => {
    throw new Error('an experiment without noise draws no noise')
  },
}
