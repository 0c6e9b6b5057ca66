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
import { checkArgument, shown } from '../arguments.ts'
import { aModel } from '../expected.ts'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import { attempt } from '../attempt.ts'
import { cleanLevel } from '../diffusion/level.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { macrotaskScheduler } from './macrotask.ts'
import { ask, checkTimes, discard, tensorsOf } from './ask.ts'
import { checkShared, joinConditions, kindOfCondition, splitCondition } from './condition.ts'
import type { Condition, Denoiser, Prediction, PredictOptions } from './denoiser.ts'
import { fairQueue, type Wanted } from './fair-queue.ts'
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
interface Caller<T> extends Wanted {
  readonly x: T
  readonly t: readonly number[]
  readonly condition: Condition
  readonly waitUntil: NonNullable<PredictOptions['waitUntil']>
  readonly answer: Subscriber<Prediction<T>>
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
  throw fail('RunInvalid', { reason: `${name} is ${shown(value)}, and has to be a whole number from 1` })
}

/** Some networks answer at any time, and something that means nothing. */
const checkWithin = ({ trainedSteps }: Schedule, t: readonly number[]): void => {
  // from the clean end on, which a continuous schedule comes near
  const outside = t.find((time) => !(time >= cleanLevel.t && time < trainedSteps))
  if (outside !== undefined)
    throw fail('RunInvalid', {
      reason: `the network is asked at t = ${String(outside)}, and its times are 0 to ${String(trainedSteps - 1)}`,
    })
}

/** Macrotasks that the next call waits for those whose turn it would be: a run that looks at its frame asks again within a few. */
const MOMENT = 8

/**
 * Lets callers of a network share its calls.
 *
 * @param model - the network
 * @param options - how calls become batches
 * @returns for a weight, a denoiser that asks together with all others, and is served rows in proportion to it
 * @throws RunInvalid for a maxRows or concurrent that is no whole number from 1
 */
export const batching = <T>(
  model: Denoiser<T>,
  { maxRows = Infinity, concurrent = Infinity, scheduler = macrotaskScheduler }: Batching,
): ((weight: number) => Denoiser<T>) => {
  checkArgument('model', aModel, model)
  checked('maxRows', maxRows)
  checked('concurrent', concurrent)
  const { algebra, labels, schedule } = model
  const queue = fairQueue<Caller<T>>()
  let underWay = 0
  let flushing = false
  let patience = 0

  const start = (batch: ReadonlyArray<Caller<T>>): void => {
    underWay += 1
    const call = askFor(model, batch)
      .pipe(
        finalize(() => {
          underWay -= 1
          patience = MOMENT
          queue.served(batch)
          if (queue.size() > 0) soon()
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

  /** Whether to give those a moment who have just been answered, and would be next if they asked again. */
  const waits = (): boolean => {
    if (!queue.isExpecting()) return false
    patience -= 1
    if (patience < 0) queue.expectNobody()
    return patience >= 0
  }
  const flush = (): void => {
    flushing = false
    while (queue.size() > 0 && underWay < concurrent) {
      if (waits()) {
        soon()
        return
      }
      start(queue.take(maxRows))
    }
  }
  const soon = (): void => {
    if (flushing || underWay >= concurrent) return
    flushing = true
    scheduler.schedule(flush)
  }

  const enqueue = (
    want: ReturnType<typeof queue.join>,
    question: Omit<Caller<T>, 'answer' | 'rows'>,
  ): Observable<Prediction<T>> =>
    new Observable((answer) => {
      const takeBack = want({ ...question, answer, rows: question.t.length })
      soon()
      return takeBack
    })

  return (weight) => {
    const want = queue.join(weight)
    return {
      ...model,
      predict: (x, t, condition, { waitUntil = () => undefined }) => {
        const shape = algebra.shape(x)
        // a number has no rows, and is asked about on its own
        if (shape.length === 0) return ask(model, { x, t, condition }, waitUntil)
        // here, since in a batch it would be everybody's failure
        const refused = pipe(
          attempt(() => {
            checkTimes(shape, t)
            checkWithin(schedule, t)
          }),
          E.chain(() => checkShared(labels, t.length)(condition)),
        )
        if (E.isLeft(refused)) return throwError(() => refused.left)
        const kind = [kindOfCondition(condition), ...shape.slice(1)].join()
        if (t.length <= maxRows) return enqueue(want, { x, t, condition, waitUntil, kind })

        const rows = Array.from({ length: Math.ceil(t.length / maxRows) }, (_, part) =>
          Math.min(maxRows, t.length - part * maxRows),
        )
        return new Observable<Prediction<T>>((answer) => {
          const made = openScope(algebra, waitUntil)
          const parts = algebra.splitRows(x, rows)
          made.add(...parts)
          const conditions = splitCondition(condition, rows)
          const answers = parts.map((part, i) =>
            enqueue(want, {
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
    }
  }
}
