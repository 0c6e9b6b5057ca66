/**
 * Functions of tensors that know their derivative better than tfjs could work it out.
 */
import * as tf from '@tensorflow/tfjs-core'

/** What such a function makes: its value, and the gradient by each input, given that of the value and what was saved. */
export interface Differentiated {
  readonly value: tf.Tensor
  readonly gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
}

/**
 * A function with a gradient of its own: tfjs's `customGrad`, whose types leave out the function that comes behind the tensors.
 *
 * @param f - of the inputs, and of a function that keeps tensors for the gradient
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const double = withGradient(([x]: readonly [tf.Tensor]) => ({ value: tf.mul(2, x), gradFunc: (dy) => tf.mul(2, dy) }))
 * expect(tf.grad((x) => double(x))(tf.scalar(5)).arraySync()).toBe(2)
 * ```
 */
export const withGradient = <const Inputs extends readonly tf.Tensor[]>(
  f: (inputs: Inputs, save: tf.GradSaveFunc) => Differentiated,
): ((...inputs: Inputs) => tf.Tensor) => {
  const differentiated = tf.customGrad((...given) => {
    const [inputs, save] = [given.slice(0, -1), given.at(-1)]
    return f(inputs as unknown as Inputs, save as unknown as tf.GradSaveFunc)
  })
  return (...inputs) => differentiated(...inputs)
}
