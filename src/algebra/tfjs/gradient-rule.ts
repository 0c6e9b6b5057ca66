/**
 * How the derivative of a tfjs kernel is written down.
 */
import * as tf from '@tensorflow/tfjs-core'

/** The gradient by each input, as a function that is called when it is wanted. */
export type Gradients = Readonly<Record<string, () => tf.Tensor>>

/** One kernel's rule: what it wants to remember of the call, and the gradient by each input. */
export interface Rule {
  readonly inputs?: readonly string[]
  readonly output?: true
  readonly all?: true
  readonly by: (dy: tf.Tensor, saved: readonly tf.Tensor[], attrs: tf.NamedAttrMap) => Gradients
}

/**
 * Undoes broadcasting: sums over the axes along which an input was repeated.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const summed = like(tf.ones([2, 3]), tf.zeros([3]))
 * expect([...(await summed.data())]).toEqual([2, 2, 2])
 * ```
 */
export const like = (gradient: tf.Tensor, { shape }: tf.Tensor): tf.Tensor => {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape)
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape)
}

/**
 * f(x), given f′(x).
 *
 * @example
 * ```ts
 * expect(ofInput((x) => x).inputs).toEqual(['x'])
 * ```
 */
export const ofInput = (slope: (x: tf.Tensor) => tf.Tensor): Rule => ({
  inputs: ['x'],
  by: (dy, [x]) => ({ x: () => tf.mul(dy, slope(x!)) }),
})

/**
 * f(x), given f′ in terms of f itself.
 *
 * @example
 * ```ts
 * expect(ofOutput((y) => y).output).toBe(true)
 * ```
 */
export const ofOutput = (slope: (y: tf.Tensor) => tf.Tensor): Rule => ({
  output: true,
  by: (dy, [y]) => ({ x: () => tf.mul(dy, slope(y!)) }),
})

/**
 * f(a, b), given what dy becomes on its way to each.
 *
 * @example
 * ```ts
 * expect(ofTwo((dy) => dy, (dy) => dy).inputs).toEqual(['a', 'b'])
 * ```
 */
export const ofTwo = (
  toA: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  toB: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Rule => ({
  inputs: ['a', 'b'],
  by: (dy, [a, b]) => ({ a: () => like(toA(dy, a!, b!), a!), b: () => like(toB(dy, a!, b!), b!) }),
})

/**
 * A sum over axes spreads its gradient evenly over what it has summed.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const even = spread(tf.tensor1d([5]), tf.zeros([1, 2]), { axis: [1] })
 * expect([...(await even.data())]).toEqual([5, 5])
 * ```
 */
export const spread = (dy: tf.Tensor, x: tf.Tensor, { axis }: tf.NamedAttrMap): tf.Tensor => {
  const axes = tf.util.parseAxisParam((axis ?? null) as number[], x.shape)
  const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent))
  return tf.mul(tf.reshape(dy, kept), tf.onesLike(x))
}
