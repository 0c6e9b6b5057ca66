/** The pieces that PNG files are made of (Node only: node:zlib has the checksum). */
import { crc32 } from 'node:zlib'

/**
 * The first eight bytes of every PNG file.
 *
 * @example
 * ```ts
 * expect(String.fromCharCode(...pngSignature.slice(1, 4))).toBe('PNG')
 * ```
 */
export const pngSignature: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/**
 * A chunk: length, type, body, checksum.
 *
 * @param type - four letters
 * @param body - what it holds
 *
 * @example
 * ```ts
 * expect([...pngChunk('IEND', new Uint8Array())]).toEqual([0, 0, 0, 0, 73, 69, 78, 68, 0xae, 0x42, 0x60, 0x82])
 * ```
 */
export const pngChunk = (type: string, body: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(12 + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.length)
  bytes.set(new TextEncoder().encode(type), 4)
  bytes.set(body, 8)
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)))
  return bytes
}
