/**
 * A sampler as an operator: transitions in, every intermediate x_t out.
 */
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  filter,
  finalize,
  mergeScan,
  Observable,
  type ObservableInput,
  of,
  type OperatorFunction,
  type SchedulerLike,
  Subject,
  subscribeOn,
  takeUntil,
} from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { type Frame, lend } from './frame.ts'
import { macrotaskScheduler } from './macrotask.ts'
import { openRun, startsRuns } from './run.ts'
import { isStepped, type Latent, needs, step, type StepConfig, type Stepped } from './step.ts'

/** How to sample. */
export interface DenoiseConfig<T> extends Omit<StepConfig<T>, 'waitUntil'> {
  /** How many samples; as many as there are labels, or 1, unless said. */
  readonly batch?: number
  /** x at the level where the chain begins; drawn from the noise (draw 0) unless given. It stays yours. */
  readonly start?: T
  /** A step starts when fewer frames than this are held; 2 unless said, so that a sink works while the next step is computed. */
  readonly inFlight?: number
  /** Where each step gets its turn; a macrotask each unless said. */
  readonly scheduler?: SchedulerLike
}

/**
 * Denoises: one step per transition, one frame per step.
 *
 *     respace(…, trailing(3))   (abc|)
 *     denoise(config)           --1--2--3|
 *
 * @remarks
 * 1. Cold: each subscription is a run of its own, with the same result.
 * 2. S transitions give S frames; the last is the chain's end. x_T itself is not emitted.
 * 3. Frames are lent, see {@link Frame}; whatever delivers later than it receives is given snapshots.
 * 4. The next step starts in a macrotask of its own, and not before fewer than `inFlight` frames are held.
 * 5. `complete` is delivered when the last hold has ended. Work that fails, or a failing step, errors the run.
 * 6. Unsubscribing aborts the call under way and starts no other; what is held is freed as the holds end ({@link settled}).
 *
 * @param config - model, rule, noise
 * @throws RunInvalid for a batch that is no whole number from 1, or an inFlight below 1
 * @returns an operator; its errors are failures (EtaOutOfRange, ScheduleMismatch, LabelsMissing, …) or what the model or a sink threw
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const path = await lastValueFrom(frames$.pipe(map((frame) => frame.xt), toArray()))
 * expect(path).toHaveLength(50)
 * expect(Math.abs(path[49]! - 2)).toBeLessThan(0.5)
 * ```
 */
export const denoise = <T>(config: DenoiseConfig<T>): OperatorFunction<Transition, Frame<T>> => {
  const { model, noise, start, condition, inFlight = 2, scheduler = macrotaskScheduler } = config
  const rows = config.batch ?? condition?.labels?.length ?? 1
  if (!(Number.isSafeInteger(rows) && rows >= 1))
    throw fail('RunInvalid', { reason: `batch is ${String(rows)}, and has to be a whole number from 1` })
  if (!(inFlight >= 1))
    throw fail('RunInvalid', { reason: `inFlight is ${String(inFlight)}, and has to be a number from 1` })
  const shape = [rows, ...model.shape]

  return (transitions$) => {
    const frames$: Observable<Frame<T>> = defer(() => {
      const x = start ?? model.algebra.fromValues({ shape, data: noise.draw(0, shape) })
      const run = openRun(model.algebra, inFlight, frames$)

      // what the chain needs for its next step
      let owned: readonly T[] = []
      const own = (tensors: readonly T[]): void => {
        run.readers.retain(tensors)
        run.readers.release(owned)
        owned = tensors
      }
      own([x])
      // a start that was given has one more reader, who never lets go: the caller
      if (start !== undefined) run.readers.retain([start])

      // when the gate opens in somebody else's turn, another is waited for; it may have closed by then
      const turn: Observable<never> = defer(() =>
        run.gate.isOpen() ? EMPTY : concat(run.gate.open, turn),
      ).pipe(subscribeOn(scheduler))
      const advance = (latent: Latent<T>, transition: Transition): Observable<Latent<T>> =>
        concat(
          turn,
          new Observable<Latent<T>>((stepped) => {
            const waitUntil = (work: ObservableInput<unknown>): void => {
              run.outlast(latent.x, work)
            }
            // a network that ends the run itself goes on reading x until it returns
            const asking = new Subject<never>()
            waitUntil(asking)
            of(latent)
              .pipe(step({ ...config, waitUntil })(transition))
              .subscribe(stepped)
            asking.complete()
          }),
        )
      const deliver = (stepped: Stepped<T>): Observable<Frame<T>> =>
        new Observable((reader) => {
          const { frame, returned } = lend(run, stepped)
          own(needs(stepped))
          reader.next(frame)
          returned()
          reader.complete()
        })

      return concat(
        transitions$.pipe(mergeScan(advance, { x, draws: 1 }, 1), filter(isStepped)),
        run.gate.idle,
      ).pipe(
        concatMap(deliver),
        takeUntil(run.gate.failure),
        finalize(() => {
          own([])
          run.end()
        }),
      )
    })
    return startsRuns(frames$)
  }
}
