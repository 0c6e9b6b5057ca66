/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3" (SC 2011, doi:10.1145/2063384.2063405, sec. 3.3).
 */

// the paper's multipliers, each with its upper and lower half, and the Weyl constants that advance the key
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85

/** The upper 32 bits of `a·b`, by halves: no partial sum exceeds 32 bits, so nothing here leaves integer registers. */
const upper = (a: number, b: number): number => {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0
  const other = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0
}

/**
 * One block of Philox4x32-10: four random words from four counter words and two key words.
 *
 * @remarks
 * A bijection of the counter for every key, in ten rounds. The words go into `out`, so that a loop over blocks
 * allocates nothing.
 *
 * @param out - receives the four words; at least four long
 * @param c0 - the counter, least significant word first; each word in `[0, 2³²)`, further bits are ignored
 * @param k0 - the key, likewise
 *
 * @example
 * ```ts
 * const words = new Uint32Array(4)
 * philox4x32(words, 0, 0, 0, 0, 0, 0)
 * expect([...words]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
 * ```
 */
export const philox4x32 = (
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void => {
  for (let round = 0; round < 10; round++) {
    const upper0 = upper(c0, M0)
    const upper1 = upper(c2, M1)
    const lower0 = Math.imul(c0, M0)
    const lower1 = Math.imul(c2, M1)
    c0 = upper1 ^ c1 ^ k0
    c1 = lower1
    c2 = upper0 ^ c3 ^ k1
    c3 = lower0
    k0 = (k0 + W0) | 0
    k1 = (k1 + W1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}
