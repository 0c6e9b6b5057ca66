/** The error function, which JavaScript's `Math` lacks. */

/** `Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n+1))`, which loses no more than a digit below 2. */
const series = (x: number): number => {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

/** `erfc(x)·√π·e^(x²)` as a continued fraction, from its far end; Abramowitz and Stegun 7.1.14. */
const fraction = (x: number): number => {
  let tail = x
  for (let k = 120; k > 0; k--) tail = x + k / 2 / tail
  return 1 / tail
}

/**
 * The error function, to 1e-15.
 *
 * @equation `erf(x) = 2/√π · ∫₀ˣ e^(−t²) dt`
 *
 * @example
 * ```ts
 * expect(erf(1)).toBeCloseTo(0.8427007929497149, 15)
 * expect(erf(-3)).toBeCloseTo(-0.9999779095030014, 15)
 * ```
 */
export const erf = (x: number): number => {
  const far = Math.abs(x)
  if (x === 0) return 0
  if (far < 2) return series(x)
  return Math.sign(x) * (1 - (Math.exp(-far * far) / Math.sqrt(Math.PI)) * fraction(far))
}
