import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Activation, NetworkAlgebra, Shape, Values } from '../../src/algebra/algebra.ts'
import { float64, float64Parameters } from '../../src/algebra/float64.ts'
import { shapes } from '../../src/algebra/shapes.ts'
import { sizeOf } from '../../src/algebra/shape.ts'
import { tfjs, tfjsParameters } from '../../src/algebra/tfjs.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

/** Values that differ from each other and look like nothing; the same on every call. */
const values = (shape: Shape, salt = 0): Values => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    Math.fround(2 * Math.sin(i * 1.7 + salt * 31.1)),
  ),
})
/** Around a mean far from zero, where a careless variance cancels. */
const shifted = (shape: Shape): Values => ({
  shape,
  data: values(shape).data.map((v) => Math.fround(v + 300)),
})

/** An operation on an algebra: `value` brings numbers in, `weight` a parameter. */
type Operation = <T>(
  algebra: NetworkAlgebra<T>,
  value: (values: Values) => T,
  weight: (values: Values) => T,
) => T

const activation =
  (kind: Activation): Operation =>
  (a, value) =>
    a.activate(
      kind,
      value({ shape: [1, 9], data: Float64Array.of(-50, -3, -1, -0.1, 0.01, 0.2, 1.5, 4, 60) }),
    )

const conv =
  (x: Shape, filter: Shape, stride: 1 | 2, [top, bottom, left, right]: number[]): Operation =>
  (a, value, weight) =>
    a.conv2d(value(values(x)), weight(values(filter, 1)), weight(values([filter[0]!], 2)), {
      stride,
      padding: { top: top!, bottom: bottom!, left: left!, right: right! },
    })

const norm =
  (x: Values, groups: number, eps = 1e-5): Operation =>
  (a, value, weight) => {
    const channels = x.shape.at(-1)!
    return a.groupNorm(value(x), weight(values([channels], 1)), weight(values([channels], 2)), {
      groups,
      eps,
    })
  }

const sinusoid =
  (dim: number, flipSinToCos: boolean, freqShift: number): Operation =>
  (a, value) =>
    a.sinusoid(value({ shape: [4], data: Float64Array.of(0, 1, 500.5, 999) }), {
      dim,
      flipSinToCos,
      freqShift,
    })

