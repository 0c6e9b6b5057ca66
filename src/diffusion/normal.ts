/**
 * How much of a normal distribution lies in an interval, and how far two normal distributions are apart.
 */

/** `φ(x)·(x + x³/3 + x⁵/15 + …) = ∫₀ˣ φ`, for x near 0. */
const centre = (x: number): number => {
  let term = x
  let sum = x
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (x * x) / n
    sum += term
  }
  return density(x) * sum
}

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** `∫ₓ^∞ φ` for x ≥ 0, with all its digits far out too: Laplace's continued fraction, from its far end. */
const tail = (x: number): number => {
  if (x < 3) return 0.5 - centre(x)
  let fraction = x
  for (let k = 100; k > 0; k--) fraction = x + k / fraction
  return density(x) / fraction
}

/**
 * The probability of `low < z < high` for a standard normal z.
 *
 * @param low - may be −Infinity
 * @param high - may be Infinity; at least `low`
 * @returns the probability, with its leading digits even where it is tiny
 *
 * @example
 * ```ts
 * expect(normalMass(-1, 1)).toBeCloseTo(0.6826894921370859, 14)
 * expect(normalMass(10, Infinity) / 7.619853024160527e-24).toBeCloseTo(1, 12)
 * ```
 */
export const normalMass = (low: number, high: number): number => {
  if (low >= 0) return tail(low) - tail(high)
  if (high <= 0) return tail(-high) - tail(-low)
  return 1 - tail(-low) - tail(high)
}

/**
 * The same by `Φ(x) ≈ (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2`, as OpenAI's code takes it; off by 3e-4 at most.
 *
 * @param low - may be −Infinity
 * @param high - may be Infinity; at least `low`
 *
 * @example
 * ```ts
 * expect(normalMassByTanh(-1, 1)).toBeCloseTo(0.68238, 5)
 * ```
 */
export const normalMassByTanh = (low: number, high: number): number => {
  const cdf = (x: number): number => (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) / 2
  return cdf(high) - cdf(low)
}

/**
 * The Kullback-Leibler divergence of two normal distributions, `KL(N(m₁, v₁) ‖ N(m₂, v₂))`.
 *
 * @equation `½·(ln(v₂/v₁) + (v₁ + (m₁ − m₂)²)/v₂ − 1)`
 *
 * @param distance - m₁ − m₂
 * @param variance - v₁, at least 0
 * @param modelVariance - v₂, at least 0
 * @returns nats; Infinity where one of two different distributions is a point
 *
 * @example
 * ```ts
 * expect(normalKl(0, 1, 1)).toBe(0)
 * expect(normalKl(2, 1, 1)).toBe(2)
 * expect(normalKl(0, 1, Math.E)).toBeCloseTo(1 / Math.E / 2, 15)
 * ```
 */
export const normalKl = (distance: number, variance: number, modelVariance: number): number => {
  const apart = distance === 0 ? 0 : distance ** 2 / modelVariance
  if (variance === modelVariance) return apart / 2
  if (modelVariance === 0) return Infinity
  return (Math.log(modelVariance / variance) + variance / modelVariance - 1 + apart) / 2
}
