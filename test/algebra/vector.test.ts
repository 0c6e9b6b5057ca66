import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Coefficient, Sum, VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { numbers } from '../../src/algebra/numbers.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const finite = fc.double({ min: -100, max: 100, noNaN: true })
const rows = 3
const width = 4
const vector = fc.array(finite, { minLength: rows * width, maxLength: rows * width })
const coefficient: fc.Arbitrary<Coefficient> = fc.oneof(
  finite,
  fc.array(finite, { minLength: rows, maxLength: rows }),
)
const terms = fc.array(fc.tuple(coefficient, vector), { minLength: 1, maxLength: 5 })

const at = (c: Coefficient, row: number): number => (typeof c === 'number' ? c : c[row]!)

/** What a sum is, by definition. */
const expected = (sum: ReadonlyArray<readonly [Coefficient, readonly number[]]>): number[] =>
  Array.from({ length: rows * width }, (_, k) =>
    sum.reduce((total, [c, v]) => total + at(c, Math.floor(k / width)) * v[k]!, 0),
  )

const combined = async <T>(
  algebra: VectorAlgebra<T>,
  sum: ReadonlyArray<readonly [Coefficient, readonly number[]]>,
): Promise<Float32Array | Float64Array> => {
  const lifted: Sum<T> = sum.map(([c, v]) => [
    c,
    algebra.fromValues({ shape: [rows, width], data: Float64Array.from(v) }),
  ])
  const result = algebra.combine(lifted)
  const { shape, data } = await algebra.toValues(result)
  expect(shape).toEqual([rows, width])
  ;[result, ...lifted.map(([, v]) => v)].forEach((v) => {
    algebra.dispose(v)
  })
  return data
}

describe('numbers', () => {
  it('scale by e to the power', () => {
    expect(numbers.scaleByExp(3, Math.log(5), -2)).toBeCloseTo(3 / 25, 15)
  })
  it('combines like arithmetic', () => {
    fc.assert(
      fc.property(finite, finite, finite, finite, (a, x, b, y) => {
        const sum = numbers.combine([
          [a, x],
          [[b], y],
        ])
        expect(sum).toBeCloseTo(a * x + b * y, 8)
      }),
    )
  })
  it('is one row of the shape []', async () => {
    expect(numbers.shape(3)).toEqual([])
    expect(await numbers.toValues(numbers.fromValues({ shape: [], data: Float64Array.of(3) }))).toEqual({
      shape: [],
      data: Float64Array.of(3),
    })
  })
  it('refuses batches', () => {
    for (const refused of [
      () => numbers.fromValues({ shape: [2], data: Float64Array.of(1, 2) }),
      () => numbers.joinRows([1, 2]),
      () => numbers.splitRows(1, [1, 1]),
    ])
      expect(refused).toThrow('a plain number is one sample, and has no place for 2')
    expect(() => numbers.combine([[[1, 2], 3]])).toThrow(RangeError)
  })
})

describe('float64', () => {
  it('combines by the definition, with coefficients per batch and per row', async () => {
    await fc.assert(
      fc.asyncProperty(terms, async (sum) => {
        expect(maxAbsDifference(await combined(float64, sum), expected(sum))).toBeLessThan(1e-10)
      }),
    )
  })
  it('scales by e to the power, element by element', () => {
    const [x, exponent] = [Float64Array.of(3, -1, 2), Float64Array.of(Math.log(5), 0, -1)]
    const scaled = float64.scaleByExp({ shape: [3, 1], data: x }, { shape: [3, 1], data: exponent }, 2)
    expect(scaled).toEqual({
      shape: [3, 1],
      data: Float64Array.of(3 * Math.exp(2 * Math.log(5)), -1, 2 * Math.exp(-2)),
    })
    expect([...x]).toEqual([3, -1, 2])
  })
  it('changes no argument, and shares nothing with what it takes in or gives out', async () => {
    const data = Float64Array.of(1, 2)
    const x = float64.fromValues({ shape: [2], data })
    data.fill(9)
    const read = await float64.toValues(x)
    read.data.fill(9)
    float64.combine([[2, x]])
    expect([...x.data]).toEqual([1, 2])
  })
  it.each([
    ['an empty sum', []],
    ['two shapes', [[1, [2]] as const, [1, [3]] as const]],
    ['coefficients that are not one per row', [[[1, 2, 3], [2]] as const]],
  ])('refuses %s', (_, sum) => {
    const lifted = sum.map(
      ([c, shape]) => [c, { shape, data: new Float64Array(shape[0]) }] as const,
    ) satisfies Sum<unknown>
    expect(() => float64.combine(lifted)).toThrow(RangeError)
  })
})

