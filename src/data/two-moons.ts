/** Points for trying things out: two arcs that reach into each other. */
import type { Values } from '../algebra/algebra.ts'
import { TE } from '../fp.ts'
import { uniform } from '../noise/uniform.ts'
import { philox } from '../noise/philox.ts'

/** How many points of which data set. */
export interface TwoMoonsOptions {
  readonly seed: number
  /** Of a batch. */
  readonly count: number
  /** The deviation of each coordinate from its arc, in radii; 0.05 unless said. */
  readonly noise?: number
}

/**
 * Batch k of two half circles, one open below and one above, of radius 2, in about `[−3, 3] × [−1.5, 1.5]`; label 0 is the upper.
 *
 * @param options - see {@link TwoMoonsOptions}
 * @param k - which batch: the same one every time
 * @returns a batch for {@link train}
 *
 * @example
 * ```ts
 * const { images, labels } = await orThrow(twoMoons({ seed: 7, count: 100 }, 0))
 * expect(images.shape).toEqual([100, 2])
 * expect(labels[0]).toBe(0)
 * ```
 */
export const twoMoons = (
  { seed, count, noise = 0.05 }: TwoMoonsOptions,
  k: number,
): TE.TaskEither<never, { readonly images: Values; readonly labels: readonly number[] }> => {
  const around = uniform(seed, 'order')(k, count)
  const data = philox({ seed }).draw(k, [count, 2])
  const labels = Array.from({ length: count }, (_, i) => i % 2)
  labels.forEach((moon, i) => {
    const angle = Math.PI * around[i]!
    const [x, y] =
      moon === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)]
    data[2 * i] = 2 * (x - 0.5 + noise * data[2 * i]!)
    data[2 * i + 1] = 2 * (y - 0.25 + noise * data[2 * i + 1]!)
  })
  return TE.right({ images: { shape: [count, 2], data }, labels })
}
