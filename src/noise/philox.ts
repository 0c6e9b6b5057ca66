/**
 * The noise of our own: keyed by (seed, sample, draw), so that no sample knows which batch it is in.
 */
import { checkArgument, having } from '../arguments.ts'
import { rowsOf } from '../algebra/shape.ts'
import { highWord, lowWord, WORD } from '../word.ts'
import { drawRows, ofRow, wholeBelow } from './address.ts'
import type { NoiseSource } from './noise-source.ts'
import { philox4x32 } from './philox4x32.ts'

/** One seed for the batch, or one for each row. Seeds and sample ids are whole numbers from 0 to 2⁵³ − 1. */
export type PhiloxOptions =
  | {
      readonly seed: number
      /** Which sample row r is, one for every row; sample r where nothing is said. */
      readonly samples?: readonly number[]
    }
  | {
      /** Row r is sample 0 of `seeds[r]`. */
      readonly seeds: readonly number[]
    }

const SAFE = 2 ** 53

/** Uniform in `(0, 1]`, so that its logarithm is finite: the largest normal is √(−2 ln 2⁻³²) ≈ 6.66. */
const uniform = (word: number): number => (word + 1) * 2 ** -32

/** Box and Muller's transform of a pair of words into a pair of normals (Ann. Math. Stat. 29, 1958, p. 610). */
const writePair = (row: Float32Array, at: number, word0: number, word1: number): void => {
  const radius = Math.sqrt(-2 * Math.log(uniform(word0)))
  const angle = 2 * Math.PI * uniform(word1)
  row[at] = radius * Math.cos(angle)
  row[at + 1] = radius * Math.sin(angle)
}

/**
 * Standard normal noise from Philox4x32-10, addressed by (seed, sample, draw).
 *
 * @remarks
 * A sample's noise depends on neither the batch that it is drawn in, nor the order of asking, nor the branch of a fork.
 * The value i of a row, counted in row-major order, is word `i mod 4` of the block made of
 *
 * | word | holds |
 * |---|---|
 * | counter 0 | the block, `⌊i/4⌋` |
 * | counter 1 | the draw |
 * | counter 2, 3 | the sample id, lower and upper word |
 * | key 0, 1 | the seed, lower and upper word |
 *
 * so any value can be computed by itself, on any device. The words 0 and 1 of a block become its normals 0 and 1, and
 * likewise 2 and 3: with `u = (word + 1)/2³²` in `(0, 1]`, `√(−2 ln u₀)·cos 2πu₁` and `√(−2 ln u₀)·sin 2πu₁`, computed in
 * float64 and stored as float32.
 *
 * @throws NoiseInvalid for a seed or sample id that is not a whole number from 0 to 2⁵³ − 1;
 * when drawing, for a draw outside `[0, 2³²)` and for a row that has no seed
 *
 * @example
 * ```ts
 * const batch = philox({ seed: 7 }).draw(0, [64, 2, 2, 1])
 * const alone = philox({ seed: 7, samples: [63] }).draw(0, [1, 2, 2, 1])
 * expect(alone).toEqual(batch.subarray(63 * 4))
 * ```
 */
export const philox = (options: PhiloxOptions): NoiseSource => {
  const address = addressing(options)
  const words = new Uint32Array(4)
  return {
    name: 'philox',
    address: (draw, shape) => ({
      draw: wholeBelow('the draw', WORD, draw),
      rows: Array.from({ length: rowsOf(shape) }, (_, row) => address(row)),
    }),
    draw: (draw, shape) =>
      drawRows(draw, shape, (row, r) => {
        const { seed, sample } = address(r)
        const [k0, k1, c2, c3] = [lowWord(seed), highWord(seed), lowWord(sample), highWord(sample)]
        // what the last block has too much falls off the row's end
        for (let i = 0; i < row.length; i += 4) {
          philox4x32(words, i >>> 2, draw, c2, c3, k0, k1)
          writePair(row, i, words[0] ?? 0, words[1] ?? 0)
          writePair(row, i + 2, words[2] ?? 0, words[3] ?? 0)
        }
      }),
  }
}

/** Which seed and which sample id each row has. */
const addressing = (
  options: PhiloxOptions,
): ((row: number) => { readonly seed: number; readonly sample: number }) => {
  checkArgument('options', having('seeds, such as { seed: 7 }', {}), options)
  if ('seeds' in options) {
    const seeds = options.seeds.map((seed) => wholeBelow('a seed', SAFE, seed))
    return (row) => ({ seed: ofRow('seed', seeds, row), sample: 0 })
  }
  const seed = wholeBelow('the seed', SAFE, options.seed)
  const samples = options.samples?.map((sample) => wholeBelow('a sample id', SAFE, sample))
  return (row) => ({ seed, sample: samples === undefined ? row : ofRow('sample id', samples, row) })
}