describe.each(backends)('tfjs on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  it('combines by the definition, to float32', async () => {
    await fc.assert(
      fc.asyncProperty(terms, async (sum) => {
        const scale = 1 + Math.max(...expected(sum).map(Math.abs))
        // Inputs round once, the result rounds once.
        const bound = 1e-7 * (scale + sum.length * 1e4)
        expect(maxAbsDifference(await combined(tfjs, sum), expected(sum))).toBeLessThan(bound)
      }),
      { numRuns: 50 },
    )
  })

  it('adds in double precision: what float32 would lose is there', async () => {
    const [big, one] = [1e8, 1].map((v) => tf.fill([1, 1], v))
    const sum = tfjs.combine([
      [1, big!],
      [1, one!],
      [-1, big!],
    ])
    expect([...(await sum.data())]).toEqual([1])
    tf.dispose([big!, one!, sum])
  })

  it('combines in exactly one kernel and makes exactly one tensor', async () => {
    const [x, y, z] = [1, 2, 3].map((v) => tf.fill([2, 4, 4, 3], v))
    const before = tf.memory().numTensors
    const profile = await tf.profile(() =>
      tfjs.combine([
        [0.5, x!],
        [[1, 2], y!],
        [-1, z!],
      ]),
    )
    expect(profile.kernels.map(({ name }) => name)).toEqual(['LinearCombination'])
    expect(tf.memory().numTensors).toBe(before + 1)
    tf.dispose([x!, y!, z!, profile.result])
  })

  it('takes whole numbers, and makes a new tensor of 1·x', async () => {
    const x = tf.tensor2d([[1], [2]], [2, 1], 'int32')
    const same = tfjs.combine([[1, x]])
    expect(same.dtype).toBe('float32')
    expect([...(await same.data())]).toEqual([1, 2])
    x.dispose()
    expect([...(await same.data())]).toEqual([1, 2])
    same.dispose()
  })

  it('is differentiable, per row, as often as asked', async () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ])
    const y = tf.tensor2d([
      [5, 6],
      [7, 8],
    ])
    const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      tfjs.combine([
        [[2, 3], tf.square(a)],
        [-1, b],
      ])
    const [da, db] = tf.grads(f)([x, y])
    expect([...(await da!.data())]).toEqual([4, 8, 18, 24])
    expect([...(await db!.data())]).toEqual([-1, -1, -1, -1])
    const second = tf.grad((a) => tf.grad((b) => f(b, y))(a))(x)
    expect([...(await second.data())]).toEqual([4, 4, 6, 6])
    tf.dispose([x, y, da!, db!, second])
  })

  it('scales by e to the power into one new tensor', async () => {
    const [x, exponent] = [tf.tensor1d([3, -1, 2]), tf.tensor1d([Math.log(5), 0, -1])]
    const before = tf.memory().numTensors
    const y = tfjs.scaleByExp(x, exponent, 0.5)
    expect(tf.memory().numTensors).toBe(before + 1)
    const expected = [3 * Math.sqrt(5), -1, 2 * Math.exp(-0.5)]
    expect(maxAbsDifference(await y.data(), expected)).toBeLessThan(1e-6)
    tf.dispose([x, exponent, y])
  })

  it('clamps a sum into a new tensor, in one kernel', async () => {
    const x = tf.tensor1d([-3, 0.5, 3])
    const profile = await tf.profile(() => tfjs.clamp([[1, x]], -1, 1))
    expect(profile.kernels).toHaveLength(1)
    expect(profile.newTensors).toBe(1)
    const y = profile.result as tf.Tensor
    expect([...(await y.data())]).toEqual([-1, 0.5, 1])
    expect([...(await x.data())]).toEqual([-3, 0.5, 3])
    tf.dispose([x, y])
  })

  it.each([1, 2, 3, 4, 5])('adds up %i vectors, clamped or not', async (count) => {
    const vectors = Array.from({ length: count }, (_, i) => tf.tensor2d([[i + 1], [-2 * i - 1]]))
    const before = tf.memory().numTensors
    const sum = vectors.map((vector, i) => [[i + 1, 2 - i], vector] as const)
    const plain = vectors.reduce<readonly [number, number]>(
      ([a, b], _, i) => [a + (i + 1) ** 2, b - (2 - i) * (2 * i + 1)],
      [0, 0],
    )
    const [y, clamped] = [tfjs.combine(sum), tfjs.clamp(sum, -3, 4)]
    expect(tf.memory().numTensors).toBe(before + 2)
    expect([...(await y.data())]).toEqual(plain)
    expect([...(await clamped.data())]).toEqual(plain.map((value) => Math.min(Math.max(value, -3), 4)))
    tf.dispose([...vectors, y, clamped])
  })

  it('has no gradient where it clamps', async () => {
    const x = tf.tensor2d([
      [1, -4],
      [0.5, 4],
    ])
    const y = tf.zerosLike(x)
    const before = tf.memory().numTensors
    const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      tfjs.clamp(
        [
          [[2, 3], a],
          [5, b],
        ],
        -3,
        3,
      )
    const [da, db] = tf.grads(f)([x, y])
    expect(tf.memory().numTensors).toBe(before + 2)
    expect([...(await da!.data())]).toEqual([2, 0, 3, 0])
    expect([...(await db!.data())]).toEqual([5, 0, 5, 0])
    tf.dispose([x, y, da!, db!])
  })

  it('joins rows and splits them again, into new tensors', async () => {
    const parts = [
      tf.tensor2d([[1, 2]]),
      tf.tensor2d([
        [3, 4],
        [5, 6],
      ]),
    ]
    const before = tf.memory().numTensors
    for (const given of [parts, parts.slice(0, 1)]) {
      const joined = tfjs.joinRows(given)
      const split = tfjs.splitRows(
        joined,
        given.map(({ shape: [rows] }) => rows),
      )
      expect(tf.memory().numTensors).toBe(before + 1 + given.length)
      expect(joined.shape).toEqual([given.length === 2 ? 3 : 1, 2])
      for (const [i, part] of split.entries()) expect(await part.array()).toEqual(await given[i]!.array())
      tf.dispose([joined, ...split])
    }
    tf.dispose(parts)
  })

  it('shares no memory with what it takes in or gives out', async () => {
    const data = Float32Array.of(1, 2)
    const x = tfjs.fromValues({ shape: [2], data })
    data.fill(9)
    const read = await tfjs.toValues(x)
    read.data.fill(9)
    expect([...(await x.data())]).toEqual([1, 2])
    tfjs.dispose(x)
    expect(x.isDisposed).toBe(true)
  })
})

