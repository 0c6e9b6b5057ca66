import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { numbers } from '../../src/algebra/numbers.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const [rows, height, width] = [3, 2, 5]
const size = height * width
const finite = fc.double({ min: -100, max: 100, noNaN: true })
const vector = fc.array(finite, { minLength: rows * size, maxLength: rows * size })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const rowsOf = (data: readonly number[]): number[][] =>
  Array.from({ length: rows }, (_, row) => data.slice(row * size, (row + 1) * size))

/** The unbiased standard deviation, by definition. */
const deviation = (row: readonly number[]): number => {
  const mean = row.reduce((a, b) => a + b) / row.length
  return Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (row.length - 1))
}
const matched = (x: readonly number[], like: readonly number[]): number[] =>
  rowsOf(x).flatMap((row, r) => row.map((v) => (v * deviation(rowsOf(like)[r]!)) / deviation(row)))

/** torch.quantile with linear interpolation, by definition. */
const quantile = (row: readonly number[], q: number): number => {
  const sorted = row.map(Math.abs).sort((a, b) => a - b)
  const at = q * (row.length - 1)
  const low = Math.floor(at)
  return (sorted[low] ?? 0) * (1 - (at - low)) + (sorted[low + 1] ?? 0) * (at - low)
}
const divided = (x: readonly number[], q: number, low: number, high: number): number[] =>
  rowsOf(x).flatMap((row) => row.map((v) => v / Math.min(Math.max(quantile(row, q), low), high)))

const computed = async <T>(
  algebra: VectorAlgebra<T>,
  inputs: ReadonlyArray<readonly number[]>,
  f: (...inputs: readonly T[]) => T,
): Promise<ArrayLike<number>> => {
  const lifted = inputs.map((data) =>
    algebra.fromValues({ shape: [rows, height, width], data: Float64Array.from(data) }),
  )
  const result = f(...lifted)
  const { shape, data } = await algebra.toValues(result)
  expect(shape).toEqual([rows, height, width])
  ;[result, ...lifted].forEach(algebra.dispose)
  return data
}

/** Rows whose spread is not rounding. */
const spreading = vector.filter((x) => rowsOf(x).every((row) => deviation(row) > 0.1))

const holds = async <T>(algebra: VectorAlgebra<T>, error: number, numRuns: number): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(spreading, spreading, async (x, like) => {
      const found = await computed(algebra, [x, like], (a, b) => algebra.matchDeviation(a, b))
      const wanted = matched(x, like)
      expect(maxAbsDifference(found, wanted)).toBeLessThan(error * Math.max(1, ...wanted.map(Math.abs)))
    }),
    { numRuns },
  )
  await fc.assert(
    fc.asyncProperty(vector, share, async (x, q) => {
      const found = await computed(algebra, [x], (a) => algebra.divideByQuantile(a, q, 1, 50))
      expect(maxAbsDifference(found, divided(x, q, 1, 50))).toBeLessThan(100 * error)
    }),
    { numRuns },
  )
}

const steady = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]
const rising = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const special = [...steady, ...steady.map(() => 0.1), ...rising]

/** A row without spread has none to match, and a row that is to have none loses its own. */
const leavesSteadyRows = async <T>(algebra: VectorAlgebra<T>): Promise<void> => {
  const like = [...rising, ...rising, ...steady]
  const found = await computed(algebra, [special, like], (a, b) => algebra.matchDeviation(a, b))
  expect([...Array.from(found)].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([
    ...special.slice(0, 2 * size),
    ...rising.map(() => 0),
  ])
}

/** Rows whose squares are more than a float can be, matched to others as large. */
const holdsAt = async <T>(algebra: VectorAlgebra<T>, most: number): Promise<void> => {
  const [x, like] = [1, 3].map((step) => Array.from({ length: rows * size }, (_, i) => ((i * step) % 7) - 3))
  const found = await computed(
    algebra,
    [x!, like!].map((data) => data.map((value) => (value / 3) * most)),
    (a, b) => algebra.matchDeviation(a, b),
  )
  const wanted = matched(x!, like!).map((value) => value / 3)
  expect(
    maxAbsDifference(
      Array.from(found, (value) => value / most),
      wanted,
    ),
  ).toBeLessThan(1e-5)
}

describe('matchDeviation and divideByQuantile', () => {
  it('match what is too large to be squared', () => holdsAt(float64, 1e300))

  it('are what they are called, on float64', async () => {
    await holds(float64, 1e-12, 100)
    await leavesSteadyRows(float64)
  })

  it('take a number for a row of one', () => {
    expect(numbers.matchDeviation(3, 7)).toBe(3)
    expect([-8, 2, 0.5].map((x) => numbers.divideByQuantile(x, 0.9, 1, 4))).toEqual([-2, 1, 0.5])
  })
})

describe.each(backends)('matchDeviation and divideByQuantile on tfjs, %s', (backend) => {
  it('match what is too large to be squared', () => holdsAt(tfjs, 1e36))

  beforeAll(() => useBackend(backend))

  it('are what they are called', async () => {
    await holds(tfjs, 2e-5, 30)
    await leavesSteadyRows(tfjs)
  })

  it('make exactly one tensor', () => {
    const x = tf.randomNormal([2, 3, 4, 1])
    const like = tf.randomNormal([2, 3, 4, 1])
    const before = tf.memory().numTensors
    const results = [
      tfjs.matchDeviation(x, like),
      ...[0, 0.3, 1].map((q) => tfjs.divideByQuantile(x, q, 1, 3)),
    ]
    expect(tf.memory().numTensors).toBe(before + 4)
    expect(results.map(({ shape }) => shape)).toEqual(results.map(() => [2, 3, 4, 1]))
    tf.dispose([x, like, ...results])
  })

  it('divide differentiably, quantiles held for given', async () => {
    const x = tf.tensor2d([[-4, 0, 2]])
    const slope = tf.grad((a) => tfjs.divideByQuantile(a, 0.5, 1, 10))(x)
    expect([...(await slope.data())]).toEqual([0.5, 0.5, 0.5])
    tf.dispose([x, slope])
  })
})
