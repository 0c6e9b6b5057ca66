/**
 * A quick checksum, against accidents and not against anybody.
 */

/** Where a checksum begins. */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/**
 * FNV-1a over bytes or words.
 *
 * @param data - what it is about
 * @param before - the checksum of what comes before; none unless said
 * @returns 32 bits
 *
 * @example
 * ```ts
 * expect(fnv1a(Uint8Array.of(97)).toString(16)).toBe('e40c292c')
 * expect(fnv1a(Uint8Array.of(2), fnv1a(Uint8Array.of(1)))).toBe(fnv1a(Uint8Array.of(1, 2)))
 * ```
 */
export const fnv1a = (data: Uint8Array | Uint32Array, before: number = OFFSET): number => {
  let hash = before
  data.forEach((word) => {
    hash = Math.imul(hash ^ word, PRIME) >>> 0
  })
  return hash
}
