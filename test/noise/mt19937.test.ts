import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyMt19937, mt19937, nextWord, skipWords } from '../../src/noise/mt19937.ts'

describe('mt19937', () => {
  // [rand.predef] of the C++ standard
  it('gives the 10,000th word of the standard', () => {
    const state = mt19937(5489)
    for (let i = 1; i < 10_000; i++) nextWord(state)
    expect(nextWord(state)).toBe(4_123_659_995)
  })

  it('skips exactly the words that it would have given', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0xffffffff }),
        fc.array(fc.nat({ max: 1500 }), { maxLength: 4 }),
        (seed, skips) => {
          const [skipping, drawing] = [mt19937(seed), mt19937(seed)]
          skips.forEach((count) => {
            skipWords(skipping, count)
            for (let i = 0; i < count; i++) nextWord(drawing)
            expect(nextWord(skipping)).toBe(nextWord(drawing))
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is not moved by what its copy gives', () => {
    const state = mt19937(1)
    nextWord(state)
    const copy = copyMt19937(state)
    const ahead = Array.from({ length: 700 }, () => nextWord(copy))
    expect(Array.from({ length: 700 }, () => nextWord(state))).toEqual(ahead)
  })
})
