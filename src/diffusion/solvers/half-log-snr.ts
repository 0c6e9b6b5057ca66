/** The time in which solvers think. */
import type { Level } from '../level.ts'

/**
 * `λ = log(√ᾱ/√(1−ᾱ))`, half the logarithm of the signal-to-noise ratio (arXiv:2206.00927, sec. 2): the ODE is linear in
 * it but for x̂₀. −∞ where nothing is left of the image, ∞ at the clean level.
 *
 * @example
 * ```ts
 * expect(halfLogSnr({ alphaBar: 0.5 })).toBe(0)
 * expect(halfLogSnr(cleanLevel)).toBe(Infinity)
 * ```
 */
export const halfLogSnr = ({ alphaBar }: Pick<Level, 'alphaBar'>): number =>
  0.5 * Math.log(alphaBar / (1 - alphaBar))

/**
 * Whether {@link halfLogSnr} is finite: something of the image is left, and some noise.
 *
 * @example
 * ```ts
 * expect(isInside(cleanLevel)).toBe(false)
 * ```
 */
export const isInside = ({ alphaBar }: Pick<Level, 'alphaBar'>): boolean => alphaBar > 0 && alphaBar < 1
