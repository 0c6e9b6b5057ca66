/**
 * The derivatives of the tfjs kernels that a network and its loss are made of.
 *
 * The published tfjs-core has the operations but, in Node and in browsers alike, registers no gradients: those come with the
 * union package, which brings 140 MB along. Where they are there already, they stay.
 */
import * as tf from '@tensorflow/tfjs-core'
import { like, ofInput, ofOutput, ofTwo, spread, type Rule } from './gradient-rule.ts'

const numbersOf = (attribute: tf.Attribute | undefined): number[] => attribute as number[]

const rules: Readonly<Record<string, Rule>> = {
  // elementwise
  Add: ofTwo(
    (dy) => dy,
    (dy) => dy,
  ),
  Sub: ofTwo(
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  Multiply: ofTwo(
    (dy, _, b) => tf.mul(dy, b),
    (dy, a) => tf.mul(dy, a),
  ),
  RealDiv: ofTwo(
    (dy, _, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  SquaredDifference: ofTwo(
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
  AddN: { all: true, by: (dy, xs) => Object.fromEntries(xs.map((_, i) => [i, () => tf.clone(dy)])) },
  Square: ofInput((x) => tf.mul(2, x)),
  Softplus: ofInput(tf.sigmoid),
  Relu: ofInput((x) => tf.step(x)),
  Erf: ofInput((x) => tf.mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(x))))),
  Sin: ofInput(tf.cos),
  Cos: ofInput((x) => tf.neg(tf.sin(x))),
  Neg: { by: (dy) => ({ x: () => tf.neg(dy) }) },
  Log: ofInput((x) => tf.reciprocal(x)),
  Exp: ofOutput((y) => y),
  Sqrt: ofOutput((y) => tf.div(0.5, y)),
  Rsqrt: ofOutput((y) => tf.mul(-0.5, tf.mul(y, tf.square(y)))),
  Sigmoid: ofOutput((y) => tf.mul(y, tf.sub(1, y))),
  Tanh: ofOutput((y) => tf.sub(1, tf.square(y))),
  ClipByValue: {
    inputs: ['x'],
    by: (dy, [x], { clipValueMin, clipValueMax }) => ({
      x: () => {
        const inside = tf.logicalAnd(
          tf.greaterEqual(x!, Number(clipValueMin)),
          tf.lessEqual(x!, Number(clipValueMax)),
        )
        return tf.where(inside, dy, tf.zerosLike(dy))
      },
    }),
  },

  Select: {
    inputs: ['condition'],
    by: (dy, [condition]) => ({
      condition: () => tf.zeros(condition!.shape),
      t: () => tf.where(condition!, dy, tf.zerosLike(dy)),
      e: () => tf.where(condition!, tf.zerosLike(dy), dy),
    }),
  },

  // the same numbers, elsewhere
  Cast: { by: (dy) => ({ x: () => tf.clone(dy) }) },
  Identity: { by: (dy) => ({ x: () => tf.cast(dy, 'float32') }) },
  Reshape: { inputs: ['x'], by: (dy, [x]) => ({ x: () => tf.reshape(dy, x!.shape) }) },
  Transpose: {
    by: (dy, _, { perm }) => ({
      x: () => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(numbersOf(perm))),
    }),
  },
  Concat: {
    all: true,
    by: (dy, xs, { axis }) => {
      const [along = 0] = tf.util.parseAxisParam(axis as number, xs[0]!.shape)
      const sizes = xs.map(({ shape }) => shape[along]!)
      const parts = tf.split(dy, sizes, along)
      return Object.fromEntries(parts.map((part, i) => [i, () => part]))
    },
  },
  Slice: {
    inputs: ['x'],
    by: (dy, [x], { begin, size }) => ({
      x: () => {
        const starts = numbersOf(begin)
        const sizes = numbersOf(size)
        return tf.pad(
          dy,
          x!.shape.map((n, i) => [starts[i]!, n - starts[i]! - sizes[i]!]),
        )
      },
    }),
  },
  PadV2: {
    inputs: ['x'],
    by: (dy, [x], { paddings }) => ({
      x: () =>
        tf.slice(
          dy,
          (paddings as number[][]).map(([before]) => before!),
          x!.shape,
        ),
    }),
  },

  OneHot: { inputs: ['indices'], by: (_, [x]) => ({ indices: () => tf.zeros(x!.shape) }) },

  // sums
  Sum: { inputs: ['x'], by: (dy, [x], attrs) => ({ x: () => spread(dy, x!, attrs) }) },
  Mean: {
    inputs: ['x'],
    by: (dy, [x], attrs) => ({ x: () => tf.mul(spread(dy, x!, attrs), dy.size / x!.size) }),
  },
  Softmax: {
    output: true,
    by: (dy, [y], { dim }) => ({
      logits: () => {
        const weighted = tf.mul(dy, y!)
        return tf.sub(weighted, tf.mul(tf.sum(weighted, [Number(dim)], true), y!))
      },
    }),
  },
  BatchMatMul: {
    inputs: ['a', 'b'],
    by: (dy, [a, b], { transposeA, transposeB }) => {
      const [ta, tb] = [transposeA === true, transposeB === true]
      return {
        a: () => like(ta ? tf.matMul(b!, dy, tb, true) : tf.matMul(dy, b!, false, !tb), a!),
        b: () => like(tb ? tf.matMul(dy, a!, true, ta) : tf.matMul(a!, dy, !ta, false), b!),
      }
    },
  },

  // images; convolutions and dense layers are fused operations, and bring their own
  AvgPool: {
    inputs: ['x'],
    by: (dy, [x], attrs) => ({
      x: () => tf.engine().runKernel('AvgPoolGrad', { dy, input: x! }, attrs),
    }),
  },
}

/** tfjs-core's types don't admit that there may be none. */
const known = (kernelName: string): tf.GradConfig | undefined => tf.getGradient(kernelName)

/**
 * Registers the derivatives that are not there yet.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * registerGradients()
 * await tf.setBackend('cpu')
 * expect([...(await tf.grad((x) => tf.square(x))(tf.tensor1d([3])).data())]).toEqual([6])
 * ```
 */
export const registerGradients = (): void => {
  for (const [kernelName, { inputs = [], output, all, by }] of Object.entries(rules)) {
    if (known(kernelName) !== undefined) continue
    tf.registerGradient({
      kernelName,
      inputsToSave: [...inputs],
      saveAllInputs: all ?? false,
      outputsToSave: [output ?? false],
      gradFunc: (dy, saved, attrs) => by([dy].flat()[0]!, saved, attrs),
    })
  }
  // The one kernel with several results.
  if (known('SplitV') === undefined)
    tf.registerGradient({
      kernelName: 'SplitV',
      gradFunc: (dy, _, { axis }) => ({ x: () => tf.concat([dy].flat(), Number(axis)) }),
    })
}
