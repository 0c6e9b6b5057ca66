import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Features } from '../../src/evaluate/features.ts'
import { frechetDistance } from '../../src/evaluate/frechet-distance.ts'
import { kernelDistance } from '../../src/evaluate/kernel-distance.ts'
import { momentsMonoid, momentsOf } from '../../src/evaluate/moments.ts'
import { precisionRecall } from '../../src/evaluate/precision-recall.ts'
import { philox } from '../../src/noise/philox.ts'

/** Normal features: `shift + Σ mix·z`. */
const normal = (
  seed: number,
  rows: number,
  mix: ReadonlyArray<readonly number[]>,
  shift: readonly number[] = mix.map(() => 0),
): Features => {
  const size = mix.length
  const z = philox({ seed }).draw(0, [rows, size])
  const data = Float64Array.from({ length: rows * size }, (_, at) => {
    const [row, i] = [Math.floor(at / size), at % size]
    return mix[i]!.reduce((sum, factor, j) => sum + factor * z[row * size + j]!, shift[i]!)
  })
  return { shape: [rows, size], data }
}

const identity = (size: number, scale = 1): ReadonlyArray<readonly number[]> =>
  Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => (i === j ? scale : 0)))

describe('moments', () => {
  it('do not depend on the batches that they are taken in', () => {
    const features = normal(3, 60, [[1, 0.5, 0], [0, 2, 0.1], [0.3, 0, 1]], [1, -2, 100]) // prettier-ignore
    const whole = momentsOf(features)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }), (cuts) => {
        const { concat, empty } = momentsMonoid(3)
        const places = [0, ...cuts.toSorted((a, b) => a - b), 60]
        const parts = places.slice(1).map((end, i) => {
          const begin = places[i]!
          return end === begin
            ? empty
            : momentsOf({ shape: [end - begin, 3], data: features.data.subarray(3 * begin, 3 * end) })
        })
        const joined = parts.reduce(concat, empty)
        expect(joined.count).toBe(60)
        joined.mean.forEach((each, i) => {
          expect(each).toBeCloseTo(whole.mean[i]!, 10)
        })
        joined.scatter.forEach((each, i) => {
          expect(each).toBeCloseTo(whole.scatter[i]!, 8)
        })
      }),
    )
  })

  it('refuse features of another length', () => {
    expect(() => momentsMonoid(2).concat(momentsMonoid(2).empty, momentsMonoid(3).empty)).toThrow(
      'These features can’t be compared: they have 2 and 3 numbers each.'.replace('’', "'"),
    )
  })
})

describe('Fréchet’s distance', () => {
  const moments = (mean: readonly number[], covariance: ReadonlyArray<readonly number[]>) => ({
    count: 11,
    mean: Float64Array.from(mean),
    scatter: Float64Array.from(covariance.flat(), (each) => 10 * each),
  })

  it('is that of the closed form where the covariances have the same axes', () => {
    // a rotation of diag(4, 9) and of diag(1, 16)
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)]
    const turned = (a: number, b: number) => [
      [a * c * c + b * s * s, (a - b) * c * s],
      [(a - b) * c * s, a * s * s + b * c * c],
    ]
    const [one, other] = [moments([1, 2], turned(4, 9)), moments([4, -2], turned(1, 16))]
    expect(frechetDistance(one, other)).toBeCloseTo(9 + 16 + (2 - 1) ** 2 + (3 - 4) ** 2, 10)
  })

  it('is that of the closed form in two dimensions, whatever the axes', () => {
    // tr √M = √(tr M + 2√det M) for a matrix of two by two
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (n) => {
          const square = (a: number, b: number, c: number, d: number) => [
            [a * a + b * b + 0.1, a * c + b * d],
            [a * c + b * d, c * c + d * d + 0.1],
          ]
          const [one, other] = [square(n[0]!, n[1]!, n[2]!, n[3]!), square(n[4]!, n[5]!, n[6]!, n[7]!)]
          const det = (m: number[][]) => m[0]![0]! * m[1]![1]! - m[0]![1]! * m[1]![0]!
          const trace =
            one[0]![0]! * other[0]![0]! + 2 * one[0]![1]! * other[1]![0]! + one[1]![1]! * other[1]![1]!
          const overlap = Math.sqrt(trace + 2 * Math.sqrt(det(one) * det(other)))
          const expected = one[0]![0]! + one[1]![1]! + other[0]![0]! + other[1]![1]! - 2 * overlap
          expect(frechetDistance(moments([0, 0], one), moments([0, 0], other))).toBeCloseTo(expected, 8)
        },
      ),
    )
  })

  it('is symmetric, zero for the same set, and finite where features never vary', () => {
    const [a, b] = [momentsOf(normal(1, 50, identity(4))), momentsOf(normal(2, 50, identity(4, 2)))]
    expect(frechetDistance(a, b)).toBeCloseTo(frechetDistance(b, a), 9)
    expect(frechetDistance(a, a)).toBeCloseTo(0, 9)
    const still = momentsOf({ shape: [5, 4], data: new Float32Array(20) })
    expect(frechetDistance(still, still)).toBe(0)
    expect(frechetDistance(still, a)).toBeGreaterThan(3)
  })

  it('refuses what has no covariance', () => {
    const one = momentsOf({ shape: [1, 2], data: new Float32Array(2) })
    expect(() => frechetDistance(one, one)).toThrow('a covariance takes at least two images')
  })
})

