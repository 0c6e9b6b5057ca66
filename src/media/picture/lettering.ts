/**
 * Captions: the cells of the typeface joined into strokes and drawn smooth, at any size.
 *
 * Neighbouring cells are the ends of a stroke, so a five-by-seven drawing comes out as a rounded monoline letter.
 */
import { mix, tones, type Canvas, type Point } from './canvas.ts'
import { bands, cell, missing } from './font.ts'

type Stroke = readonly [x0: number, y0: number, x1: number, y1: number]

interface Glyph {
  /** In cells. */
  readonly width: number
  readonly strokes: readonly Stroke[]
}

/** What one character covers: a mask of opacities in `[0, 1]`, `width` pixels wide. */
interface Stamp {
  readonly advance: number
  readonly width: number
  readonly mask: Float32Array
}

/** Thickness of a stroke and space between letters, in cells. */
const weight = 0.9
const tracking = 1.25
const wordSpace = 1.25

/** Right, down, and both diagonals; a diagonal joins only where no right angle does. */
const glyph = (lit: (x: number, y: number) => boolean): Glyph => {
  const strokes: Stroke[] = []
  let width = 0
  for (let y = 0; y < cell.rows; y += 1)
    for (let x = 0; x < cell.columns; x += 1) {
      if (!lit(x, y)) continue
      width = Math.max(width, x + 1)
      strokes.push([x, y, x, y])
      if (lit(x + 1, y)) strokes.push([x, y, x + 1, y])
      if (lit(x, y + 1)) strokes.push([x, y, x, y + 1])
      for (const side of [-1, 1])
        if (lit(x + side, y + 1) && !lit(x + side, y) && !lit(x, y + 1)) strokes.push([x, y, x + side, y + 1])
    }
  return { width, strokes }
}

const glyphs: ReadonlyMap<string, Glyph> = new Map(
  bands.flatMap(({ characters, art }) => {
    const rows = art.split('\n').slice(1)
    return characters.map((character, i): [string, Glyph] => [
      character,
      glyph((x, y) => x >= 0 && x < cell.columns && rows[y]?.[i * cell.columns + x] === '#'),
    ])
  }),
)

const distance = (x: number, y: number, [x0, y0, x1, y1]: Stroke): number => {
  const [dx, dy] = [x1 - x0, y1 - y0]
  const along = dx === 0 && dy === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)
  const nearest = Math.min(1, Math.max(0, along))
  const [ox, oy] = [x - x0 - nearest * dx, y - y0 - nearest * dy]
  // not hypot, whose last digit differs between engines
  return Math.sqrt(ox * ox + oy * oy)
}

const heightOf = (size: number): number => Math.ceil(cell.rows * size)

const stamp = (shape: Glyph, size: number): Stamp => {
  const width = Math.ceil(shape.width * size)
  const mask = Float32Array.from({ length: width * heightOf(size) }, (_, pixel) => {
    const x = ((pixel % width) + 0.5) / size - 0.5
    const y = (Math.floor(pixel / width) + 0.5) / size - 0.5
    const nearest = shape.strokes.reduce((least, stroke) => Math.min(least, distance(x, y, stroke)), Infinity)
    return Math.min(1, Math.max(0, (weight / 2 - nearest) * size + 0.5))
  })
  // whole pixels from letter to letter keep the stems as sharp as the first one
  return { advance: Math.round(((shape.width || wordSpace) + tracking) * size), width, mask }
}

const stamps = new Map<string, Stamp>()

const stampOf = (character: string, size: number): Stamp => {
  const key = `${String(size)} ${character}`
  const known = stamps.get(key)
  if (known !== undefined) return known
  const made = stamp(glyphs.get(character) ?? glyphs.get(missing) ?? { width: 0, strokes: [] }, size)
  stamps.set(key, made)
  return made
}

const isMark = (character: string): boolean => /\p{Mark}/u.test(character)

/** The characters to draw: an accented letter that the typeface lacks loses its accent, other unknown ones become a box. */
const spell = (line: string): readonly string[] =>
  [...line.normalize('NFC')].flatMap((character) =>
    glyphs.has(character)
      ? [character]
      : isMark(character)
        ? []
        : [[...character.normalize('NFD')].find((part) => glyphs.has(part)) ?? missing],
  )

/**
 * How wide a line will be, in pixels.
 *
 * @param line - one line of text
 * @param size - pixels per cell of the typeface; capitals are 7 cells tall
 *
 * @example
 * ```ts
 * expect(widthOf('', 2)).toBe(0)
 * expect(widthOf('wide', 2)).toBeGreaterThan(widthOf('slim', 2))
 * ```
 */
export const widthOf = (line: string, size: number): number => {
  const width = spell(line)
    .filter((character) => !isMark(character))
    .reduce((sum, character) => sum + stampOf(character, size).advance, 0)
  return Math.max(0, width - Math.round(tracking * size))
}

/**
 * The line itself where it fits, else its beginning and an ellipsis.
 *
 * @param line - one line of text
 * @param size - pixels per cell
 * @param width - in pixels
 *
 * @example
 * ```ts
 * expect(fit('sneaker', 2, 200)).toBe('sneaker')
 * expect(fit('a very long caption', 2, 100)).toMatch(/^a very.*…$/)
 * ```
 */
export const fit = (line: string, size: number, width: number): string => {
  if (widthOf(line, size) <= width) return line
  const letters = [...line]
  const lengths = letters.map((_, i) => letters.length - 1 - i)
  const shorter = lengths.map((length) => `${letters.slice(0, length).join('').trimEnd()}…`)
  return shorter.find((candidate) => widthOf(candidate, size) <= width) ?? ''
}

/**
 * Writes one line of text.
 *
 * @remarks
 * Printable ASCII and `… · × – √ ᾱ ε η σ ₀ ₜ` and the circumflex of `x̂`; other characters are drawn as a box.
 *
 * @param canvas - is changed; what lies off it is dropped
 * @param line - the text
 * @param at - the top left corner of the line: where a capital letter would begin
 * @param look - `size`: pixels per cell (capitals are 7 tall, descenders 2 more); `tone`: its grey
 *
 * @example
 * ```ts
 * const canvas = blank(40, 20, [])
 * text(canvas, 'x₀', { x: 2, y: 2 }, { size: 2 })
 * expect(Math.min(...canvas.data)).toBeLessThan(60)
 * ```
 */
export const text = (
  canvas: Canvas,
  line: string,
  at: Point,
  { size, tone = tones.ink }: { readonly size: number; readonly tone?: number },
): void => {
  let [x, letter] = [at.x, at.x]
  for (const character of spell(line)) {
    const { advance, width, mask } = stampOf(character, size)
    // a mark sits in the middle of the letter before it
    if (!isMark(character)) letter = x
    const left = isMark(character) ? Math.round((letter + x - tracking * size - width) / 2) : x
    mask.forEach((opacity, pixel) => {
      const [column, row] = [left + (pixel % width), at.y + Math.floor(pixel / width)]
      for (let c = 0; opacity > 0 && c < canvas.channels; c += 1) mix(canvas, column, row, c, tone, opacity)
    })
    if (!isMark(character)) x += advance
  }
}
