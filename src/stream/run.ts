/**
 * One run of a sampler: what it owns, who holds it, and when it has settled.
 */
import { finalize, from, type ObservableInput } from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import type { Lender } from './frame.ts'
import { createGate, type Gate } from './gate.ts'
import { refCount } from './ref-count.ts'

/** A run under way. */
export interface Run<T> extends Lender<T> {
  readonly gate: Gate
  /** Keeps `tensor` alive until work ends that outlives its subscription. */
  readonly outlast: (tensor: T, work: ObservableInput<unknown>) => void
  /** Says that the run starts no more steps. */
  readonly end: () => void
  /** Resolves when the run has ended and nobody holds its frames or computes for it. */
  readonly settled: Promise<void>
}

/** What runs under way will settle, by what a user has in hand: the observable that starts them, or one of their frames. */
const runs = new WeakMap<object, Set<Promise<void>>>()

/**
 * Makes an observable that starts runs known to {@link settled}.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs'
 * const idle$ = startsRuns(of(1))
 * expect(await settled(idle$)).toBe(undefined)
 * ```
 */
export const startsRuns = <O extends object>(source: O): O => {
  runs.set(source, new Set())
  return source
}

/**
 * Opens a run.
 *
 * @param algebra - the algebra of its tensors
 * @param inFlight - fewer held frames than this let a step start
 * @param source - the observable whose subscription it is
 */
export const openRun = <T>(algebra: VectorAlgebra<T>, inFlight: number, source: object): Run<T> => {
  const gate = createGate(inFlight)
  const readers = refCount(algebra.dispose)
  let resolve = (): void => undefined
  const settled = new Promise<void>((done) => {
    resolve = done
  })
  // the run itself is one of the things that have to end
  let pending = 1
  const begin = (): (() => void) => {
    pending += 1
    return done
  }
  const done = (): void => {
    pending -= 1
    if (pending === 0) resolve()
  }
  const underWay = new Set([settled])
  const started = runs.get(source)
  started?.add(settled)
  void settled.then(() => started?.delete(settled))
  return {
    algebra,
    readers,
    gate,
    settled,
    end: done,
    lent: (frame) => {
      runs.set(frame, underWay)
      return begin()
    },
    hold: (frame, work, released) => {
      const ended = begin()
      gate.hold(frame, work, () => {
        released?.()
        ended()
      })
    },
    outlast: (tensor, work) => {
      const work$ = from(work)
      const ended = begin()
      readers.retain([tensor])
      work$
        .pipe(
          finalize(() => {
            readers.release([tensor])
            ended()
          }),
        )
        // whoever asked learns of an error; here only the end matters
        .subscribe({ error: () => undefined })
    },
  }
}

/**
 * Resolves when every run that this observable has started so far, or the run of this frame, has come to rest: it was
 * completed, failed or unsubscribed, every hold on its frames has ended, and so has every call of the network.
 * From then on it owns no tensors.
 *
 * @param run - what `denoise` returned (before any other operator), or a frame
 * @throws NotARun for anything else, other operators' observables among it
 *
 * @example
 * ```ts
 * import { take } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(10)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * frames$.pipe(take(3)).subscribe()
 * await settled(frames$)
 * ```
 */
export const settled = async (run: object): Promise<void> => {
  const found = runs.get(run)
  if (found === undefined) throw fail('NotARun', {})
  await Promise.all(found)
}
