/** RxJS's `takeWhile`, the last one included, and safe from whoever feeds the source while that is delivered. */
import { defer, filter, type MonoTypeOperatorFunction, takeWhile } from 'rxjs'

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
  <A>(isOver: (one: A) => boolean): MonoTypeOperatorFunction<A> =>
  (source$) =>
    defer(() => {
      let over = false
      return source$.pipe(
        filter(() => !over),
        takeWhile((one) => {
          over = isOver(one)
          return !over
        }, true),
      )
    })
