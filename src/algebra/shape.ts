/**
 * What everybody asks of a {@link Shape}.
 */
import type { Shape } from './algebra.ts'

/**
 * The number of elements of a shape.
 *
 * @example
 * ```ts
 * expect(sizeOf([2, 3, 4])).toBe(24)
 * expect(sizeOf([])).toBe(1)
 * ```
 */
export const sizeOf = (shape: Shape): number => shape.reduce((size, extent) => size * extent, 1)

/**
 * The number of rows of a shape: its first extent; a number is one row.
 *
 * @example
 * ```ts
 * expect(rowsOf([8, 28, 28, 1])).toBe(8)
 * expect(rowsOf([])).toBe(1)
 * ```
 */
export const rowsOf = (shape: Shape): number => shape[0] ?? 1

/**
 * Whether two shapes are the same.
 *
 * @example
 * ```ts
 * expect(sameShape([1, 28], [1, 28])).toBe(true)
 * expect(sameShape([1, 28], [28])).toBe(false)
 * ```
 */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis])

/**
 * A shape as sentences name it.
 *
 * @example
 * ```ts
 * expect(showShape([8, 28, 28, 1])).toBe('[8, 28, 28, 1]')
 * ```
 */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`