const operations: Readonly<Record<string, Operation>> = {
  'conv 3×3, padding 1': conv([2, 5, 7, 3], [4, 3, 3, 3], 1, [1, 1, 1, 1]),
  'conv 3×3, no padding': conv([2, 5, 7, 3], [4, 3, 3, 3], 1, [0, 0, 0, 0]),
  'conv 1×1': conv([2, 4, 5, 3], [6, 3, 1, 1], 1, [0, 0, 0, 0]),
  'conv stride 2, padding 1, even size': conv([2, 6, 8, 3], [4, 3, 3, 3], 2, [1, 1, 1, 1]),
  'conv stride 2, padding 1, odd size': conv([1, 7, 5, 3], [4, 3, 3, 3], 2, [1, 1, 1, 1]),
  'conv stride 2, zeros below and on the right': conv([2, 6, 8, 3], [4, 3, 3, 3], 2, [0, 1, 0, 1]),
  'conv stride 2, zeros below and on the right, odd size': conv([1, 7, 9, 3], [4, 3, 3, 3], 2, [0, 1, 0, 1]),
  'conv to one channel': conv([1, 4, 4, 8], [1, 8, 3, 3], 1, [1, 1, 1, 1]),
  'dense on a vector': (a, value, weight) =>
    a.dense(value(values([3, 5])), weight(values([7, 5], 1)), weight(values([7], 2))),
  'dense on tokens': (a, value, weight) =>
    a.dense(value(values([2, 3, 5])), weight(values([4, 5], 1)), weight(values([4], 2))),
  'group norm of an image': norm(values([2, 3, 5, 8]), 4),
  'group norm of tokens': norm(values([2, 6, 8]), 2),
  'group norm in one group': norm(values([2, 3, 3, 4]), 1),
  'group norm of each channel': norm(values([2, 3, 3, 4]), 4, 1e-6),
  'group norm far from zero': norm(shifted([2, 4, 4, 4]), 2),
  'group norm of a constant': norm({ shape: [1, 2, 2, 4], data: new Float64Array(16).fill(3) }, 2),
  silu: activation('silu'),
  mish: activation('mish'),
  gelu: activation('gelu'),
  relu: activation('relu'),
  add: (a, value) => a.add(value(values([2, 3, 3, 2])), value(values([2, 3, 3, 2], 1))),
  affine: (a, value) => a.affine(value(values([2, 3, 3, 2])), 2, -1),
  'add a vector': (a, value) => a.addVector(value(values([2, 3, 5, 4])), value(values([2, 4], 1))),
  modulate: (a, value) =>
    a.modulate(value(values([2, 3, 5, 4])), value(values([2, 4], 1)), value(values([2, 4], 2))),
  'attention, one head': (a, value) =>
    a.attention(value(values([2, 6, 4])), value(values([2, 6, 4], 1)), value(values([2, 6, 4], 2)), 1),
  'attention, four heads': (a, value) =>
    a.attention(value(values([2, 5, 8])), value(values([2, 5, 8], 1)), value(values([2, 5, 8], 2)), 4),
  'tokens and back': (a, value) => {
    const image = value(values([2, 3, 5, 4]))
    return a.toImage(a.toTokens(image), image)
  },
  tokens: (a, value) => a.toTokens(value(values([2, 3, 5, 4]))),
  upsample: (a, value) => a.upsample(value(values([2, 3, 5, 2]))),
  'average pool': (a, value) => a.averagePool(value(values([2, 4, 6, 2]))),
  'average pool, odd size': (a, value) => a.averagePool(value(values([2, 5, 7, 2]))),
  concat: (a, value) =>
    a.concat([value(values([2, 3, 2, 1])), value(values([2, 3, 2, 4], 1)), value(values([2, 3, 2, 2], 2))]),
  'split, first part': (a, value) => a.split(value(values([3, 6])), 2)[0]!,
  'split, last part': (a, value) => a.split(value(values([3, 6])), 3)[2]!,
  embedding: (a, value, weight) =>
    a.embedding(weight(values([5, 3])), value({ shape: [4], data: Float64Array.of(4, 0, 2, 2) })),
  'sinusoid, cos first': sinusoid(8, true, 0),
  'sinusoid, sin first, shifted': sinusoid(8, false, 1),
  'sinusoid of odd width': sinusoid(7, true, 0),
}
const named = Object.entries(operations)

const weight64 = (given: Values) => float64Parameters(() => given)('weight', given.shape)
const weightTf = (given: Values) => tfjsParameters(() => given)('weight', given.shape)

describe('float64', () => {
  it('knows a convolution by heart', () => {
    const x = float64.fromValues({ shape: [1, 2, 2, 1], data: Float64Array.of(1, 2, 3, 4) })
    const filter = float64.fromValues({
      shape: [1, 1, 3, 3],
      data: Float64Array.of(0, 0, 0, 0, 1, 10, 0, 100, 1000),
    })
    const bias = float64.fromValues({ shape: [1], data: Float64Array.of(0.5) })
    const same = { top: 1, bottom: 1, left: 1, right: 1 }
    expect([...float64.conv2d(x, filter, bias, { stride: 1, padding: same }).data]).toEqual([
      1 + 20 + 300 + 4000 + 0.5,
      2 + 400 + 0.5,
      3 + 40 + 0.5,
      4.5,
    ])
    const corner = { top: 0, bottom: 1, left: 0, right: 1 }
    expect([...float64.conv2d(x, filter, bias, { stride: 2, padding: corner }).data]).toEqual([4.5])
  })

  it.each([
    ['silu', [-0.2689414213699951, 0.8807970779778823 * 2]],
    ['mish', [-0.3034014613741089, 1.943958913396606]],
    ['gelu', [-0.15865525393145707, 1.9544997361036416]],
    ['relu', [0, 2]],
  ] as const)('agrees with torch on %s of −1 and 2', (kind, expected) => {
    const x = float64.fromValues({ shape: [2], data: Float64Array.of(-1, 2) })
    expect(maxAbsDifference(float64.activate(kind, x).data, expected)).toBeLessThan(1e-6)
  })

  it('gives a group mean 0 and variance 1', () => {
    const x = float64.fromValues(shifted([1, 4, 4, 4]))
    const [one, zero] = [1, 0].map((v) =>
      float64.fromValues({ shape: [4], data: new Float64Array(4).fill(v) }),
    )
    const { data } = float64.groupNorm(x, one!, zero!, { groups: 2, eps: 0 })
    const group = data.filter((_, k) => k % 4 < 2)
    const mean = group.reduce((a, b) => a + b) / group.length
    expect(mean).toBeCloseTo(0, 10)
    expect(group.reduce((a, b) => a + (b - mean) ** 2, 0) / group.length).toBeCloseTo(1, 10)
  })
})

