/**
 * Which runs belong together. A run begins deep inside of what a user composes, while that is subscribed to; whoever has composed it
 * says in whose company that happens, and the run finds out when it begins.
 */
import { from, Observable, type ObservableInput } from 'rxjs'
import { openRounds, type Rounds } from './rounds.ts'
import { startedBy } from './settled.ts'

/** What runs that belong together share. */
export interface Company {
  /** They advance together. */
  readonly rounds: Rounds
  /** Told of each run that begins, by when it settles. */
  readonly began: (settling: Promise<void>) => void
}

let present: Company | undefined

/** In whose company a run begins now; in its own, where nobody says. */
export const companyNow = (): Company => present ?? { rounds: openRounds(), began: () => undefined }

/**
 * The present company, and an observable besides that wants to know of every run that begins in it.
 *
 * @param source - known to {@link startsRuns}
 */
export const companyOf = (source: object): Company => {
  const { rounds, began } = companyNow()
  return {
    rounds,
    began: (settling) => {
      startedBy(source, settling)
      began(settling)
    },
  }
}

/**
 * Subscribes in company: the runs that begin meanwhile belong together.
 *
 * @example
 * ```ts
 * const company = companyNow()
 * const mine$ = defer(() => [companyNow() === company])
 * expect(await firstValueFrom(inCompany(company, mine$))).toBe(true)
 * expect(await firstValueFrom(mine$)).toBe(false)
 * ```
 */
export const inCompany = <A>(company: Company, input: ObservableInput<A>): Observable<A> =>
  new Observable((subscriber) => {
    const outside = present
    present = company
    try {
      return from(input).subscribe(subscriber)
    } finally {
      present = outside
    }
  })
