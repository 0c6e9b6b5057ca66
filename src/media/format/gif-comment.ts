/** The comment in a GIF. */
import { O } from '../../fp.ts'

/** The bytes of blocks that begin at a place, and where they end. */
const blocksAt = (gif: Uint8Array, begin: number): readonly [data: readonly Uint8Array[], end: number] => {
  const blocks: Uint8Array[] = []
  let at = begin
  for (let size = gif[at] ?? 0; size > 0; size = gif[at] ?? 0) {
    blocks.push(gif.subarray(at + 1, at + 1 + size))
    at += 1 + size
  }
  return [blocks, at + 1]
}

/** How many bytes the colours take that a packed byte speaks of. */
const coloursIn = (packed: number): number => (packed & 0x80 ? 3 << ((packed & 7) + 1) : 0)

/**
 * What a GIF says of itself, before or after its pictures.
 *
 * @param gif - the file's bytes
 * @returns its first comment; none where this is no GIF
 *
 * @example
 * ```ts
 * const gif = Buffer.concat([gifHeader({ width: 1, height: 1 }), gifEnd('seed 7')])
 * expect(gifComment(gif)).toEqual(O.some('seed 7'))
 * ```
 */
export const gifComment = (gif: Uint8Array): O.Option<string> => {
  const ascii = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
  if (!/^GIF8[79]a$/.test(ascii(gif.subarray(0, 6)))) return O.none
  let at = 13 + coloursIn(gif[10] ?? 0)
  for (;;) {
    const kind = gif[at]
    // an extension has a label before its blocks; a picture its place, its colours and the size of its codes
    if (kind !== 0x21 && kind !== 0x2c) return O.none
    const [blocks, end] = blocksAt(gif, at + (kind === 0x21 ? 2 : 11 + coloursIn(gif[at + 9] ?? 0)))
    if (kind === 0x21 && gif[at + 1] === 0xfe) return O.some(ascii(Buffer.concat(blocks)))
    at = end
  }
}
