/**
 * Precision and recall: how many samples look like data, and how much of the data the samples reach.
 */
import { fail } from '../failure.ts'
import { type Features, sizeOfBoth, sizesOf } from './features.ts'

/** Both in `[0, 1]`. */
export interface PrecisionRecall {
  /** The share of samples that lie among the data. */
  readonly precision: number
  /** The share of data that lie among the samples. */
  readonly recall: number
}

const squaredDistance = (size: number, a: Features, i: number, b: Features, j: number): number => {
  let sum = 0
  for (let k = 0; k < size; k += 1) sum += (a.data[i * size + k]! - b.data[j * size + k]!) ** 2
  return sum
}

/** The squared distance of every row to its k-th nearest neighbour among the others. */
const radii = (features: Features, k: number): Float64Array => {
  const { rows, size } = sizesOf(features)
  return Float64Array.from({ length: rows }, (_, i) => {
    const distances = Float64Array.from({ length: rows }, (__, j) =>
      i === j ? Infinity : squaredDistance(size, features, i, features, j),
    )
    return distances.toSorted()[k - 1] ?? Infinity
  })
}

/** The share of `points` that lie in a ball of `centres`, each as wide as its k-th neighbour is far. */
const covered = (points: Features, centres: Features, k: number): number => {
  const reach = radii(centres, k)
  const { rows, size } = sizesOf(points)
  let inside = 0
  for (let i = 0; i < rows; i += 1)
    if (reach.some((radius, j) => squaredDistance(size, points, i, centres, j) <= radius)) inside += 1
  return inside / rows
}

/**
 * Precision and recall on the manifolds that the k nearest neighbours span (Kynkäänniemi et al., arXiv:1904.06991, eq. 1 and 2).
 *
 * @param samples - `[images, size]`
 * @param data - of the data
 * @param k - which neighbour says how far a manifold reaches; 3 unless said
 * @throws FeaturesDisagree for features of two lengths, or a set of k images or fewer
 *
 * @example
 * ```ts
 * const line = (...data: number[]) => ({ shape: [data.length, 1], data: Float32Array.from(data) })
 * // every sample is among the data, which reach further
 * expect(precisionRecall(line(0, 1, 2), line(0, 1, 2, 20, 21, 22), 2)).toEqual({ precision: 1, recall: 0.5 })
 * ```
 */
export const precisionRecall = (samples: Features, data: Features, k = 3): PrecisionRecall => {
  sizeOfBoth(samples, data)
  if (Math.min(sizesOf(samples).rows, sizesOf(data).rows) <= k)
    throw fail('FeaturesDisagree', { reason: `${String(k)} neighbours take sets of more images than that` })
  return { precision: covered(samples, data, k), recall: covered(data, samples, k) }
}
