/**
 * Fréchet's distance of two normal distributions: FID, when the features are Inception's.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'
import { fail } from '../failure.ts'
import type { Moments } from './moments.ts'

const covariance = ({ count, mean, scatter }: Moments): Matrix => {
  const size = mean.length
  return Matrix.from1DArray(size, size, [...scatter]).div(count - 1)
}

/** Of a matrix that is symmetric and, but for rounding, has no negative eigenvalues. */
const eigen = (matrix: Matrix): { readonly values: readonly number[]; readonly vectors: Matrix } => {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  })
  return { values: realEigenvalues.map((value) => Math.max(0, value)), vectors: eigenvectorMatrix }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/**
 * `|μ₁ − μ₂|² + tr(C₁ + C₂ − 2(C₁C₂)^½)` (Heusel et al., arXiv:1706.08500, eq. 6). The trace of the root is that of
 * `(√C₁ C₂ √C₁)^½`, whose matrix is symmetric, so no complex root is met on the way.
 *
 * @remarks
 * Biased upwards for few images, the more so the longer a feature is: compare sets of one size only, or take {@link kernelDistance}.
 *
 * @param a - of one set, of at least two images
 * @param b - of the other
 * @returns the square of a distance, from 0
 * @throws FeaturesDisagree for features of two lengths, or a set of fewer than two images
 *
 * @example
 * ```ts
 * const of = (...data: number[]) => momentsOf({ shape: [data.length, 1], data: Float64Array.from(data) })
 * // N(1, 1) and N(5, 3²): (5 − 1)² + (3 − 1)²
 * expect(frechetDistance(of(0, 1, 2), of(2, 5, 8))).toBeCloseTo(20, 10)
 * ```
 */
export const frechetDistance = (a: Moments, b: Moments): number => {
  if (a.mean.length !== b.mean.length)
    throw fail('FeaturesDisagree', {
      reason: `they have ${String(a.mean.length)} and ${String(b.mean.length)} numbers each`,
    })
  if (Math.min(a.count, b.count) < 2)
    throw fail('FeaturesDisagree', { reason: 'a covariance takes at least two images' })
  const apart = sum([...a.mean].map((mean, i) => (mean - b.mean[i]!) ** 2))
  const [first, second] = [covariance(a), covariance(b)]
  const { values, vectors } = eigen(first)
  const root = vectors.mmul(Matrix.diag(values.map(Math.sqrt))).mmul(vectors.transpose())
  const between = root.mmul(second).mmul(root)
  // rounding leaves it symmetric only nearly
  const symmetric = Matrix.add(between, between.transpose()).mul(0.5)
  const overlap = sum(eigen(symmetric).values.map(Math.sqrt))
  return Math.max(0, apart + first.trace() + second.trace() - 2 * overlap)
}
