/**
 * Classifier-free guidance: a model that listens harder to its labels.
 */
import { defer, map, type Observable } from 'rxjs'
import { checkOptions, orNothing, shown } from '../arguments.ts'
import { numberIn } from '../codecs.ts'
import { aCondition } from '../expected.ts'
import type { Coefficient, VectorAlgebra } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { alteredBy } from './altered.ts'
import { ask, discard } from './ask.ts'
import { askAll } from './ask-all.ts'
import { checkShared } from './condition.ts'
import type { Condition, Denoiser, Labels, Prediction } from './denoiser.ts'
import { checkedWeight, showWeight, type Weight, weightsAt } from './guidance.ts'

/** How to lean on labels. */
export interface GuidedOptions {
  /** w; 1 is the model itself, above 1 the labels count for more than they did in training. A function of the level makes it that of an interval. */
  readonly weight: Weight
  /** φ in `[0, 1]`: how much of the labelled prediction's deviation, sample by sample, is given back to the guided one; 0 unless said. */
  readonly rescale?: number
  /** What to lean away from; the model's label for "none" unless said. One label is that of all rows. */
  readonly negative?: Condition
}

const checkedRescale = (rescale: number): number => {
  if (!numberIn(0, 1).is(rescale))
    throw fail('GuidanceInvalid', {
      reason: `rescale is ${shown(rescale)}, and it has to lie between 0 and 1`,
    })
  return rescale
}

/** A model of one's own may not look, and answer something. */
const checked = (labels: Labels | undefined, rows: number, negative: Condition): void => {
  const refused = checkShared(labels, rows)(negative)
  if (E.isLeft(refused)) throw refused.left
}

/** The condition to lean away from, for a batch. */
const awayFrom = <T>(
  { labels }: Denoiser<T>,
  negative: Condition | undefined,
): ((t: readonly number[]) => Condition) => {
  checked(labels, negative?.labels?.length ?? 0, negative ?? {})
  const one = negative?.labels?.length === 1 ? negative.labels[0] : undefined
  const everywhere = negative === undefined ? labels?.unconditional : one
  if (everywhere !== undefined) return (t) => ({ ...negative, labels: t.map(() => everywhere) })
  if (negative === undefined) throw fail('GuidanceUnconditional', {})
  return (t) => {
    checked(labels, t.length, negative)
    return negative
  }
}

/** `w·label + (1−w)·none`, and back towards the label's deviation: a new tensor. */
const lean = <T>(
  algebra: VectorAlgebra<T>,
  label: T,
  none: T,
  weights: readonly number[],
  rescale: number,
): T => {
  const others: Coefficient = weights.map((weight) => 1 - weight)
  const guided = algebra.combine([
    [weights, label],
    [others, none],
  ])
  if (rescale === 0) return guided
  const made = [guided]
  try {
    const matched = algebra.matchDeviation(guided, label)
    made.push(matched)
    return algebra.combine([
      [rescale, matched],
      [1 - rescale, guided],
    ])
  } finally {
    made.forEach(algebra.dispose)
  }
}

/**
 * Classifier-free guidance (arXiv:2207.12598): `ε = ε_none + w·(ε_label − ε_none)`, for whatever the model predicts.
 *
 * @remarks
 * The model is called twice a step, with the labels and with the ones to lean away from. Where all rows have w = 1 it is
 * called once: so guidance that is limited to an interval (arXiv:2404.07724) costs nothing outside of it, and a constant 1
 * is the model itself. A learned variance is taken from the call with the labels.
 *
 * Large weights make images too bright and too flat in contrast; `rescale` gives each guided prediction the standard deviation of
 * the labelled one, by a share φ (arXiv:2305.08891, sec. 3.4; diffusers' `guidance_rescale`).
 *
 * @equation `out = φ·g·s(label)/s(g) + (1−φ)·g` with `g = none + w·(label − none)` and s the deviation over all of a sample
 * @law `guided({ weight: a })` of `guided({ weight: b })` is `guided({ weight: a·b })`
 *
 * @param options - `weight`, `rescale`, `negative`
 * @returns an endomorphism of denoisers, so guidance composes with whatever else wraps a model
 * @throws LabelUnknown for a negative label that the model says it does not have (LabelCount, when asked, where they are not as many as the rows);
 *   GuidanceUnconditional for a model that has no label for "none", unless there is a `negative`;
 *   ArgumentInvalid for a negative that is no condition; GuidanceInvalid for a weight that is no finite number (of a function: when it is asked) or a φ outside `[0, 1]`
 *
 * @example
 * ```ts
 * import { firstValueFrom, from, of } from 'rxjs'
 * const model: Denoiser<number> = {
 *   algebra: numbers, predicts: 'epsilon', schedule: linearSchedule(), shape: [],
 *   labels: { count: 2, unconditional: 1 },
 *   predict: (_x, _t, { labels }) => of({ output: labels?.[0] === 1 ? 10 : 14 }),
 * }
 * const ask = guided({ weight: 3 })(model).predict(0, [9], { labels: [0] }, { signal: new AbortController().signal })
 * expect(await firstValueFrom(from(ask))).toEqual({ output: 22 })
 * ```
 */
export const guided = (options: GuidedOptions): (<T>(model: Denoiser<T>) => Denoiser<T>) => {
  checkOptions({ negative: orNothing(aCondition) }, options)
  const { weight, rescale = 0, negative } = options
  if (typeof weight !== 'function') checkedWeight(weight)
  checkedRescale(rescale)
  return <T>(model: Denoiser<T>): Denoiser<T> => {
    if (weight === 1) return model
    const away = awayFrom(model, negative)
    const { algebra } = model
    return {
      ...model,
      ...alteredBy(
        model,
        `guided ${showWeight(weight)}${rescale === 0 ? '' : `, rescaled ${String(rescale)}`}${negative?.labels === undefined ? '' : `, away from ${negative.labels.join()}`}`,
      ),
      predict: (x, t, condition, { waitUntil }): Observable<Prediction<T>> =>
        defer(() => {
          const weights = weightsAt(weight, model, t)
          if (weights.every((one) => one === 1)) return ask(model, { x, t, condition }, waitUntil)
          const questions = [away(t), condition].map((given) => ({ x, t, condition: given }))
          return askAll(model, questions, waitUntil).pipe(
            map(([none, label]) => {
              if (none === undefined || label === undefined) throw new Error('two calls give two answers')
              try {
                const output = lean(algebra, label.output, none.output, weights, rescale)
                algebra.dispose(label.output)
                return { ...label, output }
              } catch (error) {
                discard(algebra, label)
                throw error
              } finally {
                discard(algebra, none)
              }
            }),
          )
        }),
    }
  }
}
