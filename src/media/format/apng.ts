/**
 * Animated PNG, piece by piece: lossless RGB, for as many frames as come (Node only: node:zlib).
 *
 * @see https://www.w3.org/TR/png-3/#apng-frame-based-animation
 */
import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import type { RgbPicture } from '../picture/rgb.ts'
import { pngChunk, pngSignature } from './png-chunk.ts'
import { type PngText, pngTextChunks } from './png-text.ts'

const compress = promisify(deflate)

const uints = (...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => {
    view.setUint32(4 * i, value)
  })
  return bytes
}

const join = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/**
 * Where {@link apngCount} goes, in bytes from the beginning.
 *
 * @example
 * ```ts
 * expect(apngCountAt).toBe(33)
 * ```
 */
export const apngCountAt: number = 8 + 12 + 13

/**
 * How many frames there are, and that they are played for ever.
 *
 * @example
 * ```ts
 * expect(apngCount(3)).toHaveLength(20)
 * ```
 */
export const apngCount = (frames: number): Uint8Array => pngChunk('acTL', uints(frames, 0))

/**
 * The beginning of an animated PNG; its count of frames is to be put right at the end.
 *
 * @param extent - of every frame, in pixels
 *
 * @example
 * ```ts
 * expect(apngHeader({ width: 2, height: 2 }).length).toBe(33 + 20)
 * ```
 */
export const apngHeader = ({ width, height }: Pick<RgbPicture, 'width' | 'height'>): Uint8Array => {
  // eight bits, RGB, deflate, filters, not interlaced
  const header = join([uints(width, height), Uint8Array.of(8, 2, 0, 0, 0)])
  return join([Uint8Array.from(pngSignature), pngChunk('IHDR', header), apngCount(1)])
}

/** Every row as what it adds to the one above it (filter 2), which suits smooth pictures and costs noise nothing. */
const filtered = ({ width, height, data }: RgbPicture): Uint8Array => {
  const row = 3 * width
  const bytes = new Uint8Array((row + 1) * height)
  for (let y = 0; y < height; y += 1) {
    const to = y * (row + 1)
    bytes[to] = 2
    for (let i = 0; i < row; i += 1)
      bytes[to + 1 + i] = data[y * row + i]! - (y === 0 ? 0 : data[(y - 1) * row + i]!)
  }
  return bytes
}

/**
 * One frame. Compression happens on a thread of its own.
 *
 * @param picture - of the extent that the header names
 * @param index - from 0
 * @param seconds - how long it is shown; up to 65 s, in milliseconds
 *
 * @example
 * ```ts
 * const chunk = await apngFrame({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }, 0, 0.04)
 * expect(String.fromCharCode(...chunk.subarray(4, 8))).toBe('fcTL')
 * ```
 */
export const apngFrame = async (picture: RgbPicture, index: number, seconds: number): Promise<Uint8Array> => {
  const { width, height } = picture
  const milliseconds = Math.min(65_535, Math.max(1, Math.round(1000 * seconds)))
  // the first frame's number is 0; every later one takes two, one for its control and one for its data
  const sequence = index === 0 ? 0 : 2 * index - 1
  const control = join([
    uints(sequence, width, height, 0, 0),
    Uint8Array.of(milliseconds >> 8, milliseconds & 255, 1000 >> 8, 1000 & 255, 0, 0),
  ])
  const data = await compress(filtered(picture))
  return join([
    pngChunk('fcTL', control),
    index === 0 ? pngChunk('IDAT', data) : pngChunk('fdAT', join([uints(sequence + 1), data])),
  ])
}

/**
 * The end of every PNG file.
 *
 * @param text - keyword to text: how it was made, which is known by then
 *
 * @example
 * ```ts
 * expect(apngEnd()).toHaveLength(12)
 * ```
 */
export const apngEnd = (text: PngText = {}): Uint8Array =>
  join([...pngTextChunks(text), pngChunk('IEND', new Uint8Array())])
