import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox4x32 } from '../../src/noise/philox4x32.ts'

type Words = readonly [number, number, number, number]

const block = ([c0, c1, c2, c3]: Words, [k0, k1]: readonly [number, number]): readonly number[] => {
  const out = new Uint32Array(4)
  philox4x32(out, c0, c1, c2, c3, k0, k1)
  return [...out]
}

/** The paper's section 3.3, word by word, in integers without end. */
const byThePaper = (counter: Words, key: readonly [number, number]): readonly number[] => {
  const mask = 0xffffffffn
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint]
  let [k0, k1] = key.map(BigInt) as [bigint, bigint]
  for (let round = 0; round < 10; round++) {
    const p0 = c0 * 0xd2511f53n
    const p1 = c2 * 0xcd9e8d57n
    ;[c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask]
    k0 = (k0 + 0x9e3779b9n) & mask
    k1 = (k1 + 0xbb67ae85n) & mask
  }
  return [c0, c1, c2, c3].map(Number)
}

const word = fc.oneof(
  fc.nat({ max: 0xffffffff }),
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x80000000, 0xffffffff),
)

describe('philox4x32', () => {
  // Random123, tests/kat_vectors, the three lines of "philox4x32 10"
  it.each<[Words, readonly [number, number], Words]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('answers as published for counter %j and key %j', (counter, key, answer) => {
    expect(block(counter, key)).toEqual(answer)
  })

  it('equals the paper’s definition in exact integers', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(block(counter, key)).toEqual(byThePaper(counter, key))
      }),
      { numRuns: 500 },
    )
  })
})
