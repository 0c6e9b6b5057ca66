import fc from 'fast-check'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { O } from '../../../src/fp.ts'
import type { Channels, Picture } from '../../../src/media/picture/picture.ts'
import { pngText, withPngText } from '../../../src/media/format/png-text.ts'
import { encodePng } from '../../../src/media/format/png.ts'
import { decoded } from '../support/golden-picture.ts'

const picture = (channels: Channels): Picture => ({
  width: 3,
  height: 2,
  channels,
  data: Uint8Array.from({ length: 6 * channels }, (_, i) => 10 * i + 1),
})

/** The chunks of a PNG file, with their checksums checked. */
const chunks = (png: Uint8Array): ReadonlyArray<{ type: string; body: Buffer }> => {
  const buffer = Buffer.from(png)
  const found: Array<{ type: string; body: Buffer }> = []
  for (let at = 8; at < buffer.length;) {
    const length = buffer.readUInt32BE(at)
    expect(crc32(buffer.subarray(at + 4, at + 8 + length))).toBe(buffer.readUInt32BE(at + 8 + length))
    found.push({
      type: buffer.toString('latin1', at + 4, at + 8),
      body: buffer.subarray(at + 8, at + 8 + length),
    })
    at += 12 + length
  }
  return found
}

describe('encodePng', () => {
  it.each([
    { channels: 1, colorType: 0, rgba: (p: number) => [p, p, p, 255] },
    { channels: 3, colorType: 2, rgba: (p: number) => [p, p + 10, p + 20, 255] },
    { channels: 4, colorType: 6, rgba: (p: number) => [p, p + 10, p + 20, p + 30] },
  ] as const)('writes $channels channels as colour type $colorType', ({ channels, colorType, rgba }) => {
    const png = encodePng()(picture(channels))
    expect(chunks(png)[0]?.body[9]).toBe(colorType)
    const pixels = Array.from({ length: 6 }, (_, i) => rgba(10 * channels * i + 1)).flat()
    expect(decoded(png)).toEqual({ width: 3, height: 2, rgba: Uint8Array.from(pixels) })
  })

  it('compresses as hard as it is told', () => {
    const flat: Picture = { width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64) }
    expect(encodePng({ level: 9 })(flat).length).toBeLessThan(encodePng({ level: 0 })(flat).length)
  })

  it('writes the same bytes for the same picture', () => {
    expect(encodePng({ text: { a: 'b' } })(picture(3))).toEqual(encodePng({ text: { a: 'b' } })(picture(3)))
  })

  it('refuses a picture without pixels', () => {
    expect(() => encodePng()({ width: 0, height: 4, channels: 1, data: new Uint8Array() })).toThrow(
      'A PNG has at least one pixel.',
    )
  })
})

describe('withPngText', () => {
  it('stands right after the header, Latin-1 as tEXt and the rest as iTXt, and the picture stays', () => {
    const png = encodePng({ text: { Title: 'Größe', Comment: 'ᾱ', Software: 'rxdiffusion' } })(picture(1))
    const found = chunks(png)
    expect(found.map(({ type }) => type).slice(0, 4)).toEqual(['IHDR', 'tEXt', 'iTXt', 'tEXt'])
    expect(found[1]?.body.toString('latin1')).toBe('Title\0Größe')
    expect(found[2]?.body.toString('utf8')).toBe('Comment\0\0\0\0\0ᾱ')
    expect(decoded(png)).toEqual(decoded(encodePng()(picture(1))))
  })

  it('keeps text that was there', () => {
    const png = withPngText({ b: '2' })(withPngText({ a: '1' })(encodePng()(picture(1))))
    expect(pngText(png)).toEqual(O.some({ a: '1', b: '2' }))
  })

  it('refuses keywords that PNG has no room for', () => {
    for (const keyword of ['', 'x'.repeat(80), 'ᾱ'])
      expect(() => encodePng({ text: { [keyword]: '' } })(picture(1))).toThrow('1 to 79 Latin-1 characters')
  })
})

describe('pngText', () => {
  it('reads back whatever was written', () => {
    const keyword = fc.string({ minLength: 1, maxLength: 79 })
    const value = fc.string({ unit: 'grapheme' })
    const blank = encodePng({ level: 1 })(picture(1))
    fc.assert(
      fc.property(fc.dictionary(keyword, value, { noNullPrototype: true }), (text) => {
        expect(pngText(withPngText(text)(blank))).toEqual(O.some(text))
      }),
    )
  })

  it('passes over damaged chunks and stops where the file does', () => {
    const png = encodePng({ text: { a: '1', b: '2' } })(picture(1))
    const at = Buffer.from(png).indexOf('a\x001')
    expect(pngText(png.with(at, 0x7a))).toEqual(O.some({ b: '2' }))
    expect(pngText(png.subarray(0, at + 10))).toEqual(O.some({ a: '1' }))
  })

  it('knows what is no PNG', () => {
    expect(pngText(new TextEncoder().encode('a text'))).toEqual(O.none)
  })
})
