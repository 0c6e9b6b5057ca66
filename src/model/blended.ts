/**
 * Classes between classes.
 */
import { defer, map, throwError } from 'rxjs'
import type { Coefficient } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { ask, discard } from './ask.ts'
import { askAll } from './ask-all.ts'
import { checkLabels } from './condition.ts'
import type { Denoiser, Labels, Prediction } from './denoiser.ts'

/** Classes and how much of each; the shares add up to 1. */
export type Blend = ReadonlyArray<readonly [label: number, share: number]>

const nameOf = ({ names }: Labels, label: number): string => names?.[label] ?? String(label)

const blendName = (labels: Labels, blend: Blend): string =>
  blend
    .map(
      ([label, share]) =>
        (blend.length === 1 ? '' : `${(100 * share).toFixed(0)} % `) + nameOf(labels, label),
    )
    .join(' ')

const checked = ({ count }: Labels, blend: Blend): Blend => {
  const reason = `a blend of ${blend.map(([label, share]) => `${String(share)} of class ${String(label)}`).join(' and ')}`
  if (blend.some(([label]) => !(Number.isInteger(label) && label >= 0 && label < count)))
    throw fail('RunInvalid', { reason: `${reason} has to be of classes from 0 to ${String(count - 1)}` })
  if (!(Math.abs(blend.reduce((sum, [, share]) => sum + share, 0) - 1) <= 1e-9))
    throw fail('RunInvalid', { reason: `${reason} has to add up to 1` })
  return blend
}

/**
 * A model that knows classes between its own: blend i is class `count + i`, for `count` classes of the model itself.
 *
 * @remarks
 * What is blended is the model's *prediction*, one call for each class of a blend, and not the embedding inside: this means
 * something (the score of the product of the classes' densities, each to the power of its share; arXiv:2206.01714), it goes straight from
 * one class to the other, and any network can do it, whatever it makes of its labels. The class for "none" stays what it
 * was, so {@link guided} applied afterwards guides towards the blend. A learned variance is blended likewise.
 *
 * @equation `out = Σ share_c · out(label c)`
 * @law a blend of one class is that class, at the cost of one call
 *
 * @param blends - the new classes
 * @returns an endomorphism of denoisers
 * @throws LabelsUnexpected for a model without classes; RunInvalid for a blend of other classes, or whose shares do not add up to 1
 *
 * @example
 * ```ts
 * const model: Denoiser<number> = {
 *   algebra: numbers, predicts: 'epsilon', schedule: linearSchedule(), shape: [], labels: { count: 2 },
 *   predict: (_x, _t, { labels }) => of({ output: labels?.[0] === 1 ? 10 : 14 }),
 * }
 * const between = blended([[[0, 0.25], [1, 0.75]]])(model)
 * const { output } = await firstValueFrom(ask(between, { x: 0, t: [9], condition: { labels: [2] } }))
 * expect(output).toBe(11)
 * ```
 */
export const blended =
  (blends: readonly Blend[]): (<T>(model: Denoiser<T>) => Denoiser<T>) =>
  <T>(model: Denoiser<T>): Denoiser<T> => {
    const { algebra, labels: own } = model
    if (own === undefined) throw fail('LabelsUnexpected', {})
    blends.forEach((blend) => checked(own, blend))
    const labels: Labels = {
      ...own,
      count: own.count + blends.length,
      names: [
        ...Array.from({ length: own.count }, (_, label) => nameOf(own, label)),
        ...blends.map((blend) => blendName(own, blend)),
      ],
    }
    const blendOf = (label: number): Blend => blends[label - own.count] ?? [[label, 1]]

    const combine = (
      weights: readonly Coefficient[],
      answers: ReadonlyArray<Prediction<T>>,
    ): Prediction<T> => {
      const sum = (field: 'output' | 'variance'): ReadonlyArray<readonly [Coefficient, T]> =>
        answers.flatMap(({ [field]: tensor }, k) =>
          tensor === undefined ? [] : [[weights[k]!, tensor] as const],
        )
      try {
        const output = algebra.combine(sum('output'))
        const variances = sum('variance')
        return variances.length === 0 ? { output } : { output, variance: algebra.combine(variances) }
      } finally {
        answers.forEach((answer) => discard(algebra, answer))
      }
    }

    return {
      ...model,
      labels,
      predict: (x, t, condition, { waitUntil }) =>
        defer(() => {
          const known = checkLabels(labels, t.length)(condition)
          if (E.isLeft(known)) return throwError(() => known.left)
          const rows = (known.right ?? []).map(blendOf)
          const most = Math.max(...rows.map((blend) => blend.length))
          // a row of fewer classes is asked about its first again, and what is said then counts for nothing
          const questions = Array.from({ length: most }, (_, k) => ({
            x,
            t,
            condition: { ...condition, labels: rows.map((blend) => (blend[k] ?? blend[0]!)[0]) },
          }))
          const [only] = questions
          if (only !== undefined && most === 1) return ask(model, only, waitUntil)
          const weights = questions.map((_, k) => rows.map((blend) => blend[k]?.[1] ?? 0))
          return askAll(model, questions, waitUntil).pipe(map((answers) => combine(weights, answers)))
        }),
    }
  }
