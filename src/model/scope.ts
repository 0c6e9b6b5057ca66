/**
 * The tensors of a step in the making: handed over when it is done, freed when it is not.
 */
import { catchError, EMPTY, from, ignoreElements, lastValueFrom } from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import type { PredictOptions } from './denoiser.ts'

/** What a step has made so far. */
export interface Scope<T> {
  readonly add: (...tensors: readonly T[]) => void
  /** Adds one tensor, and gives it back. */
  readonly of: (tensor: T) => T
  /** Keeps everything until work ends that outlives its subscription. */
  readonly waitUntil: NonNullable<PredictOptions['waitUntil']>
  /** Hands everything over. */
  readonly deliver: () => readonly T[]
  /** Frees what has not been handed over, as soon as no work needs it. */
  readonly close: () => void
}

/**
 * Opens a scope.
 *
 * @param algebra - the algebra of the tensors
 * @param report - told of work that outlives its subscription; it ends when what it needed has been freed
 *
 * @example
 * ```ts
 * const freed: number[] = []
 * const made = openScope({ ...numbers, dispose: (x) => { freed.push(x) } })
 * made.add(1, 2)
 * made.close()
 * expect(freed).toEqual([1, 2])
 * ```
 */
export const openScope = <T>(algebra: VectorAlgebra<T>, report?: PredictOptions['waitUntil']): Scope<T> => {
  let made: readonly T[] = []
  let busy = 0
  let closed = false
  const freeIfDone = (): void => {
    if (!closed || busy > 0) return
    made.forEach(algebra.dispose)
    made = []
  }
  const add = (...tensors: readonly T[]): void => {
    made = [...made, ...tensors]
  }
  return {
    add,
    of: (tensor) => {
      add(tensor)
      return tensor
    },
    waitUntil: (work) => {
      // whoever asked learns of an error; here only the end matters
      const end$ = from(work).pipe(
        ignoreElements(),
        catchError(() => EMPTY),
      )
      busy += 1
      const ended = lastValueFrom(end$, { defaultValue: undefined }).then(() => {
        busy -= 1
        freeIfDone()
      })
      report?.(ended)
    },
    deliver: () => {
      const delivered = made
      made = []
      return delivered
    },
    close: () => {
      closed = true
      freeIfDone()
    },
  }
}
