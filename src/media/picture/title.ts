/** What every sheet of pictures has: a margin all around, and a title above the rest, if any. */
import type { Canvas } from './canvas.ts'
import { fit, text } from './lettering.ts'

/**
 * How far the contents stay from the edges, in pixels.
 *
 * @example
 * ```ts
 * expect(belowTitle(undefined)).toBe(margin)
 * ```
 */
export const margin = 24

const size = 2
const height = 36

/**
 * Where the contents begin, in pixels from the top.
 *
 * @example
 * ```ts
 * expect(belowTitle('Shoes')).toBeGreaterThan(belowTitle(undefined))
 * ```
 */
export const belowTitle = (title: string | undefined): number => margin + (title === undefined ? 0 : height)

/**
 * Writes a title, if there is one; one that is too wide is cut short.
 *
 * @param canvas - is changed
 *
 * @example
 * ```ts
 * const canvas = blank(100, 60, [])
 * writeTitle(canvas, 'Shoes')
 * expect(Math.min(...canvas.data)).toBeLessThan(60)
 * ```
 */
export const writeTitle = (canvas: Canvas, title: string | undefined): void => {
  if (title !== undefined)
    text(canvas, fit(title, size, canvas.width - 2 * margin), { x: margin, y: margin }, { size })
}
