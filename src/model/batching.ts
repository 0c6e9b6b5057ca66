/**
 * Calls of a network, by whomever, that are asked as one: what {@link coalesce} and {@link timeshared} have in common.
 */
import {
  EMPTY,
  finalize,
  forkJoin,
  map,
  mergeMap,
  Observable,
  type SchedulerLike,
  type Subscriber,
  tap,
  throwError,
} from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { macrotaskScheduler } from './macrotask.ts'
import { ask, discard, tensorsOf } from './ask.ts'
import { checkLabels, joinConditions, kindOfCondition, splitCondition } from './condition.ts'
import type { Condition, Denoiser, Prediction, PredictOptions } from './denoiser.ts'
import { openScope } from './scope.ts'

/** How calls become batches. */
export interface Batching {
  /** The most rows of one call; unbounded unless said. A call of more is cut, and its answers are put together. */
  readonly maxRows?: number
  /** The most calls under way at a time; unbounded unless said. */
  readonly concurrent?: number
  /** When the calls that have come together are asked; in the next macrotask unless said. */
  readonly scheduler?: SchedulerLike
}

/** Somebody who waits for an answer. */
interface Caller<T> {
  readonly x: T
  readonly t: readonly number[]
  readonly condition: Condition
  readonly waitUntil: NonNullable<PredictOptions['waitUntil']>
  readonly answer: Subscriber<Prediction<T>>
  /** What it may be asked together with. */
  readonly kind: string
  /** Who is asked first: the highest. */
  urgency: number
}

/** A prediction for several callers, in parts. */
const splitPrediction = <T>(
  { splitRows }: VectorAlgebra<T>,
  { output, variance }: Prediction<T>,
  rows: readonly number[],
): ReadonlyArray<Prediction<T>> => {
  const outputs = splitRows(output, rows)
  if (variance === undefined) return outputs.map((part) => ({ output: part }))
  const variances = splitRows(variance, rows)
  return outputs.map((part, i) => ({ output: part, variance: variances[i]! }))
}

const joinPredictions = <T>(
  { joinRows }: VectorAlgebra<T>,
  parts: ReadonlyArray<Prediction<T>>,
): Prediction<T> => {
  const output = joinRows(parts.map((part) => part.output))
  const variances = parts.flatMap(({ variance }) => variance ?? [])
  return variances.length === 0 ? { output } : { output, variance: joinRows(variances) }
}

/** Asks for several callers at once, and gives each its rows. Whoever has left by then gets none. */
const askFor = <T>(model: Denoiser<T>, callers: ReadonlyArray<Caller<T>>): Observable<never> => {
  const { algebra } = model
  const [only, ...others] = callers
  if (only === undefined) return EMPTY
  const waitUntil: typeof only.waitUntil = (work) => {
    for (const caller of callers) caller.waitUntil(work)
  }
  const made = openScope(algebra, waitUntil)
  const alone = others.length === 0
  const x = alone ? only.x : made.of(algebra.joinRows(callers.map((caller) => caller.x)))
  const question = {
    x,
    t: callers.flatMap(({ t }) => t),
    condition: alone ? only.condition : joinConditions(callers.map(({ condition }) => condition)),
  }
  return ask(model, question, alone ? only.waitUntil : made.waitUntil).pipe(
    mergeMap((prediction) => {
      const parts = alone
        ? [prediction]
        : splitPrediction(
            algebra,
            prediction,
            callers.map(({ t }) => t.length),
          )
      if (!alone) discard(algebra, prediction)
      callers.forEach(({ answer }, i) => {
        const part = parts[i]!
        if (answer.closed) {
          discard(algebra, part)
          return
        }
        answer.next(part)
        answer.complete()
      })
      return EMPTY
    }),
    finalize(made.close),
  )
}

const checked = (name: string, value: number): number => {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return value
  throw fail('RunInvalid', { reason: `${name} is ${String(value)}, and has to be a whole number from 1` })
}

