/**
 * A network from a file, whatever runs it: named inputs, named outputs, and one function.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { ObservableInput } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'

/** An input or an output, as its file declares it. */
export interface NetworkPort {
  readonly name: string
  /** As the file's library names it: `float32`, `int64`, `int32`… */
  readonly dtype: string
  /** An extent that only a call fixes is undefined; so is the whole, where the file does not say. */
  readonly shape?: ReadonlyArray<number | undefined>
}

/** What an input is given: a tensor, which stays the caller's, or numbers. They are cast as the input wants them. */
export type NetworkFeed = tf.Tensor | Values

/** A network that is ready to run; whoever opened it disposes of it. */
export interface Network extends Disposable {
  /** In the order of the file. */
  readonly inputs: readonly NetworkPort[]
  readonly outputs: readonly NetworkPort[]
  /** How many numbers it has learned, where the file says so. */
  readonly parameterCount?: number
  /**
   * Runs the network, on subscription.
   *
   * @param feeds - by the names of all inputs
   * @param output - the name of the output to be computed
   * @returns float32, the subscriber's
   */
  readonly run: (
    feeds: ReadonlyMap<string, NetworkFeed>,
    output: string,
    options: { readonly signal: AbortSignal },
  ) => ObservableInput<tf.Tensor>
}
