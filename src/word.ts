/**
 * Whole numbers up to 2⁵³ as two words of 32 bits, which is what generators of random numbers take.
 */

/**
 * 2³², the number of values of one word.
 *
 * @example
 * ```ts
 * expect(lowWord(WORD - 1)).toBe(4294967295)
 * ```
 */
export const WORD: number = 2 ** 32

/**
 * The lower word.
 *
 * @example
 * ```ts
 * expect(lowWord(3 * 2 ** 32 + 7)).toBe(7)
 * ```
 */
export const lowWord = (value: number): number => value % WORD

/**
 * The upper word.
 *
 * @example
 * ```ts
 * expect(highWord(3 * 2 ** 32 + 7)).toBe(3)
 * ```
 */
export const highWord = (value: number): number => Math.floor(value / WORD)
