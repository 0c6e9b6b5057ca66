/**
 * What all kernels of our own have in common, whatever computes them: a name, and a gradient.
 */
import * as tf from '@tensorflow/tfjs-core'

/** A kernel, but for what it computes. */
export interface OwnKernel {
  readonly name: string
  /** The gradient by each input, given that of the result, as functions that are called when asked for. */
  readonly gradient: (
    dy: tf.Tensor,
    inputs: readonly tf.Tensor[],
    attributes: tf.NamedAttrMap,
  ) => ReadonlyArray<() => tf.Tensor>
  /** How many of the inputs, the first ones, the gradient reads, so that they have to be kept for it. */
  readonly kept: number | 'all'
}

/**
 * Whether a backend has a kernel; tfjs-core's types don't admit that it may have none.
 *
 * @example
 * ```ts
 * expect(isRegistered('Levitate', 'cpu')).toBe(false)
 * ```
 */
export const isRegistered = (name: string, backend: string): boolean =>
  (tf.getKernel(name, backend) as tf.KernelConfig | undefined) !== undefined

/**
 * Registers a kernel's gradient with tfjs.
 *
 * @param kernel - its name and its gradient
 * @returns runs the kernel on the current backend, or gives `undefined` on one that it isn't registered with
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const levitate = registerOwn({ name: 'Levitate', gradient: (dy) => [() => dy], kept: 0 })
 * expect(levitate([tf.scalar(1)], {})).toBeUndefined()
 * ```
 */
export const registerOwn = ({
  name,
  gradient,
  kept,
}: OwnKernel): ((inputs: readonly tf.Tensor[], attributes: tf.NamedAttrMap) => tf.Tensor | undefined) => {
  // a module that is loaded twice (a bundle beside the sources) registers once
  if ((tf.getGradient(name) as tf.GradConfig | undefined) === undefined)
    tf.registerGradient({
      kernelName: name,
      ...(kept === 'all'
        ? { saveAllInputs: true }
        : { inputsToSave: Array.from({ length: kept }, (_, i) => String(i)) }),
      gradFunc: (dy, inputs, attributes) => {
        const [whole] = [dy].flat()
        return Object.fromEntries(whole === undefined ? [] : gradient(whole, inputs, attributes).entries())
      },
    })
  return (inputs, attributes) => {
    if (!isRegistered(name, tf.getBackend())) return undefined
    // a list whose items are found by name, too: tfjs keeps all inputs only of a list
    const named = Object.assign<tf.Tensor[], tf.NamedTensorMap>([...inputs], {})
    return tf.engine().runKernel(name, named, attributes)
  }
}
