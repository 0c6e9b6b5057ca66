/**
 * Training as an operator: batches in, an event for every update out.
 */
import {
  concat,
  concatMap,
  defer,
  finalize,
  from,
  Observable,
  type ObservableInput,
  type OperatorFunction,
  type SchedulerLike,
  subscribeOn,
  takeUntil,
} from 'rxjs'
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from '../algebra/tfjs.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { macrotaskScheduler } from '../model/macrotask.ts'
import { refCount } from '../stream/ref-count.ts'
import { openRun } from '../stream/run.ts'
import { startedBy, startsRuns } from '../stream/settled.ts'
import type { Batch } from './batch.ts'
import { beginTraining, type Learning, pupil, slopes, updated } from './learning.ts'
import { keeping, takenApart, type Tensors } from './tensors.ts'
import { download, type Learner, tensorsOfLearner, type TrainingState } from './training-state.ts'

/** How to train. */
export interface TrainConfig extends Learning {
  /** Where to go on from; from weights drawn by the seed unless given. */
  readonly start?: TrainingState
  /** The next update starts when fewer events than this are held; 2 unless said. */
  readonly inFlight?: number
  /** Where updates are scheduled; each in a macrotask of its own unless said. */
  readonly scheduler?: SchedulerLike
}

/** An update, *borrowed*: its tensors can be read while `next` is on the stack and while work given to `waitUntil` is under way. */
export interface TrainEvent {
  /** How many updates have been made, this one included. */
  readonly step: number
  /** The mean over the batch, before the update. */
  readonly loss: number
  /** The norm of all gradients together, before clipping. */
  readonly gradientNorm: number
  /** How many images the batch had. */
  readonly rows: number
  /** The weights after the update, as {@link tfjs} has them. */
  readonly parameters: Tensors
  /** Their running average. */
  readonly ema: Tensors
  /** Keeps the tensors alive, and the run from getting ahead, until the work ends; work that fails, fails the run. */
  readonly waitUntil: (work: ObservableInput<unknown>) => void
  /** Training as it stands now; the event is held until that has been read. */
  readonly save: () => Promise<TrainingState>
}

/**
 * Trains: one update per batch, one event per update.
 *
 * @remarks
 * 1. Cold: each subscription trains anew from the same start, with the same result.
 * 2. All randomness is addressed by the seed and the step, so going on from a saved state with the batches that are left gives the same
 *    bits as never having stopped, on the engines `cpu` and `wasm`.
 * 3. A batch is read, and its update starts, in a macrotask of its own, when fewer than `inFlight` events are held.
 * 4. `complete` is delivered when the last hold has ended. Work that fails, or a batch that can't be read, errors the run.
 * 5. A loss or gradient that is no finite number errors the run with LossNotFinite before anything is updated.
 * 6. Unsubscribing starts no other update; what is held is freed as the holds end ({@link settled}).
 *
 * @param config - network, loss, optimiser, seed
 * @throws RunInvalid for an inFlight below 1
 * @returns an operator; its errors are failures (LossNotFinite, LabelUnknown, StateInvalid, StateMismatch, …) or what a sink threw
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const data = { shape: [8, 2], data: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)) }
 * const events$ = range(0, 3).pipe(
 *   map(() => TE.right({ images: data })),
 *   train({
 *     architecture: mlp({ size: 2, width: 16, depth: 1 }),
 *     description: { shape: [2], predicts: 'epsilon', schedule: linearSchedule() },
 *     optimiser: adamw({ rate: () => 1e-3 }),
 *     seed: 7,
 *   }),
 * )
 * const losses = await lastValueFrom(events$.pipe(map(({ loss }) => loss), toArray()))
 * expect(losses).toHaveLength(3)
 * ```
 */