describe('the kernel distance', () => {
  it('has no bias: for sets of one distribution it is 0 on average, however few the images', () => {
    const distances = Array.from({ length: 60 }, (_, i) => {
      const [a, b] = [normal(2 * i, 12, identity(3)), normal(2 * i + 1, 12, identity(3))]
      return kernelDistance(a, b, { blocks: 1 }).distance
    })
    const mean = distances.reduce((sum, each) => sum + each, 0) / distances.length
    const spread = Math.sqrt(distances.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 59 / 60)
    expect(Math.abs(mean)).toBeLessThan(4 * spread)
    expect(Math.min(...distances)).toBeLessThan(0)
  })

  it('is the sum that its definition says, on three images', () => {
    const line = (...data: number[]): Features => ({ shape: [data.length, 1], data: Float64Array.from(data) })
    const k = (x: number, y: number) => (x * y + 1) ** 3
    const [x, y] = [[0, 1, 2], [1, 1, 3]] // prettier-ignore
    const within = (v: readonly number[]) => (2 * (k(v[0]!, v[1]!) + k(v[0]!, v[2]!) + k(v[1]!, v[2]!))) / 6
    const between = x.flatMap((a) => y.map((b) => k(a, b))).reduce((sum, each) => sum + each, 0) / 9
    const { distance, deviation } = kernelDistance(line(...x), line(...y), { blocks: 3 })
    expect(distance).toBeCloseTo(within(x) + within(y) - 2 * between, 10)
    expect(deviation).toBeCloseTo(0, 10)
  })

  it('grows with what is between the sets, and is the same for the same seed', () => {
    const at = (shift: number) =>
      kernelDistance(normal(1, 80, identity(2)), normal(2, 80, identity(2), [shift, 0]), {
        blocks: 4,
        blockSize: 40,
      })
    expect(at(1).distance).toBeGreaterThan(at(0.3).distance)
    expect(at(1)).toEqual(at(1))
  })

  it('refuses blocks that a set is too small for, and features of two lengths', () => {
    const [a, b] = [normal(1, 5, identity(2)), normal(1, 5, identity(3))]
    expect(() => kernelDistance(a, a, { blockSize: 6 })).toThrow(
      'a block of 6 images takes sets of at least that many',
    )
    expect(() => kernelDistance(a, b)).toThrow('they have 2 and 3 numbers each')
  })
})

describe('precision and recall', () => {
  it('tell samples that are false from samples that are few', () => {
    const data = normal(1, 150, identity(2))
    const alike = precisionRecall(normal(2, 150, identity(2)), data)
    const wild = precisionRecall(normal(2, 150, identity(2, 6)), data)
    const narrow = precisionRecall(normal(2, 150, identity(2, 0.2)), data)
    expect(Math.min(alike.precision, alike.recall)).toBeGreaterThan(0.85)
    expect(wild.precision).toBeLessThan(0.5)
    expect(narrow.precision).toBeGreaterThan(0.95)
    expect(narrow.recall).toBeLessThan(0.5)
  })

  it('trade places when the sets do', () => {
    const [a, b] = [normal(1, 40, identity(2)), normal(2, 60, identity(2, 2))]
    const [there, back] = [precisionRecall(a, b), precisionRecall(b, a)]
    expect([there.precision, there.recall]).toEqual([back.recall, back.precision])
  })

  it('refuse sets that are too small', () => {
    const few = normal(1, 3, identity(2))
    expect(() => precisionRecall(few, few)).toThrow('3 neighbours take sets of more images than that')
  })
})