/**
 * Lets callers of a network share its calls.
 *
 * @param model - the network
 * @param options - how calls become batches
 * @returns for a priority (higher is asked earlier), a denoiser that asks together with all others
 * @throws RunInvalid for a maxRows or concurrent that is no whole number from 1
 */
export const batching = <T>(
  model: Denoiser<T>,
  { maxRows = Infinity, concurrent = Infinity, scheduler = macrotaskScheduler }: Batching,
): ((priority: number) => Denoiser<T>) => {
  checked('maxRows', maxRows)
  checked('concurrent', concurrent)
  const { algebra, labels } = model
  let waiting: ReadonlyArray<Caller<T>> = []
  let underWay = 0
  let flushing = false

  /** Takes the most urgent of those who wait, and all that fit beside it. */
  const nextBatch = (): ReadonlyArray<Caller<T>> => {
    const inOrder = waiting.toSorted((a, b) => b.urgency - a.urgency)
    const [first] = inOrder
    let room = maxRows
    const batch = inOrder.filter(({ kind, t }) => {
      const fits = kind === first?.kind && t.length <= room
      if (fits) room -= t.length
      return fits
    })
    waiting = waiting.filter((caller) => !batch.includes(caller))
    return batch
  }

  const start = (batch: ReadonlyArray<Caller<T>>): void => {
    underWay += 1
    const call = askFor(model, batch)
      .pipe(
        finalize(() => {
          underWay -= 1
          if (waiting.length > 0) soon()
        }),
      )
      .subscribe({
        error: (error: unknown) => {
          for (const { answer } of batch) answer.error(error)
        },
      })
    let listening = batch.filter(({ answer }) => !answer.closed).length
    for (const { answer } of batch)
      answer.add(() => {
        listening -= 1
        if (listening === 0) call.unsubscribe()
      })
  }

  const flush = (): void => {
    flushing = false
    while (waiting.length > 0 && underWay < concurrent) start(nextBatch())
    // whoever is passed over is more urgent next time, so that nobody waits for ever
    for (const caller of waiting) caller.urgency += 1
  }
  const soon = (): void => {
    if (flushing || underWay >= concurrent) return
    flushing = true
    scheduler.schedule(flush)
  }

  const enqueue = (
    priority: number,
    question: Omit<Caller<T>, 'answer' | 'urgency'>,
  ): Observable<Prediction<T>> =>
    new Observable((answer) => {
      const caller: Caller<T> = { ...question, answer, urgency: priority }
      waiting = [...waiting, caller]
      soon()
      return () => {
        waiting = waiting.filter((other) => other !== caller)
      }
    })

  return (priority) => ({
    ...model,
    predict: (x, t, condition, { waitUntil = () => undefined }) => {
      const shape = algebra.shape(x)
      // a number has no rows, and is asked about on its own
      if (shape.length === 0) return ask(model, { x, t, condition }, waitUntil)
      // here, since in a batch it would be everybody's failure
      const refused = checkLabels(labels, t.length)(condition)
      if (E.isLeft(refused)) return throwError(() => refused.left)
      const kind = [kindOfCondition(condition), ...shape.slice(1)].join()
      if (t.length <= maxRows) return enqueue(priority, { x, t, condition, waitUntil, kind })

      const rows = Array.from({ length: Math.ceil(t.length / maxRows) }, (_, part) =>
        Math.min(maxRows, t.length - part * maxRows),
      )
      return new Observable<Prediction<T>>((answer) => {
        const made = openScope(algebra, waitUntil)
        const parts = algebra.splitRows(x, rows)
        made.add(...parts)
        const conditions = splitCondition(condition, rows)
        const answers = parts.map((part, i) =>
          enqueue(priority, {
            x: part,
            t: t.slice(i * maxRows, (i + 1) * maxRows),
            condition: conditions[i]!,
            waitUntil: made.waitUntil,
            kind,
          }).pipe(
            tap((prediction) => {
              made.add(...tensorsOf(prediction))
            }),
          ),
        )
        return forkJoin(answers)
          .pipe(
            map((all) => joinPredictions(algebra, all)),
            finalize(made.close),
          )
          .subscribe(answer)
      })
    },
  })
}