export const train = (config: TrainConfig): OperatorFunction<Batch, TrainEvent> => {
  const { start, inFlight = 2, scheduler = macrotaskScheduler } = config
  if (!(inFlight >= 1))
    throw fail('RunInvalid', { reason: `inFlight is ${String(inFlight)}, and has to be a number from 1` })
  return (batches$) => {
    const events$: Observable<TrainEvent> = defer(() => {
      const network = pupil(config.architecture)
      let learner = beginTraining(config, network, start)
      const readers = refCount(tfjs.dispose)
      const run = openRun(tfjs, readers, inFlight)
      startedBy(events$, run.settling)
      readers.retain(tensorsOfLearner(learner))
      const own = (next: Learner): void => {
        readers.retain(tensorsOfLearner(next))
        readers.release(tensorsOfLearner(learner))
        learner = next
      }

      /** Lends out the learner as it stands. */
      const deliver = (
        told: Pick<TrainEvent, 'loss' | 'gradientNorm' | 'rows'>,
      ): [TrainEvent, () => void] => {
        const { step, parameters, ema, optimiser, timesteps } = learner
        const tensors = tensorsOfLearner(learner)
        readers.retain(tensors)
        let loans = 1
        const shown = new Map<tf.Tensor, Tensors>()
        /** A row as the tensors that it is made of: only for those who look. */
        const apart = (row: tf.Tensor): Tensors => {
          const parts =
            shown.get(row) ??
            keeping(
              () => takenApart(row, network.layout),
              (made) => [...made.values()],
            )
          shown.set(row, parts)
          return parts
        }
        const returned = (): void => {
          loans -= 1
          if (loans > 0) return
          readers.release(tensors)
          shown.forEach((parts) => {
            tf.dispose([...parts.values()])
          })
        }
        const lent = <A>(field: string, read: () => A): A => {
          if (loans === 0) throw fail('FrameExpired', { step, field })
          return read()
        }
        const waitUntil = (work: ObservableInput<unknown>): void => {
          lent('waitUntil', () => {
            const work$ = from(work)
            loans += 1
            run.hold(event, work$, returned)
          })
        }
        const event: TrainEvent = {
          ...told,
          step,
          get parameters() {
            return lent('parameters', () => apart(parameters))
          },
          get ema() {
            return lent('ema', () => apart(ema))
          },
          waitUntil,
          save: () => {
            const saved = lent('save', async (): Promise<TrainingState> => {
              const [a, b, c] = await Promise.all([apart(parameters), apart(ema), optimiser].map(download))
              return { step, seed: config.seed, parameters: a!, ema: b!, optimiser: c!, timesteps }
            })
            waitUntil(saved)
            return saved
          },
        }
        const unlend = run.lent(event)
        return [
          event,
          () => {
            returned()
            unlend()
          },
        ]
      }

      const advance = (batch: Batch): Observable<TrainEvent> =>
        new Observable<TrainEvent>((reader) => {
          const isOver = (): boolean => reader.closed
          const take = async (): Promise<void> => {
            const examples = await batch()
            if (isOver()) return
            if (E.isLeft(examples)) throw examples.left
            const asked = slopes(config, network, learner, examples.right)
            try {
              const told = await asked.told()
              if (isOver()) return
              if (!Number.isFinite(told.loss + told.gradientNorm))
                throw fail('LossNotFinite', {
                  step: learner.step + 1,
                  loss: told.loss,
                  gradientNorm: told.gradientNorm,
                })
              own(updated(config, network, learner, asked.gradient, told))
              const [event, returned] = deliver(told)
              try {
                reader.next(event)
              } finally {
                returned()
              }
            } finally {
              asked.dispose()
            }
          }
          const taken = take()
          // the run has not settled before its last update has
          const [any] = tensorsOfLearner(learner)
          if (any !== undefined) run.outlast(any, taken)
          taken.then(
            () => {
              reader.complete()
            },
            (error: unknown) => {
              reader.error(error)
            },
          )
        }).pipe(subscribeOn(scheduler))

      return concat(
        batches$.pipe(
          concatMap((batch) =>
            concat(
              run.gate.open,
              defer(() => advance(batch)),
            ),
          ),
        ),
        run.gate.idle,
      ).pipe(
        takeUntil(run.gate.failure),
        finalize(() => {
          readers.release(tensorsOfLearner(learner))
          network[Symbol.dispose]()
          run.end()
        }),
      )
    })
    return startsRuns(events$)
  }
}
