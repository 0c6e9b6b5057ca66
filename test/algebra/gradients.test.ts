import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { groupNorm } from '../../src/algebra/tfjs/group-norm.ts'
import { registerGradients } from '../../src/algebra/tfjs/gradients.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { useBackend } from '../support/tensorflow.ts'

/** Functions of a 2×3 matrix with elements between 1 and 2, and of another. */
const functions: Readonly<Record<string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor>> = {
  Add: (x, y) => tf.add(x, tf.sum(y, 0)),
  Sub: (x, y) => tf.sub(tf.sum(x, 0), y),
  Multiply: (x, y) => tf.mul(x, tf.sum(y, 1, true)),
  RealDiv: (x, y) => tf.div(tf.sum(x, 0), y),
  SquaredDifference: (x, y) => tf.squaredDifference(x, tf.sum(y, 1, true)),
  AddN: (x, y) => tf.square(tf.addN([x, y, x])),
  'Square, Sqrt': (x) => tf.sqrt(tf.add(tf.square(x), 1)),
  'Exp, Neg': (x) => tf.exp(tf.neg(x)),
  Log: (x) => tf.log(x),
  Select: (x, y) => tf.where(tf.tensor2d([1, 0, 1, 0, 1, 1], [2, 3], 'bool'), tf.square(x), tf.mul(3, y)),
  Rsqrt: (x) => tf.rsqrt(x),
  'Sigmoid, Tanh': (x, y) => tf.mul(tf.sigmoid(x), tf.tanh(y)),
  'Softplus, Erf': (x, y) => tf.add(tf.softplus(x), tf.erf(y)),
  'Sin, Cos': (x, y) => tf.mul(tf.sin(x), tf.cos(y)),
  Relu: (x) => tf.relu(tf.sub(x, 1.51)),
  ClipByValue: (x) => tf.clipByValue(x, 1.3, 1.8),
  'Cast, Identity': (x) => tf.clone(tf.cast(x, 'float32')),
  'Reshape, Transpose': (x, y) => tf.matMul(tf.transpose(x), tf.reshape(tf.transpose(y), [2, 3])),
  'Concat, Slice': (x, y) => tf.slice(tf.concat([x, y], 1), [0, 1], [2, 4]),
  'SplitV, PadV2': (x) => {
    const [a, b] = tf.split(x, [1, 2], 1)
    return tf.mul(
      a!,
      tf.pad(b!, [
        [0, 0],
        [1, 2],
      ]),
    )
  },
  Mean: (x, y) => tf.mul(tf.mean(x), tf.mean(y, 1, true)),
  Sum: (x) => tf.square(tf.sum(x)),
  Softmax: (x) => tf.softmax(tf.mul(x, 3)),
  'BatchMatMul, a b': (x, y) => tf.matMul(x, tf.reshape(y, [3, 2])),
  'BatchMatMul, aᵀ b': (x, y) => tf.matMul(x, y, true, false),
  'BatchMatMul, a bᵀ': (x, y) => tf.matMul(x, y, false, true),
  'BatchMatMul, aᵀ bᵀ': (x, y) => tf.matMul(x, tf.reshape(y, [3, 2]), true, true),
}

const matrix = (salt: number) =>
  tf.tensor2d(
    Array.from({ length: 6 }, (_, i) => 1.5 + 0.49 * Math.sin(i * 1.9 + salt)),
    [2, 3],
  )

describe('the gradients of tfjs kernels, on cpu', () => {
  beforeAll(async () => {
    registerGradients()
    await useBackend('cpu')
  })

  it.each(Object.entries(functions))('%s has the slope of its differences', (_, f) => {
    tf.tidy(() => {
      const [x, y, dx, dy] = [0, 1, 2, 3].map(matrix)
      const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => {
        const out = f(a, b)
        const weights = tf.tensor(
          Array.from({ length: out.size }, (__, i) => Math.cos(i * 2.3)),
          out.shape,
        )
        return tf.add(tf.sum(tf.mul(out, weights)), tf.mul(0, tf.add(tf.sum(a), tf.sum(b))))
      }
      const at = (h: number) => loss(tf.add(x!, tf.mul(dx!, h)), tf.add(y!, tf.mul(dy!, h))).dataSync()[0]!
      const numeric = (at(2e-3) - at(-2e-3)) / 4e-3
      const [gx, gy] = tf.grads(loss)([x!, y!])
      const slope = tf.add(tf.sum(tf.mul(gx!, dx!)), tf.sum(tf.mul(gy!, dy!))).dataSync()[0]!
      expect(Math.abs(slope - numeric)).toBeLessThan(3e-3 * (1 + Math.abs(numeric)))
    })
  })

  it('leaves gradients alone that are there already', () => {
    const mine = tf.getGradient('Sigmoid')
    registerGradients()
    expect(tf.getGradient('Sigmoid')).toBe(mine)
  })

  it('composes group norm where there is no kernel, with the same value and gradients', () => {
    tf.tidy(() => {
      const x = tf.randomNormal([2, 3, 3, 4], 2, 3, 'float32', 1)
      const [scale, shift] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([4, 3, 2, 1])]
      const weights = tf.randomNormal([2, 3, 3, 4], 0, 1, 'float32', 2)
      const f = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => groupNorm(a, b, c, { groups: 2, eps: 1e-3 })
      const all = () =>
        [f(x, scale, shift), ...tf.grads(f)([x, scale, shift], weights)].map((t) => t.dataSync())
      const own = all()
      const kernel = tf.getKernel('GroupNorm', 'cpu')
      tf.unregisterKernel('GroupNorm', 'cpu')
      try {
        all().forEach((composed, i) => {
          expect(maxAbsDifference(composed, own[i]!)).toBeLessThan(2e-5)
        })
      } finally {
        tf.registerKernel(kernel)
      }
    })
  })
})
