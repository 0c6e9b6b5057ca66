/**
 * TensorFlow.js as an algebra: whatever backend is set when a function is called, from plain JavaScript to CUDA.
 *
 * Images are NHWC in float32. Everything is differentiable by `tf.grad`, on backends that know the gradients.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Activation, NetworkAlgebra, Parameters, Shape, TensorAlgebra, Values } from './algebra.ts'
import { attention } from './tfjs/attention.ts'
import { conv2d } from './tfjs/conv2d.ts'
import { doubled } from './tfjs/doubled.ts'
import { registerGradients } from './tfjs/gradients.ts'
import { groupNorm, groupNormSilu } from './tfjs/group-norm.ts'
import { clampedCombination, linearCombination } from './tfjs/linear-combination.ts'
import { normals } from './tfjs/normals.ts'
import { divideByQuantile, matchDeviation } from './tfjs/rows.ts'
import { silu } from './tfjs/silu.ts'
import { sinusoid } from './tfjs/sinusoid.ts'

registerGradients()

type Network = NetworkAlgebra<tf.Tensor>

const activations: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  silu,
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  relu: tf.relu,
}

/** A vector per row, for broadcasting over the pixels of an image. */
const perPixel = (vector: tf.Tensor): tf.Tensor => {
  const [rows = 1, channels = 1] = vector.shape
  return tf.reshape(vector, [rows, 1, 1, channels])
}

const dense: Network['dense'] = (x, weight, bias) => {
  const [ins = 1, outs = 1] = weight.shape
  // As one large matrix: the product of many small ones is slow on every backend.
  const flat = tf.reshape<tf.Rank.R2>(x, [-1, ins])
  const product = tf.fused.matMul({ a: flat, b: weight, bias })
  return tf.reshape(product, [...x.shape.slice(0, -1), outs])
}

/** By a product with unit vectors: the table stands on its side, as all matrices among the weights do. */
const embedding: Network['embedding'] = (table, indices) => {
  const [, count = 1] = table.shape
  const units = tf.cast(tf.oneHot(tf.cast(indices, 'int32'), count), 'float32')
  return tf.matMul(units, table, false, true)
}

/** Frees what a function makes on the way; what it returns is new. */
const tidy =
  <A extends readonly unknown[], R extends tf.TensorContainer>(f: (...args: A) => R) =>
  (...args: A): R =>
    tf.tidy(() => f(...args))

/**
 * The algebra of tensors.
 *
 * @remarks
 * `combine` and `clamp` are one kernel each on the backends cpu, wasm and webgpu. Each function returns one new tensor (`split` as many as asked for)
 * and leaves no other behind. Weights are laid out as tfjs likes them; see {@link tfjsParameters}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tfjs.fromValues({ shape: [1, 2], data: Float32Array.of(1, -3) })
 * const y = tfjs.combine([[2, x]])
 * expect((await tfjs.toValues(y)).data).toEqual(Float32Array.of(2, -6))
 * ```
 */
export const tfjs: TensorAlgebra<tf.Tensor> = {
  combine: linearCombination,
  clamp: clampedCombination,
  matchDeviation,
  divideByQuantile,
  scaleByExp: tidy((x, exponent, factor) => tf.mul(x, tf.exp(tf.mul(exponent, factor)))),
  joinRows: ([first, ...others]) =>
    first !== undefined && others.length === 0 ? tf.clone(first) : tf.concat([first!, ...others], 0),
  splitRows: (x, rows) => tf.split(x, [...rows], 0),
  // Copied: the cpu backend would keep the very array that it is given, and give it out again.
  fromValues: ({ shape, data }) => tf.tensor(new Float32Array(data), [...shape], 'float32'),
  normals,
  toValues: async (x) => ({ shape: [...x.shape], data: new Float32Array(await x.data()) }),
  shape: ({ shape }) => shape,
  dispose: (x) => {
    x.dispose()
  },

  conv2d,
  dense: tidy(dense),
  groupNorm,
  groupNormSilu,
  activate: tidy((kind, x) => activations[kind](x)),
  add: (x, y) => tf.add(x, y),
  affine: tidy((x, factor, offset) => tf.add(tf.mul(x, factor), offset)),
  addVector: tidy((image, vector) => tf.add(image, perPixel(vector))),
  modulate: tidy((image, scale, shift) => tf.add(tf.mul(image, tf.add(perPixel(scale), 1)), perPixel(shift))),
  attention,
  toTokens: (image) => {
    const [rows = 1, height = 1, width = 1, channels = 1] = image.shape
    return tf.reshape(image, [rows, height * width, channels])
  },
  toImage: (tokens, like) => tf.reshape(tokens, [...like.shape.slice(0, 3), tokens.shape.at(-1) ?? 1]),
  upsample: doubled,
  averagePool: (image) => tf.avgPool(image as tf.Tensor4D, 2, 2, 'valid'),
  concat: (images) => tf.concat([...images], 3),
  split: (vector, parts) => tf.split(vector, parts, 1),
  embedding: tidy(embedding),
  sinusoid,
}

/** Which axis of a checkpoint's tensor becomes which of ours: inputs before outputs, and both last. */
const layouts: Readonly<Record<number, number[]>> = { 2: [1, 0], 4: [2, 3, 1, 0] }

/**
 * The shape that a tensor of a checkpoint has here.
 *
 * @param shape - as it is stored
 *
 * @example
 * ```ts
 * expect(tfjsShape([8, 4, 3, 3])).toEqual([3, 3, 4, 8])
 * ```
 */
export const tfjsShape = (shape: Shape): Shape =>
  layouts[shape.length]?.map((axis) => shape[axis] ?? 1) ?? shape

/**
 * Weights for {@link tfjs}, uploaded once in the layouts of tfjs.
 *
 * @remarks
 * A filter `[out, in, height, width]` becomes `[height, width, in, out]`, a matrix `[out, in]` becomes `[in, out]`, and so does
 * an embedding's table. The caller owns the tensors: they are what a training step changes, and what is disposed of at the end.
 *
 * @param read - gives a tensor of the checkpoint by name, and fails where its shape is not the expected one
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const parameter = tfjsParameters((_, shape) => ({ shape, data: Float32Array.of(1, 2, 3, 4, 5, 6) }))
 * expect(parameter('conv_in.weight', [3, 2, 1, 1]).shape).toEqual([1, 1, 2, 3])
 * ```
 */
export const tfjsParameters =
  (read: (name: string, shape: Shape) => Values): Parameters<tf.Tensor> =>
  (name, shape) =>
    tf.tidy(() => {
      const stored = tfjs.fromValues(read(name, shape))
      const layout = layouts[shape.length]
      return layout === undefined ? stored : tf.transpose(stored, layout)
    })

/** The way back of {@link layouts}. */
const stored: Readonly<Record<number, number[]>> = { 2: [1, 0], 4: [3, 2, 0, 1] }

/**
 * Reads back weights of {@link tfjsParameters}, in the layout of checkpoints.
 *
 * @param weight - or anything shaped like one: its gradient, or what an optimiser remembers of it
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const { shape } = await tfjsParameterValues(tf.zeros([1, 1, 2, 3]))
 * expect(shape).toEqual([3, 2, 1, 1])
 * ```
 */
export const tfjsParameterValues = async (weight: tf.Tensor): Promise<Values> => {
  const layout = stored[weight.rank]
  const turned = layout === undefined ? weight : tf.transpose(weight, layout)
  try {
    return await tfjs.toValues(turned)
  } finally {
    if (turned !== weight) turned.dispose()
  }
}
