/**
 * Rounds to the nearest whole number, halves to the even one, as Python, NumPy and PyTorch do (`Math.round` does not).
 *
 * @example
 * ```ts
 * expect([0.5, 1.5, 2.5, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 3])
 * ```
 */
export const roundHalfEven = (value: number): number => {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}
