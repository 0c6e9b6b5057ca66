/**
 * Several calls of a network for one answer.
 */
import { defer, finalize, from, map, mergeMap, type Observable, tap, toArray } from 'rxjs'
import { ask, discard, type Question } from './ask.ts'
import type { Denoiser, PredictOptions, Prediction } from './denoiser.ts'

/**
 * Asks a network several questions, one after the other as far as it answers at once and side by side beyond that.
 *
 * @param model - the network
 * @param questions - what to ask
 * @param waitUntil - told of work that outlives the subscription
 * @returns the answers, in the order of the questions, which the subscriber owns; if one fails, the others are freed
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 1 }])
 * const questions = [0, 1].map((x) => ({ x, t: [500], condition: {} }))
 * const answers = await firstValueFrom(askAll(model, questions))
 * expect(answers.map(({ output }) => output > 0.5)).toEqual([false, true])
 * ```
 */
export const askAll = <T>(
  model: Denoiser<T>,
  questions: ReadonlyArray<Question<T>>,
  waitUntil?: PredictOptions['waitUntil'],
): Observable<ReadonlyArray<Prediction<T>>> =>
  defer(() => {
    const undelivered = new Set<Prediction<T>>()
    return from(questions).pipe(
      mergeMap((question, which) =>
        ask(model, question, waitUntil).pipe(
          tap((answer) => undelivered.add(answer)),
          map((answer) => [which, answer] as const),
        ),
      ),
      toArray(),
      map((answers) => {
        undelivered.clear()
        return answers.sort(([a], [b]) => a - b).map(([, answer]) => answer)
      }),
      finalize(() => {
        for (const answer of undelivered) discard(model.algebra, answer)
      }),
    )
  })
