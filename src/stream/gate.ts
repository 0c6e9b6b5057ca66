/**
 * Back-pressure: who still works on frames, and when the next step may start.
 *
 * Holds are counted per holder, not per notification, so a `filter` or a `bufferCount` between a run and its sink
 * changes nothing: what nobody holds does not wait.
 */
import { endWith, ignoreElements, merge, Observable, Subject, take } from 'rxjs'
import { shown } from '../arguments.ts'
import { wholeFrom } from '../codecs.ts'
import { fail } from '../failure.ts'

/** The gate of one run. */
export interface Gate {
  /** Holds on behalf of `holder` until the work ends; several works of one holder count once. `settled` is called when it ends, however. */
  readonly hold: (holder: object, work: Observable<unknown>, settled?: () => void) => void
  /** Whether fewer than `inFlight` holders hold. */
  readonly isOpen: () => boolean
  /** Completes as soon as it is open. */
  readonly open: Observable<never>
  /** Completes as soon as nobody holds. */
  readonly idle: Observable<never>
  /** Errors when work fails. */
  readonly failure: Observable<never>
  /** Completes when nobody holds, and errors when work has failed by then: what is left of a run that takes no more steps. */
  readonly rest: Observable<never>
}

/**
 * How many frames may be held at a time: with none a run would wait for ever.
 *
 * @throws RunInvalid for what is no whole number from 1; any number may be in flight at Infinity
 *
 * @example
 * ```ts
 * expect(() => { checkInFlight({ inFlight: 0 }) }).toThrow('inFlight is 0')
 * ```
 */
export const checkInFlight = ({ inFlight = 2 }: { readonly inFlight?: number }): void => {
  if (inFlight !== Infinity && !wholeFrom(1).is(inFlight))
    throw fail('RunInvalid', {
      reason: `inFlight is ${shown(inFlight)}, and has to be a whole number from 1`,
    })
}

/**
 * A gate that is open while fewer than `inFlight` holders hold.
 *
 * @example
 * ```ts
 * import { NEVER } from 'rxjs'
 * const gate = createGate(1)
 * let open = false
 * gate.hold({}, NEVER)
 * gate.open.subscribe({ complete: () => { open = true } })
 * expect(open).toBe(false)
 * ```
 */
export const createGate = (inFlight: number): Gate => {
  const holders = new Map<object, number>()
  const waiting = new Set<() => void>()
  const failure = new Subject<never>()

  const below = (limit: number): Observable<never> =>
    new Observable((subscriber) => {
      const look = (): void => {
        if (holders.size < limit) {
          waiting.delete(look)
          subscriber.complete()
        }
      }
      waiting.add(look)
      look()
      return () => {
        waiting.delete(look)
      }
    })

  const idle = below(1)
  return {
    hold: (holder, work, settled) => {
      holders.set(holder, (holders.get(holder) ?? 0) + 1)
      const end = (): void => {
        const left = (holders.get(holder) ?? 1) - 1
        if (left === 0) holders.delete(holder)
        else holders.set(holder, left)
        settled?.()
        for (const look of [...waiting]) look()
      }
      // never unsubscribed: work that was begun is owed its frame until it ends
      work.subscribe({
        error: (error: unknown) => {
          failure.error(error)
          end()
        },
        complete: end,
      })
    },
    isOpen: () => holders.size < inFlight,
    open: below(inFlight),
    idle,
    failure,
    rest: merge(failure, idle.pipe(endWith(true))).pipe(take(1), ignoreElements()),
  }
}
