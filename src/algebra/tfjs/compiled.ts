/**
 * Functions of tensors that a backend runs as a whole, where it can: JavaScript then asks it once, and not for each operation.
 */
import * as tf from '@tensorflow/tfjs-core'

/**
 * A pure function of tensors: the gradient goes to `inputs` and not to `others`. What it makes of the same shapes is always made by the same
 * operations, and it reads no tensor but those that it is given and those that it makes.
 */
export type Computation = (inputs: readonly tf.Tensor[], others: readonly tf.Tensor[]) => tf.Tensor

/** A computation, with what a backend keeps for it. */
export interface Compiled {
  /** What the computation makes, and nothing else that lasts; differentiable by the inputs. */
  readonly run: Computation
  readonly [Symbol.dispose]: () => void
}

/** How a backend runs computations as a whole. */
export type Compiler = (computation: Computation) => Compiled

const compilers = new Map<string, Compiler>()

/**
 * Tells how a backend compiles.
 *
 * @param backend - the name of the backend
 * @param compiler - makes one thing of many operations
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core'
 * registerCompiler('none', (run) => ({ run, [Symbol.dispose]: () => undefined }))
 * using sum = compiled(([x, y]) => tf.add(x!, y!))
 * expect(sum.run).toBeTypeOf('function')
 * ```
 */
export const registerCompiler = (backend: string, compiler: Compiler): void => {
  compilers.set(backend, compiler)
}

/**
 * A computation as the current backend does it best: as a whole, or operation by operation.
 *
 * @param computation - what is to be done, many times
 * @returns belongs to the caller, who disposes of it
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * using product = compiled(([x], [y]) => tf.mul(x!, y!))
 * expect(product.run([tf.scalar(3)], [tf.scalar(2)]).arraySync()).toBe(6)
 * ```
 */
export const compiled = (computation: Computation): Compiled =>
  compilers.get(tf.getBackend())?.(computation) ?? {
    run: (inputs, others) => tf.tidy(() => computation(inputs, others)),
    [Symbol.dispose]: () => undefined,
  }
