/**
 * Where noise comes from: `noise: { kind: philox, seed: 7 }`.
 */
import { Leaf, listOf, wholeFrom } from '../codecs.ts'
import { MOST_SAMPLES } from '../limits.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { philox } from '../noise/philox.ts'
import { torch, torchList } from '../noise/torch.ts'
import * as t from 'io-ts'
import {
  countOfRange,
  flawOfRange,
  isRange,
  numbersOf,
  type Range,
  rangeSchema,
  wholeSchema,
} from './range.ts'
import { call, literal, type Staged } from './staged.ts'
import { defaulted, free, kind, struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

/** One seed for the batch, or one for each sample. */
export type Seeds = number | readonly number[] | Range

/** Where noise comes from. */
export type Noise =
  | { readonly kind: 'philox'; readonly seed: Seeds; readonly samples?: readonly number[] }
  | { readonly kind: 'torch'; readonly seed: Seeds }

const whole = wholeFrom(0)
const some = listOf('seeds', whole, MOST_SAMPLES)
const isSeeds = (value: unknown): value is Seeds => whole.is(value) || some.is(value) || isRange(value)

/** The codec of seeds. */
export const seedsCodec: t.Type<Seeds> = new Leaf<Seeds>(
  `a whole number from 0, a list of up to ${MOST_SAMPLES} of them, or { from, to }`,
  isSeeds,
  (value, context) => (isSeeds(value) ? t.success(value) : t.failure(value, context)),
  {
    anyOf: [
      wholeSchema,
      { type: 'array', minItems: 1, maxItems: MOST_SAMPLES, items: wholeSchema },
      rangeSchema,
    ],
  },
)

const seed = defaulted(
  seedsCodec,
  0,
  'One seed for the batch; or one for each sample, a list or { from, to }.',
)

/** The codec of noise. */
export const noiseCodec: Variants<Noise> = variants<Noise>('a source of noise', {
  philox: struct('philox', {
    kind: kind('philox'),
    seed,
    samples: free(
      listOf('sample ids', whole, MOST_SAMPLES),
      'Which samples of the seed to draw, one for each row; 0, 1, 2, … unless said.',
    ),
  }),
  torch: struct('torch', { kind: kind('torch'), seed }),
})

/** How many seeds there are, where each sample has its own. */
export const countOfSeeds = ({ seed }: Pick<Noise, 'seed'>): number | undefined => {
  if (typeof seed === 'number') return undefined
  return 'from' in seed ? countOfRange(seed) : seed.length
}

/** The seeds, one by one, where each sample has its own; of noise without a flaw. */
export const seedsOf = ({ seed }: Pick<Noise, 'seed'>): readonly number[] | undefined => {
  if (typeof seed === 'number') return undefined
  return 'from' in seed ? numbersOf(seed) : seed
}

/** What is wrong with noise that its codec takes, as the end of a sentence. */
export const flawOfNoise = (noise: Noise): string | undefined => {
  const { seed } = noise
  if (typeof seed === 'object' && 'from' in seed) {
    const falls = flawOfRange(seed)
    if (falls !== undefined) return `seed ${falls}`
    if (countOfRange(seed) > MOST_SAMPLES)
      return `seed names ${countOfRange(seed)} samples, and ${MOST_SAMPLES} are the most`
  }
  if (noise.kind === 'philox' && noise.samples !== undefined && typeof seed !== 'number')
    return 'samples are those of one seed, and there are several'
  return undefined
}

/** How many rows it has noise for, or which samples; any number unless said. */
export const batchOfNoise = (noise: Noise): number | readonly number[] | undefined =>
  countOfSeeds(noise) ?? (noise.kind === 'philox' ? noise.samples : undefined)

/** Noise as an expression. */
export const stageNoise = (noise: Noise): Staged<NoiseSource> => {
  const seeds = seedsOf(noise)
  if (noise.kind === 'torch')
    return seeds === undefined
      ? call('torch', torch, literal({ seed: noise.seed as number }))
      : call('torchList', torchList, literal({ seeds }))
  if (seeds !== undefined) return call('philox', philox, literal({ seeds }))
  const { seed, samples } = noise
  return call(
    'philox',
    philox,
    literal({ seed: seed as number, ...(samples === undefined ? {} : { samples }) }),
  )
}
