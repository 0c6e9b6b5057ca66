import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { conv2d } from '../../src/algebra/tfjs/conv2d.ts'
import { doubled, onDoubled } from '../../src/algebra/tfjs/doubled.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { orThrow } from '../../src/or-throw.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { describeOn } from '../support/engines.ts'
import { useBackend } from '../support/tensorflow.ts'

const wave = (shape: number[], salt: number): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(1.3 * i + salt)),
    shape as [number, number, number, number],
  )
const walk = { stride: 1, padding: { top: 1, bottom: 1, left: 1, right: 1 } } as const
const zero = (): tf.Tensor => tf.zeros([2])

/** The convolution of the doubled image, which is not to know where that comes from. */
const plainly = (image: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor =>
  conv2d(tf.mul(doubled(image), 1), filter, zero(), walk)

const close = (a: tf.Tensor, b: tf.Tensor): void => {
  expect(a.shape).toEqual(b.shape)
  expect(maxAbsDifference(a.dataSync(), b.dataSync())).toBeLessThan(1e-5)
}

it('is the convolution of the doubled image', async () => {
  await useBackend('cpu')
  tf.tidy(() => {
    const [image, filter] = [wave([2, 3, 4, 5], 1), wave([3, 3, 5, 2], 2)]
    close(onDoubled(image, filter), plainly(image, filter))
  })
})

describeOn('tensorflow', 'a convolution behind a doubling', () => {
  beforeAll(async () => {
    await orThrow(openEngine('tensorflow'))
  })

  it('is the same, and so are its gradients', () => {
    tf.tidy(() => {
      const [image, filter, dy] = [wave([2, 3, 4, 5], 1), wave([3, 3, 5, 2], 2), wave([2, 6, 8, 2], 3)]
      const shortly = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => conv2d(doubled(x), w, zero(), walk)
      close(shortly(image, filter), plainly(image, filter))
      const [dx, dw] = tf.grads(shortly)([image, filter], dy)
      const [ex, ew] = tf.grads((x, w) => plainly(x as tf.Tensor4D, w as tf.Tensor4D))([image, filter], dy)
      close(dx!, ex!)
      close(dw!, ew!)
    })
  })
})
