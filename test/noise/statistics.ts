/** Statistics that tell noise from what only looks like it. */

const mean = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length

const centralMoment = (x: Float32Array, order: number): number => {
  const centre = mean(x)
  return x.reduce((sum, value) => sum + (value - centre) ** order, 0) / x.length
}

export const moments = (
  x: Float32Array,
): {
  readonly mean: number
  readonly variance: number
  readonly skewness: number
  readonly kurtosis: number
} => {
  const variance = centralMoment(x, 2)
  return {
    mean: mean(x),
    variance,
    skewness: centralMoment(x, 3) / variance ** 1.5,
    kurtosis: centralMoment(x, 4) / variance ** 2,
  }
}

/** Φ, by the continued fraction of its tail and the series of its middle (Abramowitz and Stegun 26.2.14, 26.2.11). */
export const normalCdf = (x: number): number => {
  const density = Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (Math.abs(x) > 5) {
    let fraction = 0
    for (let k = 60; k > 0; k--) fraction = k / (Math.abs(x) + fraction)
    const tail = density / (Math.abs(x) + fraction)
    return x > 0 ? 1 - tail : tail
  }
  let [term, sum] = [x, x]
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (x * x) / k
    sum += term
  }
  return 0.5 + density * sum
}

/** The largest distance between the values' distribution function and Φ. */
export const kolmogorovSmirnov = (x: Float32Array): number =>
  x.toSorted().reduce((largest, value, i) => {
    const expected = normalCdf(value)
    return Math.max(largest, expected - i / x.length, (i + 1) / x.length - expected)
  }, 0)

export const correlation = (a: Float32Array, b: Float32Array): number => {
  const [meanA, meanB] = [mean(a), mean(b)]
  const covariance = a.reduce((sum, value, i) => sum + (value - meanA) * ((b[i] ?? 0) - meanB), 0) / a.length
  return covariance / Math.sqrt(centralMoment(a, 2) * centralMoment(b, 2))
}
