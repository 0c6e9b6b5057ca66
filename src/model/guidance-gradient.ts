/**
 * The gradient of any function of tensors, for guidance.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Condition } from './denoiser.ts'

/** What tfjs keeps of a calculation in order to differentiate it. */
type Tape = ReadonlyArray<{ readonly saved?: readonly tf.Tensor[] | null }>

/** What tfjs saves for derivatives it frees with them; where there are none, because a function has thrown, nobody else does. */
const freeTape = (): void => {
  const state = tf.engine().state as { gradientDepth: number; activeTape: Tape | null }
  if (state.gradientDepth > 0) return
  for (const { saved } of state.activeTape ?? []) tf.dispose([...(saved ?? [])])
  state.activeTape = null
}

/**
 * The gradient of a function that gives each row a number, by each row.
 *
 * @remarks
 * The function may be anything that tfjs can differentiate: a classifier's log-probability, minus a distance to an image, the similarity to a text. What it
 * makes on the way is freed. A row's number must depend on that row alone. Operations need their derivatives registered: those that the networks here use are;
 * others come with `@tensorflow/tfjs`, or by `tf.registerGradient`. The backend wasm can't differentiate convolutions.
 *
 * @param score - of x `[rows, …shape]`, the time of each row, and what each is to be; one number per row
 * @returns `∇ score`, a new tensor shaped like x; it throws what the function throws
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const dark = gradientOf((x) => tf.neg(tf.sum(tf.square(tf.add(x, 1)), [1, 2, 3])))
 * const slope = dark(tf.zeros([2, 4, 4, 1]), [500, 20], {})
 * expect([...new Set(await slope.data())]).toEqual([-2])
 * ```
 */
export const gradientOf =
  (
    score: (x: tf.Tensor, t: readonly number[], condition: Condition) => tf.Tensor,
  ): ((x: tf.Tensor, t: readonly number[], condition: Condition) => tf.Tensor) =>
  (x, t, condition) => {
    try {
      return tf.tidy(() => tf.grad((at) => tf.sum(score(at, t, condition)))(x))
    } catch (error) {
      freeTape()
      throw error
    }
  }
