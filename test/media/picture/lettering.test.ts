import { describe, expect, it } from 'vitest'
import { blank, tones } from '../../../src/media/picture/canvas.ts'
import { bands, cell } from '../../../src/media/picture/font.ts'
import { fit, text, widthOf } from '../../../src/media/picture/lettering.ts'
import { expectGolden } from '../support/golden-picture.ts'

const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))
const characters = bands.flatMap((band) => band.characters)

const written = (line: string, size = 2) => {
  const canvas = blank(widthOf(line, size) + 8, 24, [])
  text(canvas, line, { x: 2, y: 2 }, { size })
  return canvas
}

describe('the typeface', () => {
  it('draws all of printable ASCII', () => {
    expect(characters.slice(0, 95).join('')).toBe(ascii)
  })

  it('gives no two letters the same drawing', () => {
    const drawings = characters.map((_, i) => {
      const rows = bands[Math.floor(i / 16)]?.art.split('\n').slice(1) ?? []
      const at = (i % 16) * cell.columns
      return rows.map((row) => row.slice(at, at + cell.columns).padEnd(cell.columns)).join('\n')
    })
    // but the circumflex of x̂ is the caret
    expect(new Set(drawings).size).toBe(characters.length - 1)
  })

  it('keeps its drawings within nine rows and leaves a column between neighbours', () => {
    for (const { art, characters: drawn } of bands) {
      const rows = art.split('\n').slice(1)
      expect(rows).toHaveLength(cell.rows)
      expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(drawn.length * cell.columns)
      for (const row of rows)
        expect([...row].every((mark, i) => mark === ' ' || (mark === '#' && i % cell.columns < 5))).toBe(true)
    }
  })

  it('looks as it did', () => {
    const canvas = blank(620, 176, [])
    const lines = [ascii.slice(0, 48), ascii.slice(48), 'x̂₀ xₜ ᾱ = 0.5 · η 1 × σ – ε √2 … crème 漢']
    lines.forEach((line, i) => {
      text(canvas, line, { x: 12, y: 12 + 20 * i }, { size: 1.5 })
      text(canvas, line, { x: 12, y: 80 + 28 * i }, { size: 2, tone: tones.faint })
    })
    expectGolden(canvas, 'typeface')
  })
})

describe('text', () => {
  it('puts the pixels of an I where its cells are', () => {
    const canvas = written('|', 2)
    const inked = [...canvas.data].flatMap((tone, i) => (tone < 100 ? [i % canvas.width] : []))
    expect([...new Set(inked)]).toEqual([2, 3])
  })

  it('writes a decomposed letter as the composed one', () => {
    expect(written('α\u0304').data).toEqual(written('ᾱ').data)
  })

  it('leaves out accents that it lacks, and boxes letters that it lacks', () => {
    expect(written('é').data).toEqual(written('e').data)
    expect(written('漢').data).toEqual(written('▯').data)
  })

  it('sets a mark over its letter without moving on', () => {
    expect(widthOf('x̂₀', 2)).toBe(widthOf('x₀', 2))
    expect(written('x̂').data).not.toEqual(written('x').data)
  })

  it('drops what lies off the sheet', () => {
    const canvas = blank(4, 4, [])
    text(canvas, 'MMMM', { x: -3, y: -3 }, { size: 2 })
    expect(canvas.data).toHaveLength(16)
  })
})

describe('fit', () => {
  it('never takes more room than there is', () => {
    for (let width = 0; width < 120; width += 1)
      expect(widthOf(fit('T-shirt/top and trousers', 1.5, width), 1.5)).toBeLessThanOrEqual(width)
  })
})
