import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox } from '../../src/noise/philox.ts'
import { philox4x32 } from '../../src/noise/philox4x32.ts'
import { correlation, kolmogorovSmirnov, moments } from './statistics.ts'

const wholes = fc.maxSafeNat()
const draws = fc.nat({ max: 0xffffffff })

describe('philox', () => {
  it('makes value i of a row from the words that its documentation names', () => {
    const [seed, sample, draw] = [2 ** 40 + 5, 2 ** 35 + 9, 3]
    const row = philox({ seed, samples: [sample] }).draw(draw, [1, 6])
    const words = new Uint32Array(4)
    philox4x32(words, 1, 3, 9, 8, 5, 256)
    const [u0 = 0, u1 = 0] = [...words].map((word) => (word + 1) / 2 ** 32)
    expect(row[4]).toBe(Math.fround(Math.sqrt(-2 * Math.log(u0)) * Math.cos(2 * Math.PI * u1)))
    expect(row[5]).toBe(Math.fround(Math.sqrt(-2 * Math.log(u0)) * Math.sin(2 * Math.PI * u1)))
  })

  it('gives a sample the same noise in every batch, at every place', () => {
    fc.assert(
      fc.property(
        wholes,
        fc.array(wholes, { minLength: 1, maxLength: 6 }),
        draws,
        fc.integer({ min: 1, max: 9 }),
        (seed, samples, draw, size) => {
          const batch = philox({ seed, samples }).draw(draw, [samples.length, size])
          samples.forEach((sample, r) => {
            const alone = philox({ seed, samples: [sample] }).draw(draw, [1, size])
            expect(batch.subarray(r * size, (r + 1) * size)).toEqual(alone)
          })
        },
      ),
    )
  })

  it('gives the same whatever was asked before', () => {
    fc.assert(
      fc.property(wholes, fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (seed, order) => {
        const noise = philox({ seed })
        const asked = order.map((draw) => noise.draw(draw, [2, 5]))
        expect(asked).toEqual(order.map((draw) => philox({ seed }).draw(draw, [2, 5])))
      }),
    )
  })

  it('starts a longer row with the values of a shorter one', () => {
    const noise = philox({ seed: 1 })
    expect(noise.draw(0, [1, 100]).subarray(0, 7)).toEqual(noise.draw(0, [1, 7]))
  })

  it('numbers the samples by their rows where nothing is said', () => {
    const shape = [3, 4] as const
    expect(philox({ seed: 5 }).draw(2, shape)).toEqual(philox({ seed: 5, samples: [0, 1, 2] }).draw(2, shape))
    // a list that is too short would draw one sample twice
    expect(() => philox({ seed: 5, samples: [1] }).draw(2, shape)).toThrow('row 1 has no sample id')
  })

  it('gives each row a seed of its own, as sample 0 of that seed', () => {
    const seeds = [7, 0, 2 ** 53 - 1]
    const batch = philox({ seeds }).draw(4, [3, 5])
    seeds.forEach((seed, r) => {
      expect(batch.subarray(r * 5, (r + 1) * 5)).toEqual(philox({ seed }).draw(4, [1, 5]))
    })
  })

  it('takes seed 0 for a seed, and tells all 53 bits apart', () => {
    const first = [0, 1, 2 ** 32, 2 ** 52].map((seed) => philox({ seed }).draw(0, [1])[0])
    expect(new Set(first).size).toBe(4)
  })

  it('draws one number for the shape [] and none for no rows', () => {
    expect(philox({ seed: 1 }).draw(0, [])).toEqual(philox({ seed: 1 }).draw(0, [1]))
    expect(philox({ seed: 1 }).draw(0, [0, 28, 28, 1])).toHaveLength(0)
  })

  it.each([-1, 0.5, 2 ** 53, NaN, Infinity])('refuses %d for a seed or a sample', (value) => {
    const reason = `is ${String(value)}, and it has to be a whole number from 0 to 9007199254740991.`
    expect(() => philox({ seed: value })).toThrow(`The noise is not usable: the seed ${reason}`)
    expect(() => philox({ seeds: [0, value] })).toThrow(`The noise is not usable: a seed ${reason}`)
    expect(() => philox({ seed: 0, samples: [value] })).toThrow(
      `The noise is not usable: a sample id ${reason}`,
    )
  })

  it.each([-1, 0.5, 2 ** 32])('refuses %d for a draw', (draw) => {
    expect(() => philox({ seed: 0 }).draw(draw, [1])).toThrow('whole number from 0 to 4294967295')
  })

  it('refuses a row without a seed', () => {
    expect(() => philox({ seeds: [1, 2] }).draw(0, [3, 1])).toThrow(
      'The noise is not usable: row 2 has no seed, since the list has only 2.',
    )
  })

  describe('on 100,000 values of one seed', () => {
    const noise = philox({ seed: 20_260_101 })
    const size = 100_000
    const z = noise.draw(0, [1, size])
    // the bounds are 4 standard errors of each statistic, and for Kolmogorov and Smirnov's the 0.1 % point

    it('has the moments of a standard normal', () => {
      const { mean, variance, skewness, kurtosis } = moments(z)
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(size))
      expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / size))
      expect(Math.abs(skewness)).toBeLessThan(4 * Math.sqrt(6 / size))
      expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / size))
    })

    it('has the distribution of a standard normal', () => {
      expect(kolmogorovSmirnov(z)).toBeLessThan(1.95 / Math.sqrt(size))
    })

    it.each([
      ['neighbouring values', z.subarray(1), z.subarray(0, -1)],
      ['neighbouring samples', z, philox({ seed: 20_260_101, samples: [1] }).draw(0, [1, size])],
      ['neighbouring draws', z, noise.draw(1, [1, size])],
      ['neighbouring seeds', z, philox({ seed: 20_260_102 }).draw(0, [1, size])],
    ])('has no correlation between %s', (_, a, b) => {
      expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(size))
      expect(Math.abs(correlation(a.map(Math.abs), b.map(Math.abs)))).toBeLessThan(4 / Math.sqrt(size))
    })
  })
})
