/** RxJS's `takeWhile`, the last one included, and safe from whoever feeds the source while that is delivered. */
import {
  concat,
  defer,
  filter,
  merge,
  type MonoTypeOperatorFunction,
  type Observable,
  takeWhile,
  tap,
} from 'rxjs'
import { type Frame, rest } from '../frame.ts'

/** What is to be waited for when the run of a frame takes no more steps; nothing of what is no frame. */
const restOf = (one: unknown): Observable<never> | undefined =>
  typeof one === 'object' && one !== null && rest in one
    ? (one as Pick<Frame<unknown>, typeof rest>)[rest]
    : undefined

/**
 * Takes what comes, up to the first for which it is over, that one included.
 *
 *     source                    --a--b--c--d|
 *     takeThrough(isB)          --a--(b|)
 *
 * @param isOver - asked once for each
 *
 * @example
 * ```ts
 * import { from, lastValueFrom, toArray } from 'rxjs'
 * expect(await lastValueFrom(from([1, 2, 3]).pipe(takeThrough((n) => n === 2), toArray()))).toEqual([1, 2])
 * ```
 */
export const takeThrough =
  <A>(isOver: (one: A, index: number) => boolean): MonoTypeOperatorFunction<A> =>
  (source$) =>
    defer(() => {
      let over = false
      const left = new Set<Observable<never>>()
      const taken$ = source$.pipe(
        filter(() => !over),
        tap((one) => {
          const held = restOf(one)
          if (held !== undefined) left.add(held)
        }),
        takeWhile((one, index) => {
          over = isOver(one, index)
          return !over
        }, true),
      )
      return concat(
        taken$,
        defer(() => merge(...left)),
      )
    })
