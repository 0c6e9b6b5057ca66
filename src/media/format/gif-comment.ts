/** The comment in a GIF. */
import { O } from '../../fp.ts'

/** The bytes of blocks that begin at a place, and where they end. */
const blocksAt = (gif: Uint8Array, begin: number): readonly [data: Uint8Array, end: number] => {
  const blocks: Uint8Array[] = []
  let at = begin
  for (let size = gif[at] ?? 0; size > 0; size = gif[at] ?? 0) {
    blocks.push(gif.subarray(at + 1, at + 1 + size))
    at += 1 + size
  }
  return [new Uint8Array(Buffer.concat(blocks)), at + 1]
}

/**
 * What a GIF says before its first picture.
 *
 * @param gif - the file's bytes
 * @returns its first comment; none where this is no GIF
 *
 * @example
 * ```ts
 * expect(gifComment(gifHeader({ width: 1, height: 1 }, 'seed 7'))).toEqual(O.some('seed 7'))
 * ```
 */
export const gifComment = (gif: Uint8Array): O.Option<string> => {
  const ascii = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
  if (!/^GIF8[79]a$/.test(ascii(gif.subarray(0, 6)))) return O.none
  const packed = gif[10] ?? 0
  let at = 13 + (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0)
  while (gif[at] === 0x21) {
    const [data, end] = blocksAt(gif, at + 2)
    if (gif[at + 1] === 0xfe) return O.some(ascii(data))
    at = end
  }
  return O.none
}