describe.each(backends)('tfjs on %s', (backend) => {
  beforeAll(() => useBackend(backend))
  let before = 0
  beforeEach(() => {
    before = tf.memory().numTensors
  })
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each(named)('agrees with float64: %s', async (name, operation) => {
    const expected = operation(float64, float64.fromValues, weight64)
    const out = tf.tidy(() => operation(tfjs, tfjs.fromValues, weightTf))
    const { shape, data } = await tfjs.toValues(out)
    out.dispose()
    expect(shape).toEqual(expected.shape)
    const scale = Math.max(1, ...expected.data.map(Math.abs))
    // 300 ± 2 in float32 is known to 1e-5 only
    const tolerance = name.includes('far from zero') ? 5e-5 : 2e-6
    expect(maxAbsDifference(data, expected.data) / scale).toBeLessThan(tolerance)
  })

  it('returns one new tensor each, and leaves none behind', () => {
    const image = tf.ones([1, 4, 4, 4])
    const tokens = tf.ones([1, 16, 4])
    const vector = tf.ones([1, 4])
    const channels = tf.ones([4])
    const matrix = tf.ones([4, 4])
    const filter = tf.ones([3, 3, 4, 4])
    const one = tf.tensor1d([1])
    const padding = { top: 1, bottom: 1, left: 1, right: 1 }
    const calls: ReadonlyArray<() => tf.Tensor> = [
      () => tfjs.conv2d(image, filter, channels, { stride: 1, padding }),
      () => tfjs.dense(tokens, matrix, channels),
      () => tfjs.groupNorm(image, channels, channels, { groups: 2, eps: 0 }),
      () => tfjs.activate('silu', image),
      () => tfjs.activate('mish', image),
      () => tfjs.activate('gelu', image),
      () => tfjs.activate('relu', image),
      () => tfjs.add(image, image),
      () => tfjs.affine(image, 2, 1),
      () => tfjs.addVector(image, vector),
      () => tfjs.modulate(image, vector, vector),
      () => tfjs.attention(tokens, tokens, tokens, 2),
      () => tfjs.toTokens(image),
      () => tfjs.toImage(tokens, image),
      () => tfjs.upsample(image),
      () => tfjs.averagePool(image),
      () => tfjs.concat([image, image]),
      () => tfjs.concat([image]),
      () => tfjs.embedding(matrix, one),
      () => tfjs.sinusoid(one, { dim: 5, flipSinToCos: true, freqShift: 0 }),
      () => tfjs.clamp([[1, image]], 0, 1),
      () => tfjs.combine([[1, image]]),
    ]
    for (const call of calls) {
      const count = tf.memory().numTensors
      const result = call()
      expect(tf.memory().numTensors, call.toString()).toBe(count + 1)
      result.dispose()
      expect([image, tokens, vector, channels, matrix, filter, one].some((x) => x.isDisposed)).toBe(false)
    }
    const count = tf.memory().numTensors
    const parts = tfjs.split(vector, 2)
    expect(tf.memory().numTensors).toBe(count + 2)
    tf.dispose([image, tokens, vector, channels, matrix, filter, one, ...parts])
  })
})

