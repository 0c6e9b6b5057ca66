/**
 * Noise that equals torch's, seed for seed, so that a diffusers image can be made again.
 */
import { checkArgument, having } from '../arguments.ts'
import type { Shape } from '../algebra/algebra.ts'
import { toChannelsLast } from '../algebra/layout.ts'
import { sizeOf } from '../algebra/shape.ts'
import { fail } from '../failure.ts'
import { WORD } from '../word.ts'
import { drawRows, ofRow, wholeBelow } from './address.ts'
import type { NoiseSource } from './noise-source.ts'
import { copyTorchGenerator, randn, skipRandn, torchGenerator } from './torch-randn.ts'
import type { TorchGenerator } from './torch-randn.ts'

/** What torch takes for a seed: a whole number from 0 to 2⁶⁴ − 1. */
export type TorchSeed = number | bigint

const checkSeed = (seed: TorchSeed): bigint => {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed) ? BigInt(seed) : -1n
  if (whole < 0n || whole >= 2n ** 64n)
    throw fail('NoiseInvalid', {
      reason: `the seed is ${String(seed)}, and it has to be a whole number from 0 to 2^64 - 1 (a bigint above 2^53 - 1)`,
    })
  return whole
}

/** How many starting points of draws are remembered: enough for the branches of a fork, 2.5 kB each. */
const REMEMBERED = 16

/**
 * Call k of `randn(size)` on one generator, for any k at any time.
 * It remembers where the latest draws began, so that calls in order, or in several interleaved orders, skip nothing.
 */
const calls = (seed: bigint, size: number): ((call: number) => Float32Array) => {
  const starts = new Map<number, TorchGenerator>()
  const remember = (call: number, start: TorchGenerator): void => {
    starts.delete(call)
    starts.set(call, start)
    const [oldest] = starts.keys()
    if (starts.size > REMEMBERED && oldest !== undefined) starts.delete(oldest)
  }
  /** The generator where a call begins; it stays as it is. */
  const startOf = (call: number): TorchGenerator => {
    const nearest = Math.max(0, ...[...starts.keys()].filter((known) => known <= call))
    const start = starts.get(nearest) ?? torchGenerator(seed)
    if (nearest === call) return start
    const generator = copyTorchGenerator(start)
    for (let k = nearest; k < call; k++) skipRandn(generator, size)
    return generator
  }
  return (call) => {
    const start = startOf(call)
    const generator = copyTorchGenerator(start)
    const values = randn(generator, size)
    remember(call, start)
    remember(call + 1, generator)
    return values
  }
}

/** The calls of one seed, for every size of tensor that is asked for. */
const generatorOf = (seed: TorchSeed): ((call: number, size: number) => Float32Array) => {
  const checked = checkSeed(seed)
  const bySize = new Map<number, (call: number) => Float32Array>()
  return (call, size) => {
    const ofSize = bySize.get(size) ?? calls(checked, size)
    bySize.set(size, ofSize)
    return ofSize(call)
  }
}

/** torch's images are `[rows, channels, height, width]`, ours `[rows, height, width, channels]`; others stay as they are. */
const channelsLast = (values: Float32Array, shape: Shape): Float32Array => {
  const [rows = 1, height = 1, width = 1, channels = 1] = shape
  return shape.length !== 4 || channels === 1
    ? values
    : toChannelsLast({ shape: [rows, channels, height, width], data: values }).data
}

/**
 * The noise of one torch CPU generator for the whole batch: draw k is the k-th `torch.randn(shape, generator=…)`.
 *
 * @remarks
 * Drawn as `[rows, channels, height, width]`, as diffusers does, and then transposed; shapes of another rank than 4 are
 * taken as they are. A sample's noise therefore depends on the batch that it is drawn in: use {@link torchList} or
 * {@link philox} where it must not. Equal to torch up to its float32 logarithm and sine, within 1e-6.
 *
 * @throws NoiseInvalid for a seed outside `[0, 2⁶⁴)`; when drawing, for a draw outside `[0, 2³²)`
 *
 * @example
 * ```ts
 * const noise = torch({ seed: 0 })
 * expect(noise.draw(0, [1, 4, 4, 1])[0]).toBeCloseTo(-1.1258398, 6)
 * expect(noise.draw(0, [5])[0]).toBeCloseTo(1.5409961, 6)
 * ```
 */
export const torch = (options: { readonly seed: TorchSeed }): NoiseSource => {
  checkArgument('options', having('a seed, such as { seed: 7 }', {}), options)
  const { seed } = options
  const generator = generatorOf(seed)
  return {
    name: 'torch',
    draw: (draw, shape) => channelsLast(generator(wholeBelow('the draw', WORD, draw), sizeOf(shape)), shape),
  }
}

/**
 * The noise of one torch CPU generator per row, as diffusers draws it when it is given a list of generators.
 *
 * @remarks
 * Row r is what {@link torch} with `seeds[r]` draws for a batch of one.
 *
 * @param seeds - one per row
 * @throws NoiseInvalid for a seed outside `[0, 2⁶⁴)`; when drawing, for a draw outside `[0, 2³²)` and for a row that has no seed
 *
 * @example
 * ```ts
 * const noise = torchList({ seeds: [0, 42] }).draw(0, [2, 4, 4, 1])
 * expect(noise.subarray(16)).toEqual(torch({ seed: 42 }).draw(0, [1, 4, 4, 1]))
 * ```
 */
export const torchList = (options: { readonly seeds: readonly TorchSeed[] }): NoiseSource => {
  checkArgument('options', having('seeds, such as { seeds: [7, 8] }', { seeds: 'object' }), options)
  const { seeds } = options
  const generators = seeds.map(generatorOf)
  return {
    name: 'torch-list',
    draw: (draw, shape) =>
      channelsLast(
        drawRows(draw, shape, (row, r) => {
          row.set(ofRow('seed', generators, r)(draw, row.length))
        }),
        shape,
      ),
  }
}
