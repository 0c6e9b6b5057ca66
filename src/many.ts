/**
 * Counts in words.
 */

/**
 * So many of something.
 *
 * @example
 * ```ts
 * expect([many(1, 'step'), many(2, 'step')]).toEqual(['1 step', '2 steps'])
 * ```
 */
export const many = (count: number, what: string): string =>
  `${String(count)} ${what}${count === 1 ? '' : 's'}`
