import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { conv2d, filterGradient, imageGradient, type Walk } from '../../src/algebra/tfjs/conv2d.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const walks: ReadonlyArray<readonly [filter: number, height: number, width: number, walk: Walk]> = [
  [3, 5, 4, { stride: 1, padding: { top: 1, bottom: 1, left: 1, right: 1 } }],
  [1, 3, 3, { stride: 1, padding: { top: 0, bottom: 0, left: 0, right: 0 } }],
  [1, 4, 3, { stride: 2, padding: { top: 0, bottom: 0, left: 0, right: 0 } }],
  [3, 6, 7, { stride: 2, padding: { top: 1, bottom: 1, left: 1, right: 1 } }],
  [3, 6, 7, { stride: 2, padding: { top: 0, bottom: 1, left: 0, right: 1 } }],
  [3, 5, 6, { stride: 1, padding: { top: 0, bottom: 0, left: 0, right: 0 } }],
]

const wave = (shape: number[], salt: number): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(1.3 * i + salt)),
    shape as [number, number, number, number],
  )

describe.each(backends)('the gradients of a convolution, on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  it.each(walks)('of %i by %i×%i, %o', (size, height, width, walk) => {
    tf.tidy(() => {
      const x = wave([2, height, width, 3], 1)
      const filter = wave([size, size, 3, 2], 2)
      const of = (image: tf.Tensor, weights: tf.Tensor) => conv2d(image, weights, tf.zeros([2]), walk)
      const dy = wave(of(x, filter).shape, 3)
      // linear in each: its slope along a direction is its value there
      const [dx, df] = [wave(x.shape, 4), wave(filter.shape, 5)]
      const along = (y: tf.Tensor) => tf.sum(tf.mul(y, dy)).dataSync()
      const byImage = imageGradient(dy, filter, [height, width], walk)
      const byFilter = filterGradient(x, dy, [size, size], walk)
      expect(byImage.shape).toEqual(x.shape)
      expect(byFilter.shape).toEqual(filter.shape)
      expect(maxAbsDifference(tf.sum(tf.mul(byImage, dx)).dataSync(), along(of(dx, filter)))).toBeLessThan(
        1e-4,
      )
      expect(maxAbsDifference(tf.sum(tf.mul(byFilter, df)).dataSync(), along(of(x, df)))).toBeLessThan(1e-4)
      const [gx, gf] = tf.grads(of)([x, filter], dy)
      expect(maxAbsDifference(gx!.dataSync(), byImage.dataSync())).toBe(0)
      expect(maxAbsDifference(gf!.dataSync(), byFilter.dataSync())).toBe(0)
    })
  })
})
