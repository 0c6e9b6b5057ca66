/**
 * Animated GIF, piece by piece. Every frame has a palette of its own ({@link indexed}), so greyscale is exact, noise keeps
 * its colours, and nothing has to be known of the frames that are still to come.
 *
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
import type { RgbPicture } from '../picture/rgb.ts'
import { indexed } from './palette.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 127)
const short = (value: number): readonly [number, number] => [value & 255, value >> 8]

/** Data in blocks of up to 255 bytes, each after its length; an empty one ends them. */
const blocks = (data: Uint8Array): Uint8Array => {
  const count = Math.ceil(data.length / 255)
  const bytes = new Uint8Array(data.length + count + 1)
  for (let i = 0; i < count; i += 1) {
    const block = data.subarray(255 * i, 255 * (i + 1))
    bytes[256 * i] = block.length
    bytes.set(block, 256 * i + 1)
  }
  return bytes
}

const tableSize = 1 << 14

/**
 * GIF's LZW: codes of `bits + 1` and more bits for ever longer strings of indices.
 *
 * @param indices - each below `2 ** bits`
 * @param bits - from 2 to 8
 *
 * @example
 * ```ts
 * // clear, 1, end: three codes of three bits
 * expect([...lzw(Uint8Array.of(1), 2)]).toEqual([0b01_001_100, 0b1])
 * ```
 */
export const lzw = (indices: Uint8Array, bits: number): Uint8Array => {
  const clear = 1 << bits
  const end = clear + 1
  let bytes = new Uint8Array(Math.max(64, indices.length))
  let [length, held, pending] = [0, 0, 0]
  let [width, next] = [bits + 1, end + 1]
  // a hash table of (string so far, index) to code; an entry counts only if it was made since the last clear
  const keys = new Int32Array(tableSize)
  const codes = new Uint16Array(tableSize)
  const ages = new Uint32Array(tableSize)
  let age = 1

  const put = (code: number): void => {
    pending |= code << held
    held += width
    while (held >= 8) {
      if (length === bytes.length) {
        const larger = new Uint8Array(2 * bytes.length)
        larger.set(bytes)
        bytes = larger
      }
      bytes[length] = pending & 255
      length += 1
      pending >>>= 8
      held -= 8
    }
  }

  put(clear)
  let prefix = indices[0] ?? end
  for (let i = 1; i < indices.length; i += 1) {
    const index = indices[i]!
    const key = (prefix << 8) | index
    let slot = (Math.imul(key, 0x9e3779b1) >>> 18) & (tableSize - 1)
    while (ages[slot] === age && keys[slot] !== key) slot = (slot + 1) & (tableSize - 1)
    if (ages[slot] === age) {
      prefix = codes[slot]!
      continue
    }
    put(prefix)
    if (next === 4096) {
      put(clear)
      age += 1
      ;[width, next] = [bits + 1, end + 1]
    } else {
      if (next >= 1 << width) width += 1
      ages[slot] = age
      keys[slot] = key
      codes[slot] = next
      next += 1
    }
    prefix = index
  }
  if (prefix !== end) put(prefix)
  put(end)
  if (held > 0) {
    width = 8 - held
    put(0)
  }
  return bytes.slice(0, length)
}

/**
 * The beginning of a GIF that plays for ever.
 *
 * @param extent - of every frame, in pixels
 *
 * @example
 * ```ts
 * expect(String.fromCharCode(...gifHeader({ width: 2, height: 2 }).subarray(0, 6))).toBe('GIF89a')
 * ```
 */
export const gifHeader = ({ width, height }: Pick<RgbPicture, 'width' | 'height'>): Uint8Array =>
  Uint8Array.from([
    ...ascii('GIF89a'),
    ...short(width),
    ...short(height),
    ...[0x70, 0, 0],
    ...[0x21, 0xff, 11],
    ...ascii('NETSCAPE2.0'),
    ...[3, 1, 0, 0, 0],
  ])

/**
 * One frame.
 *
 * @param picture - of the extent that the header names
 * @param hundredths - how long it is shown; browsers take less than 2 for 10
 *
 * @example
 * ```ts
 * const frame = gifFrame({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }, 4)
 * expect([...frame].slice(0, 6)).toEqual([0x21, 0xf9, 4, 4, 4, 0])
 * ```
 */
export const gifFrame = (picture: RgbPicture, hundredths: number): Uint8Array => {
  const { palette, indices } = indexed(picture)
  const bits = Math.max(2, Math.ceil(Math.log2(palette.length / 3)))
  const table = new Uint8Array(3 << bits)
  table.set(palette)
  return new Uint8Array(
    Buffer.concat([
      // leave the frame where it is when the next one comes
      Uint8Array.of(0x21, 0xf9, 4, 4, ...short(hundredths), 0, 0),
      Uint8Array.of(0x2c, 0, 0, 0, 0, ...short(picture.width), ...short(picture.height), 0x80 | (bits - 1)),
      table,
      Uint8Array.of(bits),
      blocks(lzw(indices, bits)),
    ]),
  )
}

/**
 * The end of every GIF.
 *
 * @param comment - how it was made, which is known by then; what is not ASCII is lost
 *
 * @example
 * ```ts
 * expect([...gifEnd()]).toEqual([0x3b])
 * expect([...gifEnd('hi')]).toEqual([0x21, 0xfe, 2, 104, 105, 0, 0x3b])
 * ```
 */
export const gifEnd = (comment = ''): Uint8Array =>
  Uint8Array.from([...(comment === '' ? [] : [0x21, 0xfe, ...blocks(ascii(comment))]), 0x3b])
