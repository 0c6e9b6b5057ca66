/**
 * One call of a network, such that nothing is lost when nobody waits for the answer any more.
 */
import { from, isObservable, Observable, Subscription } from 'rxjs'
import type { Shape, VectorAlgebra } from '../algebra/algebra.ts'
import { rowsOf, sameShape, showShape } from '../algebra/shape.ts'
import { fail, type Failure } from '../failure.ts'
import type { Condition, Denoiser, PredictOptions, Prediction } from './denoiser.ts'

/** A question to a network. */
export interface Question<T> {
  readonly x: T
  /** The time of each row. */
  readonly t: readonly number[]
  readonly condition: Condition
}

/**
 * The tensors of a prediction.
 *
 * @example
 * ```ts
 * expect([tensorsOf({ output: 1, variance: 2 }), tensorsOf({ output: 1 })]).toEqual([[1, 2], [1]])
 * ```
 */
export const tensorsOf = <T>({ output, variance }: Prediction<T>): readonly T[] =>
  variance === undefined ? [output] : [output, variance]

/**
 * Disposes of a prediction that nobody wants.
 *
 * @example
 * ```ts
 * const freed: number[] = []
 * discard({ ...numbers, dispose: (x) => { freed.push(x) } }, { output: 1, variance: 2 })
 * expect(freed).toEqual([1, 2])
 * ```
 */
export const discard = <T>(algebra: VectorAlgebra<T>, prediction: Prediction<T>): void => {
  tensorsOf(prediction).forEach(algebra.dispose)
}

/** What a call is told; its signal is made when somebody looks at it, since it costs more than the rest of a question. */
class CallOptions implements PredictOptions {
  readonly waitUntil: NonNullable<PredictOptions['waitUntil']>
  #controller: AbortController | undefined
  #aborted = false

  constructor(waitUntil: NonNullable<PredictOptions['waitUntil']>) {
    this.waitUntil = waitUntil
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted) this.#controller.abort()
    return this.#controller.signal
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort()
  }
}

/**
 * Refuses a question that has not a time for each row.
 *
 * @throws RunInvalid
 *
 * @example
 * ```ts
 * expect(() => { checkTimes([3, 28, 28, 1], [500]) }).toThrow('about 3 samples at 1 times')
 * ```
 */
export const checkTimes = (shape: Shape, t: readonly number[]): void => {
  const rows = rowsOf(shape)
  if (t.length !== rows)
    throw fail('RunInvalid', {
      reason: `the network is asked about ${String(rows)} samples at ${String(t.length)} times, and needs a time for each`,
    })
}

/** A network of one's own may answer anything. */
const flawOf = <T>(
  { algebra }: Denoiser<T>,
  asked: Shape,
  { output, variance }: Prediction<T>,
): Failure | undefined => {
  const parts = { output, ...(variance === undefined ? {} : { variance }) }
  const found = Object.entries(parts).find(([, part]) => !sameShape(algebra.shape(part), asked))
  return (
    found &&
    fail('ShapesDisagree', {
      operation: `its ${found[0]}`,
      reason: `it is ${showShape(algebra.shape(found[1]))}, not ${showShape(asked)}`,
    })
  )
}

/**
 * Asks a network, on subscription, and emits its one answer, which the subscriber owns.
 *
 * @remarks
 * Unsubscribing aborts the call's signal. A call that goes on all the same (a promise can't be stopped) is reported to
 * `waitUntil`, and its late answer disposed of. A network has one answer, its first; what it emits at once
 * along with that is disposed of.
 *
 * @param model - the network
 * @param question - what to ask; x has to stay alive until the answer, and until what was given to `waitUntil` has ended
 * @param waitUntil - told of work that outlives the subscription
 * @returns one prediction; errors with what the network throws, with PredictionMissing if it ends without one, with ShapesDisagree for one that
 *   is not shaped like x, or with RunInvalid where there is not a time for each row
 *
 * @example
 * ```ts
 * import { firstValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 0, deviation: 1 }])
 * const { output } = await firstValueFrom(ask(model, { x: 0, t: [500], condition: {} }))
 * expect(output).toBeCloseTo(0, 12)
 * ```
 */
export const ask = <T>(
  model: Denoiser<T>,
  { x, t, condition }: Question<T>,
  waitUntil: NonNullable<PredictOptions['waitUntil']> = () => undefined,
): Observable<Prediction<T>> =>
  new Observable((subscriber) => {
    let first: Prediction<T> | undefined
    let answered = false
    const shape = model.algebra.shape(x)
    checkTimes(shape, t)
    const over = new Subscription()
    const options = new CallOptions(waitUntil)
    // before the network is asked: it may be what makes the subscriber give up
    subscriber.add(() => {
      if (!answered) options.abort()
    })
    const answer = model.predict(x, t, condition, options)
    const asked = from(answer).subscribe({
      next: (prediction) => {
        const before = first === undefined ? [] : tensorsOf(first)
        answered = true
        if (first === undefined && !subscriber.closed) {
          first = prediction
          const flaw = flawOf(model, shape, prediction)
          if (flaw === undefined) {
            subscriber.next(prediction)
            subscriber.complete()
          } else {
            discard(model.algebra, prediction)
            subscriber.error(flaw)
          }
        } else {
          first ??= prediction
          for (const tensor of tensorsOf(prediction))
            if (!before.includes(tensor)) model.algebra.dispose(tensor)
        }
        over.unsubscribe()
      },
      error: (error: unknown) => {
        answered = true
        subscriber.error(error)
      },
      complete: () => {
        answered = true
        if (first === undefined) subscriber.error(fail('PredictionMissing', { t: t[0] ?? NaN }))
      },
    })
    // not before: what comes along with an answer that is at hand belongs to nobody else
    over.add(asked)
    if (isObservable(answer)) subscriber.add(asked)
    else if (!asked.closed)
      waitUntil(
        new Promise<void>((resolve) => {
          asked.add(resolve)
        }),
      )
  })
