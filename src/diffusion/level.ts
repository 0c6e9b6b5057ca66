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
