/**
 * `Σ cᵢ·vᵢ` on tensors: one kernel where we can bring our own, and a composition of tfjs ops elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Sum } from '../algebra.ts'
import { planSum, type Plan } from '../plan-sum.ts'
import { rowsOf } from '../shape.ts'
import { registerHostKernel } from './host-kernel.ts'

/** The coefficients travel as an attribute of the kernel: `coefficients[i][row]`. */
const coefficientsOf = (attributes: tf.NamedAttrMap): readonly number[][] =>
  attributes['coefficients'] as number[][]

const kernel = registerHostKernel({
  name: 'LinearCombination',
  fill: (out, vectors, attributes, shape) => {
    const coefficients = coefficientsOf(attributes)
    const rows = rowsOf(shape)
    const width = out.length / rows
    const terms = vectors.length
    for (let row = 0; row < rows; row++) {
      const scales = coefficients.map((perRow) => perRow[row]!)
      for (let k = row * width; k < (row + 1) * width; k++) {
        // In double precision until the end: one rounding, whatever the order of the terms.
        let sum = 0
        for (let i = 0; i < terms; i++) sum += scales[i]! * vectors[i]![k]!
        out[k] = sum
      }
    }
  },
  gradient: (dy, _, attributes) =>
    coefficientsOf(attributes).map((coefficient) => () => linearCombination([[coefficient, dy]])),
  kept: 0,
})

/** A scalar, or a column that broadcasts over everything but the rows. */
const asTensor = (coefficient: readonly number[], rank: number): tf.Tensor => {
  const [first = 0] = coefficient
  return coefficient.every((c) => c === first)
    ? tf.scalar(first)
    : tf.tensor([...coefficient], [coefficient.length, ...Array<number>(rank - 1).fill(1)])
}

const composed = ({ shape, coefficients, vectors }: Plan<tf.Tensor>): tf.Tensor =>
  tf.tidy(() => {
    const products = vectors.map((vector, i) =>
      tf.mul(tf.cast(vector, 'float32'), asTensor(coefficients[i] ?? [], shape.length)),
    )
    const [only, ...others] = products
    return only !== undefined && others.length === 0 ? only : tf.addN(products)
  })

/**
 * Evaluates a sum of tensors of one shape, in float32.
 *
 * @remarks
 * On the backends cpu and wasm it is exactly one kernel, which adds in double precision; differentiable on every backend.
 *
 * @param sum - `Σ cᵢ·vᵢ`; coefficients are scalars or one per row
 * @returns a new tensor, also for `1·v`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tf.tensor2d([[1, 2], [3, 4]])
 * const y = linearCombination([[1, x], [[10, 100], x]])
 * expect([...(await y.data())]).toEqual([11, 22, 303, 404])
 * ```
 */
export const linearCombination = (sum: Sum<tf.Tensor>): tf.Tensor => {
  const plan = planSum(sum, ({ shape }) => shape)
  const coefficients = plan.coefficients.map((perRow) => [...perRow])
  return kernel(plan.vectors, { coefficients }) ?? composed(plan)
}
