import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyTorchGenerator, randn, skipRandn, torchGenerator } from '../../src/noise/torch-randn.ts'
import { torch, torchList } from '../../src/noise/torch.ts'
import { goldenPath, maxAbsDifference, readSafetensors } from '../support/goldens.ts'
import { kolmogorovSmirnov, moments } from './statistics.ts'

const recorded = [...readSafetensors(goldenPath('rng.safetensors')).tensors].map(([key, { data }]) => {
  const [, seed = '', call = '', size = ''] = key.split('/')
  return { key, seed: BigInt(seed), call: Number(call), size: Number(size), values: data }
})

/** Compares as many values as are known. */
const largestError = (a: Float32Array, b: readonly number[]): number =>
  b.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (a[i] ?? NaN))), 0)

describe('torch', () => {
  it('has 54 recorded calls to equal', () => {
    expect(recorded).toHaveLength(54)
  })

  // 1e-6: a few float32 ulps of the largest normals, since torch's logarithm and sine are float32 ones
  it.each(recorded)('equals torch.randn at $key within 1e-6', ({ seed, call, size, values }) => {
    const drawn = torch({ seed }).draw(call, [size])
    expect(maxAbsDifference(drawn, values)).toBeLessThan(1e-6)
  })

  it('equals most of the recorded values bit by bit', () => {
    const equal = recorded.flatMap(({ seed, call, size, values }) => {
      const drawn = torch({ seed }).draw(call, [size])
      return [...values].map((value, i) => value === drawn[i])
    })
    expect(equal.filter(Boolean).length / equal.length).toBeGreaterThan(0.8)
  })

  it('draws channels first and hands them out last', () => {
    // torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5)).permute(0, 2, 3, 1), first and second call
    const noise = torch({ seed: 5 })
    expect(
      largestError(noise.draw(0, [2, 4, 5, 3]), [1.8423, -0.1297, -0.1479, 0.5189, -0.6018]),
    ).toBeLessThan(1e-4)
    expect(largestError(noise.draw(1, [2, 4, 5, 3]).subarray(-3), [-0.4512, 0.395, -0.1149])).toBeLessThan(
      1e-4,
    )
  })

  it.each([
    [2n ** 64n - 1n, [1.2198, -0.393, 1.0231]],
    [2n ** 53n + 5n, [-0.4868, -0.6038, -0.5581]],
    [2 ** 32 + 7, [-0.1468, 0.7861, 0.9468]],
  ])('takes the seed %d as torch does', (seed, values) => {
    expect(largestError(torch({ seed }).draw(0, [3]), values)).toBeLessThan(1e-4)
  })

  it('gives draw k in any order as the k-th call on one generator', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.constantFrom(1, 3, 5, 15, 16, 17, 40),
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 40 }),
        (seed, size, order) => {
          const generator = torchGenerator(seed)
          const inOrder = Array.from({ length: 41 }, () => randn(generator, size))
          const noise = torch({ seed })
          order.forEach((call) => {
            expect(noise.draw(call, [size])).toEqual(inOrder[call])
          })
        },
      ),
      { numRuns: 50 },
    )
  })

  it('keeps the shapes apart, and its values out of reach', () => {
    const noise = torch({ seed: 3 })
    const first = noise.draw(0, [2, 10])
    noise.draw(0, [5])
    noise.draw(0, [2, 10]).fill(0)
    expect(noise.draw(0, [2, 10])).toEqual(first)
  })

  it('has the moments and the distribution of a standard normal', () => {
    const z = torch({ seed: 9 }).draw(0, [100_000])
    const { mean, variance } = moments(z)
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(z.length))
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / z.length))
    expect(kolmogorovSmirnov(z)).toBeLessThan(1.95 / Math.sqrt(z.length))
  })

  it.each([-1, 0.5, 2 ** 53, -1n, 2n ** 64n, NaN])('refuses the seed %d', (seed) => {
    expect(() => torch({ seed })).toThrow(
      `The noise is not usable: the seed is ${String(seed)}, and it has to be a whole number from 0 to 2^64 - 1`,
    )
    expect(() => torchList({ seeds: [0, seed] })).toThrow('The noise is not usable')
  })

  it('refuses a draw that is none', () => {
    expect(() => torch({ seed: 0 }).draw(-1, [1])).toThrow('the draw is -1')
  })
})

describe('torchList', () => {
  it.each([
    [2, 2, 3],
    [28, 28, 1],
    [1, 1, 5],
  ])('draws each row as a batch of one: %d×%d×%d', (...image) => {
    const seeds = [0, 42, 2n ** 60n]
    const noise = torchList({ seeds })
    const size = image.reduce((product, extent) => product * extent)
    for (const draw of [0, 1, 2])
      seeds.forEach((seed, r) => {
        const alone = torch({ seed }).draw(draw, [1, ...image])
        expect(noise.draw(draw, [3, ...image]).subarray(r * size, (r + 1) * size)).toEqual(alone)
      })
  })

  it('refuses a row without a seed', () => {
    expect(() => torchList({ seeds: [1] }).draw(0, [2, 4])).toThrow(
      'row 1 has no seed, since the list has only 1',
    )
  })
})

describe('skipRandn', () => {
  it('moves a generator as randn does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const drawing = torchGenerator(1n)
        const skipping = copyTorchGenerator(drawing)
        sizes.forEach((size) => {
          randn(drawing, size)
          skipRandn(skipping, size)
        })
        expect(randn(skipping, 7)).toEqual(randn(drawing, 7))
      }),
    )
  })
})
