/**
 * Whether a backend computes what the one in plain JavaScript computes: one example of each operation that networks, rules and
 * training are made of.
 */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'

/** Numbers that look random, and are the same everywhere. */
const waves = (...shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(12.9898 * (i + 1))),
    shape,
  )

const image = (): tf.Tensor4D => waves(2, 6, 6, 4) as tf.Tensor4D
const filter = (): tf.Tensor4D => waves(3, 3, 4, 5) as tf.Tensor4D

const operations: Readonly<Record<string, () => tf.Tensor>> = {
  add: () => tf.add(image(), waves(4)),
  'linear combination': () => tf.addN([tf.mul(image(), 0.3), tf.mul(image(), -2)]),
  clamp: () => tf.clipByValue(image(), -0.5, 0.5),
  convolution: () =>
    tf.fused.conv2d({ x: image(), filter: filter(), bias: waves(5), strides: 2, pad: 'valid' }),
  'gradient by a filter': () =>
    tf.engine().runKernel('Conv2DBackpropFilter', { x: image(), dy: waves(2, 6, 6, 5) }, {
      strides: 1,
      pad: 'same',
      dataFormat: 'NHWC',
      dimRoundingMode: undefined,
      filterShape: [3, 3, 4, 5],
    } as unknown as tf.NamedAttrMap),
  'gradient by an image': () =>
    tf.conv2dTranspose(waves(2, 6, 6, 5) as tf.Tensor4D, filter(), [2, 6, 6, 4], 1, 'same'),
  'matrix product': () => tf.fused.matMul({ a: waves(3, 8), b: waves(8, 5), bias: waves(5) }),
  'batched product': () => tf.matMul(waves(2, 3, 8), waves(2, 5, 8), false, true),
  softmax: () => tf.softmax(waves(3, 8)),
  sigmoid: () => tf.sigmoid(image()),
  moments: () => tf.rsqrt(tf.add(tf.mean(tf.square(image()), [1, 3], true), 1e-5)),
  exponential: () => tf.exp(image()),
  'nearest neighbours': () => tf.image.resizeNearestNeighbor(image(), [12, 12]),
  'average pooling': () => tf.avgPool(image(), 2, 2, 'valid'),
  concatenation: () => tf.concat([image(), image()], 3),
  transposition: () => tf.transpose(image(), [0, 3, 1, 2]),
  'one-hot vectors': () => tf.cast(tf.oneHot(tf.tensor1d([2, 0], 'int32'), 4), 'float32'),
  'the largest': () => tf.topk(waves(3, 8), 3, true).values,
}

/** What a check has found. */
export interface Checked {
  readonly count: number
  /** The names of operations that differ from the reference, or fail. */
  readonly wrong: readonly string[]
}

const TOLERANCE = 1e-4

/**
 * Runs every operation on the current backend and compares it with the backend `cpu`. The current backend stays what it is.
 *
 * @returns how many there are, and which are wrong
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect((await checkOperations()).wrong).toEqual([])
 * ```
 */
export const checkOperations = async (): Promise<Checked> => {
  const backend = tf.getBackend()
  const answersOn = async (name: string) => {
    await tf.setBackend(name)
    const answers = new Map<string, Float32Array | undefined>()
    for (const [operation, run] of Object.entries(operations)) {
      try {
        const answer = tf.tidy(run)
        answers.set(operation, Float32Array.from(await answer.data()))
        answer.dispose()
      } catch {
        answers.set(operation, undefined)
      }
    }
    return answers
  }
  const reference = await answersOn('cpu')
  const found = await answersOn(backend)
  const agree = (a: Float32Array | undefined, b: Float32Array | undefined): boolean =>
    a !== undefined &&
    b?.length === a.length &&
    a.every((value, i) => Math.abs(value - b[i]!) <= TOLERANCE * Math.max(1, Math.abs(value)))
  const names = Object.keys(operations)
  return {
    count: names.length,
    wrong: names.filter((name) => !agree(reference.get(name), found.get(name))),
  }
}
