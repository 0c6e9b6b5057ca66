/**
 * Where x is on the way between noise and image.
 */

/** A point on the way, by its time and by what is left of the image. */
export interface Level {
  /** The time, real; −1 at the clean end. */
  readonly t: number
  /** ᾱ, the share of the image's variance that is left, in `[0, 1]`; the DDIM paper writes α. */
  readonly alphaBar: number
}

/**
 * The end of every complete chain: no noise at all.
 *
 * @example
 * ```ts
 * expect(forward(cleanLevel)).toEqual(linearForm({ x0: 1 }))
 * ```
 */
export const cleanLevel: Level = { t: -1, alphaBar: 1 }

/**
 * Whether two ᾱ are one but for rounding: relative to whichever is small, the image or the noise, so that tables in float32 are
 * those in float64.
 *
 * @example
 * ```ts
 * expect(sameAlphaBar(0.5, Math.fround(0.5000001))).toBe(true)
 * expect(sameAlphaBar(0.9999, 0.9998)).toBe(false)
 * ```
 */
export const sameAlphaBar = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-5 * Math.min(a, 1 - a) + 1e-9
