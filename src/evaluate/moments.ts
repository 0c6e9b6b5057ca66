/**
 * Mean and covariance of any number of features, gathered batch by batch.
 */
import { fail } from '../failure.ts'
import { type M } from '../fp.ts'
import { type Features, sizesOf } from './features.ts'

/** What is left of features when only their first two moments count. */
export interface Moments {
  readonly count: number
  readonly mean: Float64Array
  /** `Σ (f − mean)(f − mean)ᵀ`, row by row: the covariance times `count − 1`. */
  readonly scatter: Float64Array
}

/**
 * Moments of the union of two sets, without a second look at either (Chan, Golub & LeVeque 1979, eq. 2.1). A monoid: sets can be
 * taken in batches of any size, in any order.
 *
 * @param size - of a feature
 *
 * @example
 * ```ts
 * const { concat, empty } = momentsMonoid(1)
 * const of = (...data: number[]) => momentsOf({ shape: [data.length, 1], data: Float64Array.from(data) })
 * const parts = concat(of(1, 2), concat(empty, of(6)))
 * expect(parts).toEqual(of(1, 2, 6))
 * ```
 */
export const momentsMonoid = (size: number): M.Monoid<Moments> => ({
  empty: { count: 0, mean: new Float64Array(size), scatter: new Float64Array(size * size) },
  concat: (a, b) => {
    if (a.mean.length !== size || b.mean.length !== size)
      throw fail('FeaturesDisagree', {
        reason: `they have ${String(a.mean.length)} and ${String(b.mean.length)} numbers each`,
      })
    const count = a.count + b.count
    if (count === 0) return a
    const apart = a.mean.map((mean, i) => b.mean[i]! - mean)
    const mean = a.mean.map((each, i) => each + (apart[i]! * b.count) / count)
    const factor = (a.count * b.count) / count
    const scatter = a.scatter.map(
      (each, ij) => each + b.scatter[ij]! + apart[Math.floor(ij / size)]! * apart[ij % size]! * factor,
    )
    return { count, mean, scatter }
  },
})

/**
 * The moments of one batch, in float64.
 *
 * @param features - `[images, size]`
 *
 * @example
 * ```ts
 * const { mean, scatter } = momentsOf({ shape: [2, 2], data: Float32Array.of(0, 1, 2, 5) })
 * expect([[...mean], [...scatter]]).toEqual([[1, 3], [2, 4, 4, 8]])
 * ```
 */
export const momentsOf = (features: Features): Moments => {
  const { rows, size } = sizesOf(features)
  const { data } = features
  const mean = new Float64Array(size)
  for (let i = 0; i < data.length; i += 1) mean[i % size]! += data[i]! / rows
  const scatter = new Float64Array(size * size)
  for (let row = 0; row < rows; row += 1)
    for (let i = 0; i < size; i += 1) {
      const off = data[row * size + i]! - mean[i]!
      for (let j = 0; j < size; j += 1) scatter[i * size + j]! += off * (data[row * size + j]! - mean[j]!)
    }
  return { count: rows, mean, scatter }
}
