/**
 * One run of a sampler: what it owns, who holds it, and when it has settled.
 */
import { finalize, from, type ObservableInput } from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import { createGate, type Gate } from './gate.ts'
import type { Lender } from './lend.ts'
import type { RefCount } from './ref-count.ts'
import { frameOf } from './settled.ts'

/** A run under way. */
export interface Run<T> extends Lender<T> {
  readonly gate: Gate
  /** Keeps `tensor` alive until work ends that outlives its subscription. */
  readonly outlast: (tensor: T, work: ObservableInput<unknown>) => void
  /** Does something that reads `tensor`, and keeps both it and the run until that returns, even if it ends the run. */
  readonly during: (tensor: T, act: () => void) => void
  /** Says that the run starts no more steps. */
  readonly end: () => void
  /** Resolves when the run has ended and nobody holds its frames or computes for it. */
  readonly settling: Promise<void>
}

/**
 * Opens a run.
 *
 * @param algebra - the algebra of its tensors
 * @param readers - who reads those that it makes, and those that it goes on from
 * @param inFlight - fewer held frames than this let a step start
 */
export const openRun = <T>(algebra: VectorAlgebra<T>, readers: RefCount<T>, inFlight: number): Run<T> => {
  const gate = createGate(inFlight)
  let resolve = (): void => undefined
  const settling = new Promise<void>((done) => {
    resolve = done
  })
  // the run itself is one of the things that have to end
  let pending = 1
  const done = (): void => {
    pending -= 1
    if (pending === 0) resolve()
  }
  const begin = (): (() => void) => {
    pending += 1
    return done
  }
  const all = new Set([settling])
  return {
    algebra,
    readers,
    gate,
    rest: gate.rest,
    settling,
    end: done,
    lent: (frame) => {
      frameOf(frame, all)
      return begin()
    },
    hold: (frame, work, released) => {
      const ended = begin()
      gate.hold(frame, work, () => {
        released?.()
        ended()
      })
    },
    during: (tensor, act) => {
      const ended = begin()
      readers.retain([tensor])
      try {
        act()
      } finally {
        readers.release([tensor])
        ended()
      }
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