describe('tfjs on a backend without kernels of our own', () => {
  it('composes the sum, with the same value and gradient', async () => {
    await useBackend('cpu')
    const names = ['LinearCombination', 'ClampedCombination']
    const kernels = names.map((name) => tf.getKernel(name, 'cpu'))
    for (const name of names) tf.unregisterKernel(name, 'cpu')
    try {
      const x = tf.tensor2d([
        [1, 2],
        [3, 4],
      ])
      const before = tf.memory().numTensors
      const sum = tfjs.combine([
        [2, x],
        [[1, 10], x],
      ])
      expect(tf.memory().numTensors).toBe(before + 1)
      expect([...(await sum.data())]).toEqual([3, 6, 36, 48])
      const dx = tf.grad((a) => tfjs.combine([[[2, 3], a]]))(x)
      expect([...(await dx.data())]).toEqual([2, 2, 3, 3])
      const held = tf.memory().numTensors
      const clamped = tfjs.clamp([[[2, 3], x]], 3, 11)
      expect(tf.memory().numTensors).toBe(held + 1)
      expect([...(await clamped.data())]).toEqual([3, 4, 9, 11])
      const within = tf.grad((a) => tfjs.clamp([[[2, 3], a]], 3, 11))(x)
      expect([...(await within.data())]).toEqual([0, 2, 3, 0])
      tf.dispose([x, sum, dx, clamped, within])
    } finally {
      kernels.forEach(tf.registerKernel)
    }
  })
})
