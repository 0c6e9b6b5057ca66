/**
 * A chain under way: one step per transition, one frame per step, from wherever it begins.
 */
import {
  concat,
  concatMap,
  defer,
  filter,
  finalize,
  map,
  mergeScan,
  Observable,
  type ObservableInput,
  of,
  takeUntil,
  tap,
} from 'rxjs'
import type { Level } from '../diffusion/level.ts'
import type { Transition } from '../diffusion/transition.ts'
import { inTurn } from './check-steps.ts'
import { companyNow } from './company.ts'
import type { ChainConfig, Continuation } from './continuation.ts'
import type { Frame } from './frame.ts'
import { lend } from './lend.ts'
import { macrotaskScheduler } from '../model/macrotask.ts'
import { openRun } from './run.ts'
import { startedBy, startsRuns } from './settled.ts'
import { type Latent, needs, step, type Stepped } from './step.ts'

/** Where a chain begins, and who reads the tensors of that. */
export interface Beginning<T> extends Pick<Continuation<T>, 'latent' | 'readers'> {
  /** The level of x, where it is known; else that where the first step begins. */
  readonly at?: Level
}

/** Where a chain is, and the frame that shows how it came there. */
interface Place<T> {
  readonly latent: Latent<T>
  readonly frame?: Frame<T>
}

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
    const { latent: first, readers, at } = begin()
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

    const known: Transition[] = []
    let taken = 0
    /** A step waits for those of others before it goes out as a frame, and is lost with whoever waited for it. */
    const inOrder = (stepped: Stepped<T>): Observable<Place<T>> =>
      new Observable((next) => {
        let waiting = true
        next.add(() => {
          if (waiting) stepped.made.forEach(model.algebra.dispose)
        })
        const delivery = seat.deliver(() => {
          waiting = false
          taken += 1
          const after = taken
          const ahead = (): readonly Transition[] => known.slice(after)
          const { frame, returned } = lend(run, stepped, { config, latent: stepped, readers, ahead })
          own(needs(stepped))
          next.next({ latent: stepped, frame })
          returned()
          next.complete()
        })
        next.add(delivery)
      })

    const advance = ({ latent }: Place<T>, transition: Transition): Observable<Place<T>> =>
      new Observable((next) => {
        const waitUntil = (work: ObservableInput<unknown>): void => {
          run.outlast(latent.x, work)
        }
        const place$ = of(latent).pipe(step({ ...config, waitUntil })(transition), concatMap(inOrder))
        const turn = seat.turn(() => {
          // a network that ends the run itself goes on reading x until it returns
          run.during(latent.x, () => {
            place$.subscribe(next)
          })
        })
        next.add(turn)
      })

    const checked = inTurn(config, at)
    const frame$ = transitions$.pipe(
      // all that is known by now, before the network is asked about the first
      tap(checked),
      tap((transition) => known.push(transition)),
      mergeScan(advance, { latent: first }, 1),
      map(({ frame }) => frame),
      filter((frame) => frame !== undefined),
    )
    return concat(frame$, run.gate.idle).pipe(
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
