/**
 * What a network is trained on: `E[w·‖target − f(x_t, t)‖²]`, with x_t and the target linear in the image and its noise.
 *
 * As everything linear it is worked out on paper. A batch's whole loss is the mean square of one {@link Sum}, so whoever
 * trains combines that sum in an algebra that can differentiate and squares it there; nothing else is needed.
 */
import type { Coefficient, Sum, Values } from '../algebra/algebra.ts'
import type { PredictionType } from './estimate.ts'
import { forward } from './forward.ts'
import type { Level } from './level.ts'
import { linearForm, type LinearForm } from './linear-form.ts'
import { rowMeans } from './row-means.ts'
import { linear, sumOf } from './sum.ts'
import { unweighted, type Weighting } from './weighting.ts'

/**
 * What a network should say about `x_t = √ᾱ·x₀ + √(1−ᾱ)·z`, as a form in x₀ and z: z itself for ε, x₀, or
 * `v = √ᾱ·z − √(1−ᾱ)·x₀` (arXiv:2202.00512, app. D).
 *
 * @law {@link estimate} undoes it: from x_t and the target it gives back x₀ and z
 *
 * @example
 * ```ts
 * expect(trainingTarget('v_prediction', { t: 500, alphaBar: 0.36 })).toEqual(linearForm({ x0: -0.8, z: 0.6 }))
 * ```
 */
export const trainingTarget = (predicts: PredictionType, level: Level): LinearForm => {
  switch (predicts) {
    case 'epsilon':
      return linearForm({ z: 1 })
    case 'sample':
      return linearForm({ x0: 1 })
    case 'v_prediction':
      return linearForm({ x0: -Math.sqrt(1 - level.alphaBar), z: Math.sqrt(level.alphaBar) })
  }
}

/** One number where all rows agree. */
const column = (perRow: readonly number[]): Coefficient => {
  const [first = 0] = perRow
  return perRow.every((one) => one === first) ? first : perRow
}

const inImageAndNoise = <T>(forms: readonly LinearForm[], x0: T, noise: T): Sum<T> =>
  linear(
    [column(forms.map((form) => form.x0)), sumOf(x0)],
    [column(forms.map((form) => form.z)), sumOf(noise)],
  )

/**
 * A batch as the network is shown it, every row at a level of its own: {@link forward}, row by row.
 *
 * @param levels - one per row
 * @returns x_t from the images and as much noise, not yet computed
 *
 * @example
 * ```ts
 * const levels = [{ t: 500, alphaBar: 0.36 }, { t: -1, alphaBar: 1 }]
 * expect(noised(levels)('images', 'noise')).toEqual([[[0.6, 1], 'images'], [[0.8, 0], 'noise']])
 * ```
 */
export const noised =
  (levels: readonly Level[]) =>
  <T>(x0: T, noise: T): Sum<T> =>
    inImageAndNoise(levels.map(forward), x0, noise)

/** What is asked of a network. */
export interface Objective {
  readonly predicts: PredictionType
  /** How much each level counts; {@link unweighted} unless said. */
  readonly weighting?: Weighting
}

/**
 * `√w·(target − output)`, row by row: what the loss is the mean square of.
 *
 * @remarks
 * The mean over all elements is `L_γ` of the batch (arXiv:2010.02502, eq. 5, per dimension); {@link meanSquares} gives each row's part.
 *
 * @param objective - what the network predicts, and the weights
 * @param levels - one per row
 * @returns the residual from the images, the noise that {@link noised} took, and the network's output; not yet computed
 * @throws what the weighting throws
 *
 * @example
 * ```ts
 * const simple = residual({ predicts: 'epsilon' }, [{ t: 500, alphaBar: 0.36 }])
 * expect(simple('images', 'noise', 'output')).toEqual([[1, 'noise'], [-1, 'output']])
 * const onV = residual({ predicts: 'sample', weighting: lossOn('v_prediction') }, [{ t: 500, alphaBar: 0.75 }])
 * expect(onV('images', 'noise', 'output')).toEqual([[2, 'images'], [-2, 'output']])
 * ```
 */
export const residual = (
  { predicts, weighting = unweighted }: Objective,
  levels: readonly Level[],
): (<T>(x0: T, noise: T, output: T) => Sum<T>) => {
  const targets = levels.map((level) => trainingTarget(predicts, level))
  const scales = levels.map((level) => Math.sqrt(weighting(predicts, level)))
  // a batch in which nothing counts has still a shape, and a loss of 0
  const scale = column(scales) || scales
  return (x0, noise, output) => linear([scale, inImageAndNoise(targets, x0, noise)], [scale, [[-1, output]]])
}

/**
 * The mean square of each row.
 *
 * @param values - a residual, read back
 * @returns one loss per row, per dimension
 *
 * @example
 * ```ts
 * expect(meanSquares({ shape: [2, 2], data: Float64Array.of(1, 3, 0, 2) })).toEqual([5, 2])
 * ```
 */
export const meanSquares = (values: Values): readonly number[] =>
  rowMeans([values], (k) => values.data[k]! ** 2)
