/**
 * A chain under way: one step per transition, one frame per step, from wherever it begins.
 */
import {
  concat,
  concatMap,
  defer,
  filter,
  finalize,
  mergeScan,
  Observable,
  type ObservableInput,
  of,
  takeUntil,
  tap,
} from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import { companyNow } from './company.ts'
import type { ChainConfig, Continuation } from './continuation.ts'
import type { Frame } from './frame.ts'
import { lend } from './lend.ts'
import { macrotaskScheduler } from '../model/macrotask.ts'
import { openRun } from './run.ts'
import { startedBy, startsRuns } from './settled.ts'
import { isStepped, type Latent, needs, step, type Stepped } from './step.ts'

/** Where a chain begins, and who reads the tensors of that. */
export type Beginning<T> = Pick<Continuation<T>, 'latent' | 'readers'>

/**
 * Walks a chain.
 *
 * @param config - how to take its steps
 * @param begin - where it begins; asked on each subscription
 * @param transitions$ - its steps
 * @returns its frames; each subscription is a run
 */
export const chain = <T>(
  config: ChainConfig<T>,
  begin: () => Beginning<T>,
  transitions$: Observable<Transition>,
): Observable<Frame<T>> => {
  const { model, inFlight = 2, scheduler = macrotaskScheduler } = config
  const frames$: Observable<Frame<T>> = defer(() => {
    const { latent: first, readers } = begin()
    const run = openRun(model.algebra, readers, inFlight)
    const company = companyNow()
    const seat = company.rounds.join(run.gate, scheduler)
    company.began(run.settling)
    startedBy(frames$, run.settling)

    // what the chain needs for its next step
    let owned: readonly T[] = []
    const own = (tensors: readonly T[]): void => {
      readers.retain(tensors)
      readers.release(owned)
      owned = tensors
    }
    own(needs(first))

    /** A step waits for those of others before it goes out, and is lost with whoever waited for it. */
    const inOrder = (stepped: Stepped<T>): Observable<Stepped<T>> =>
      new Observable((next) => {
        let waiting = true
        next.add(() => {
          if (waiting) stepped.made.forEach(model.algebra.dispose)
        })
        const delivery = seat.deliver(() => {
          waiting = false
          next.next(stepped)
          next.complete()
        })
        next.add(delivery)
      })

    const advance = (latent: Latent<T>, transition: Transition): Observable<Latent<T>> =>
      new Observable<Latent<T>>((next) => {
        const waitUntil = (work: ObservableInput<unknown>): void => {
          run.outlast(latent.x, work)
        }
        const stepped$ = of(latent).pipe(step({ ...config, waitUntil })(transition), concatMap(inOrder))
        const turn = seat.turn(() => {
          // a network that ends the run itself goes on reading x until it returns
          run.during(latent.x, () => {
            stepped$.subscribe(next)
          })
        })
        next.add(turn)
      })

    const known: Transition[] = []
    let taken = 0
    const deliver = (stepped: Stepped<T>): Observable<Frame<T>> =>
      new Observable((reader) => {
        taken += 1
        const after = taken
        const { frame, returned } = lend(run, stepped, {
          config,
          latent: stepped,
          readers,
          ahead: () => known.slice(after),
        })
        own(needs(stepped))
        reader.next(frame)
        returned()
        reader.complete()
      })

    const stepped$ = transitions$.pipe(
      tap((transition) => known.push(transition)),
      mergeScan(advance, first, 1),
      filter(isStepped),
    )
    return concat(stepped$, run.gate.idle).pipe(
      concatMap(deliver),
      takeUntil(run.gate.failure),
      finalize(() => {
        seat.leave()
        own([])
        run.end()
      }),
    )
  })
  return startsRuns(frames$)
}
