/**
 * Text kept inside PNG files, chunk by chunk, which pngjs leaves out (Node only: node:zlib has the checksum).
 *
 * Latin-1 goes into `tEXt`, everything else as UTF-8 into `iTXt`.
 *
 * @see https://www.w3.org/TR/png-3/#11textinfo
 */
import { crc32 } from 'node:zlib'
import { O } from '../../fp.ts'
import { pngChunk, pngSignature } from './png-chunk.ts'

/** Keyword (1 to 79 Latin-1 characters, such as `Title` or `Software`) to text. */
export type PngText = Readonly<Record<string, string>>

/** Where the chunk after IHDR begins: the signature, and IHDR's 13 bytes in a frame of 12. */
const afterHeader = 8 + 12 + 13

/** What TextDecoder's latin1 reads back as it was: not the control characters, which it takes for windows-1252. */
const latin1 = (line: string): Uint8Array | undefined => {
  const codes = [...line].map((character) => character.codePointAt(0) ?? 0)
  return codes.every((code) => (code > 0 && code < 128) || (code >= 160 && code < 256))
    ? Uint8Array.from(codes)
    : undefined
}

const textChunk = (keyword: string, value: string): Uint8Array => {
  const name = latin1(keyword)
  if (name === undefined || name.length < 1 || name.length > 79)
    throw new RangeError(`A PNG keyword has 1 to 79 Latin-1 characters; "${keyword}" has not.`)
  const plain = latin1(value)
  return plain === undefined
    ? // three more zeros: not compressed, no language, no translated keyword; the first of four ends the keyword
      pngChunk('iTXt', Uint8Array.from([...name, 0, 0, 0, 0, 0, ...new TextEncoder().encode(value)]))
    : pngChunk('tEXt', Uint8Array.from([...name, 0, ...plain]))
}

/**
 * Text as chunks of a PNG file.
 *
 * @param text - keyword to text
 * @throws RangeError where a keyword isn't 1 to 79 Latin-1 characters
 *
 * @example
 * ```ts
 * expect(pngTextChunks({ Title: 'a dot' })).toHaveLength(1)
 * ```
 */
export const pngTextChunks = (text: PngText): readonly Uint8Array[] =>
  Object.entries(text).map(([keyword, value]) => textChunk(keyword, value))

/**
 * Puts text into a PNG file, right after its header. Text that is there already stays.
 *
 * @param text - keyword to text
 * @returns a function of the file's bytes, to new bytes
 * @throws RangeError where a keyword isn't 1 to 79 Latin-1 characters
 *
 * @example
 * ```ts
 * const png = encodePng()({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) })
 * expect(pngText(withPngText({ Comment: 'η = 0' })(png))).toMatchObject({ value: { Comment: 'η = 0' } })
 * ```
 */
export const withPngText =
  (text: PngText): ((png: Uint8Array) => Uint8Array<ArrayBuffer>) =>
  (png) => {
    const chunks = pngTextChunks(text)
    const parts = [png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]
    const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
    parts.reduce((at, part) => {
      bytes.set(part, at)
      return at + part.length
    }, 0)
    return bytes
  }

const decodeText = (type: string, body: Uint8Array): readonly [string, string] | undefined => {
  const end = body.indexOf(0)
  if (end < 1) return undefined
  const keyword = new TextDecoder('latin1').decode(body.subarray(0, end))
  if (type === 'tEXt') return [keyword, new TextDecoder('latin1').decode(body.subarray(end + 1))]
  if (body[end + 1] !== 0) return undefined
  const language = body.indexOf(0, end + 3)
  const translated = body.indexOf(0, language + 1)
  return language < 0 || translated < 0
    ? undefined
    : [keyword, new TextDecoder().decode(body.subarray(translated + 1))]
}

/**
 * The text inside a PNG file. Compressed text and chunks with a wrong checksum are passed over.
 *
 * @param png - the file's bytes; what comes after a truncation is missing
 * @returns keyword to text, none where this is no PNG file
 *
 * @example
 * ```ts
 * expect(pngText(new Uint8Array([1, 2, 3]))).toEqual({ _tag: 'None' })
 * ```
 */
export const pngText = (png: Uint8Array): O.Option<PngText> => {
  if (pngSignature.some((byte, i) => png[i] !== byte)) return O.none
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const found: Array<[string, string]> = []
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + view.getUint32(at)
    if (end + 4 > png.length) break
    const type = new TextDecoder('latin1').decode(png.subarray(at + 4, at + 8))
    if (type === 'tEXt' || type === 'iTXt') {
      const entry = decodeText(type, png.subarray(at + 8, end))
      if (entry !== undefined && crc32(png.subarray(at + 4, end)) === view.getUint32(end))
        found.push([...entry])
    }
    at = end + 4
  }
  return O.some(Object.fromEntries(found))
}
