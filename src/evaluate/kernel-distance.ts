/**
 * The kernel distance of two sets of features: KID, when the features are Inception's.
 */
import { fail } from '../failure.ts'
import { permutation, uniform } from '../noise/uniform.ts'
import { type Features, sizeOfBoth, sizesOf } from './features.ts'

/** How to estimate it. */
export interface KernelOptions {
  /** How many blocks are drawn of each set; 20 unless said. */
  readonly blocks?: number
  /** How many images a block has; the smaller set, at most 1,000, unless said. */
  readonly blockSize?: number
  /** Of the draw of blocks; 0 unless said. */
  readonly seed?: number
}

/** A mean over blocks. */
export interface KernelDistance {
  readonly distance: number
  /** The standard deviation over the blocks. */
  readonly deviation: number
}

/** `(x·y/d + 1)³`. */
const kernel = (a: Features, i: number, b: Features, j: number, size: number): number => {
  let dot = 0
  for (let k = 0; k < size; k += 1) dot += a.data[i * size + k]! * b.data[j * size + k]!
  return (dot / size + 1) ** 3
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length

/**
 * The squared maximum mean discrepancy of two sets under `(x·y/d + 1)³`, without bias at any number of images
 * (Bińkowski et al., arXiv:1801.01401, sec. 4 and 5): the mean over blocks, and how much they differ.
 *
 * @param a - `[images, size]`
 * @param b - of the other set
 * @param options - blocks, their size, the seed
 * @returns about 0 for two sets of one distribution, and then negative as often as not
 * @throws FeaturesDisagree for features of two lengths, or blocks that a set is too small for
 *
 * @example
 * ```ts
 * const noise = (seed: number, shift: number) =>
 *   ({ shape: [200, 2], data: philox({ seed }).draw(0, [200, 2]).map((x) => x + shift) })
 * const near = kernelDistance(noise(1, 0), noise(2, 0), { blocks: 10 })
 * const far = kernelDistance(noise(1, 0), noise(2, 1), { blocks: 10 })
 * expect(Math.abs(near.distance)).toBeLessThan(0.2)
 * expect(far.distance).toBeGreaterThan(1)
 * ```
 */
export const kernelDistance = (a: Features, b: Features, options: KernelOptions = {}): KernelDistance => {
  const size = sizeOfBoth(a, b)
  const [{ rows: many }, { rows: others }] = [sizesOf(a), sizesOf(b)]
  const { blocks = 20, blockSize = Math.min(1000, many, others), seed = 0 } = options
  if (blockSize < 2 || blockSize > Math.min(many, others))
    throw fail('FeaturesDisagree', {
      reason: `a block of ${String(blockSize)} images takes sets of at least that many, and at least two`,
    })
  const numbers = uniform(seed, 'blocks')
  const distances = Array.from({ length: blocks }, (_, block) => {
    const left = permutation(many, numbers(2 * block, many))
    const right = permutation(others, numbers(2 * block + 1, others))
    let within = 0
    let between = 0
    for (let i = 0; i < blockSize; i += 1)
      for (let j = 0; j < blockSize; j += 1) {
        if (i !== j)
          within += kernel(a, left[i]!, a, left[j]!, size) + kernel(b, right[i]!, b, right[j]!, size)
        between += kernel(a, left[i]!, b, right[j]!, size)
      }
    return within / (blockSize * (blockSize - 1)) - (2 * between) / blockSize ** 2
  })
  const distance = meanOf(distances)
  return { distance, deviation: Math.sqrt(meanOf(distances.map((each) => (each - distance) ** 2))) }
}