describe('tfjs on cpu, differentiated', () => {
  beforeAll(() => useBackend('cpu'))

  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0)

  /** What an operation is given, in order. */
  const inputsOf = (operation: Operation): ReadonlyArray<readonly [Values, typeof weightTf]> => {
    const inputs: Array<readonly [Values, typeof weightTf]> = []
    operation(
      float64,
      (given) => (inputs.push([given, tfjs.fromValues]), float64.fromValues(given)),
      (given) => (inputs.push([given, weightTf]), weight64(given)),
    )
    return inputs
  }

  it.each(named)('has the slope of float64 along a line: %s', (name, operation) => {
    const inputs = inputsOf(operation)
    const directions = inputs.map(([{ shape }], i) =>
      // Indices don't move.
      name === 'embedding' && i === 1
        ? { shape, data: new Float64Array(sizeOf(shape)) }
        : values(shape, 40 + i),
    )
    const output = operation(float64, float64.fromValues, weight64).shape
    const weights = values(output, 9)

    const lossAt = (h: number): number => {
      let i = 0
      const moved = (given: Values): Values => {
        const direction = directions[i++]!
        return { shape: given.shape, data: given.data.map((v, k) => v + h * direction.data[k]!) }
      }
      const out = operation(
        float64,
        (given) => float64.fromValues(moved(given)),
        (given) => weight64(moved(given)),
      )
      return dot(out.data, weights.data)
    }
    const slope = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5

    const [gradient, scale] = tf.tidy(() => {
      const loss = (...xs: tf.Tensor[]): tf.Scalar => {
        let i = 0
        const next = (): tf.Tensor => xs[i++]!
        return tf.sum(tf.mul(operation(tfjs, next, next), tfjs.fromValues(weights)))
      }
      const gradients = tf.grads(loss)(inputs.map(([given, bring]) => bring(given)))
      const products = inputs.map(([, bring], i) => tf.mul(gradients[i]!, bring(directions[i]!)))
      const total = tf.addN(products.map((product) => tf.sum(product)))
      const size = tf.addN(products.map((product) => tf.sum(tf.abs(product))))
      return [total.dataSync()[0]!, size.dataSync()[0]!]
    })
    expect(Math.abs(gradient - slope)).toBeLessThan(
      name.includes('far from zero') ? 1e-3 * scale : 1e-5 * scale,
    )
  })
})

describe('shapes', () => {
  it.each(named)('foresees the shape of %s', (_, operation) => {
    const { shape } = operation(float64, float64.fromValues, weight64)
    const shapeOf = (given: Values): Shape => given.shape
    expect(
      operation(
        shapes(() => undefined),
        shapeOf,
        shapeOf,
      ),
    ).toEqual(shape)
  })

  it.each<readonly [string, number]>([
    ['conv 3×3, padding 1', 2 * 2 * 5 * 7 * 4 * 3 * 9],
    ['conv stride 2, padding 1, odd size', 2 * 4 * 3 * 4 * 3 * 9],
    ['dense on tokens', 2 * 2 * 3 * 5 * 4],
    ['attention, four heads', 2 * 2 * (2 * 5 * 5 * 8)],
    ['group norm of an image', 0],
  ])('counts two operations per multiply-add: %s', (name, expected) => {
    let flops = 0
    const shapeOf = (given: Values): Shape => given.shape
    operations[name]!(
      shapes((cost) => {
        flops += cost
      }),
      shapeOf,
      shapeOf,
    )
    expect(flops).toBe(expected)
  })

  const same = { top: 1, bottom: 1, left: 1, right: 1 }
  const refusals: Readonly<Record<string, (a: NetworkAlgebra<Shape>) => unknown>> = {
    'joining images of two sizes': (a) =>
      a.concat([
        [1, 8, 8, 3],
        [1, 9, 9, 3],
      ]),
    'a filter for other channels': (a) =>
      a.conv2d([1, 8, 8, 3], [4, 2, 3, 3], [4], { stride: 1, padding: same }),
    'a matrix for other channels': (a) => a.dense([1, 3], [4, 2], [4]),
    'a bias of another length': (a) => a.dense([1, 2], [4, 2], [3]),
    'groups that leave a rest': (a) => a.groupNorm([1, 6], [6], [6], { groups: 4, eps: 0 }),
    'heads that leave a rest': (a) => a.attention([1, 2, 6], [1, 2, 6], [1, 2, 6], 4),
    'the sum of two shapes': (a) => a.add([1, 2], [2, 1]),
    'a vector with other channels': (a) => a.addVector([1, 2, 2, 3], [1, 4]),
    'tokens that do not fill the image': (a) => a.toImage([1, 8, 3], [1, 3, 3, 3]),
    'an image smaller than the filter': (a) =>
      a.conv2d([1, 2, 2, 3], [4, 3, 3, 3], [4], {
        stride: 1,
        padding: { top: 0, bottom: 0, left: 0, right: 0 },
      }),
  }
  it.each(Object.entries(refusals))('refuses %s', (_, run) => {
    expect(() => run(shapes(() => undefined))).toThrow(expect.objectContaining({ _tag: 'ShapesDisagree' }))
  })
})
