/**
 * Classifier-free guidance: a model that listens harder to its labels.
 */
import { defer, finalize, from, map, mergeMap, tap, toArray } from 'rxjs'
import { fail } from '../failure.ts'
import { ask, discard } from './ask.ts'
import type { Denoiser, Prediction } from './denoiser.ts'

/**
 * Classifier-free guidance (arXiv:2207.12598): `ε = ε_none + w·(ε_label − ε_none)`, for whatever the model predicts.
 *
 * @remarks
 * The model is called twice a step, with the labels and with the one for "none". w = 1 is the model itself and costs one call.
 * A learned variance is taken from the call with the labels.
 *
 * @param options - `weight`, w; above 1 the labels count for more than they did in training
 * @returns an endomorphism of denoisers, so guidance composes with whatever else wraps a model
 * @throws GuidanceUnconditional for a model that has no label for "none"
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
export const guided =
  ({ weight }: { readonly weight: number }) =>
  <T>(model: Denoiser<T>): Denoiser<T> => {
    if (weight === 1) return model
    const unconditional = model.labels?.unconditional
    if (unconditional === undefined) throw fail('GuidanceUnconditional', {})
    const { algebra } = model
    return {
      ...model,
      predict: (x, t, condition, { waitUntil }) =>
        defer(() => {
          const undelivered = new Set<Prediction<T>>()
          // one after the other as far as they answer at once, and side by side beyond that
          return from([{ labels: t.map(() => unconditional) }, condition]).pipe(
            mergeMap((given, which) =>
              ask(model, { x, t, condition: given }, waitUntil).pipe(
                tap((answer) => undelivered.add(answer)),
                map((answer) => [which, answer] as const),
              ),
            ),
            toArray(),
            map((answers) => {
              const [none, label] = [...answers].sort(([a], [b]) => a - b).map(([, answer]) => answer)
              if (none === undefined || label === undefined) throw new Error('two calls give two answers')
              const output = algebra.combine([
                [weight, label.output],
                [1 - weight, none.output],
              ])
              undelivered.delete(label)
              algebra.dispose(label.output)
              return { ...label, output }
            }),
            finalize(() => {
              for (const answer of undelivered) discard(algebra, answer)
            }),
          )
        }),
    }
  }
