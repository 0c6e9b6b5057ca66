/** How far a run is, and how long it will take. */
import { defer, map, type Observable, type TimestampProvider } from 'rxjs'
import type { OfStep } from './of-step.ts'

/** Where a run stands. Times are in milliseconds. */
export interface Progress {
  /** How many steps of the chain are behind. */
  readonly done: number
  /** How many it has. */
  readonly total: number
  /** Since the subscription. */
  readonly elapsed: number
  /** Steps per second, on the mean since the subscription; infinite where no time has passed. */
  readonly rate: number
  /** What the steps that are left will take at this rate. */
  readonly remaining: number
}

/**
 * Says with each frame how far the run is, at what rate it goes, and what is left.
 *
 *     frames      --a-b-c-(d|)
 *     progress    --A-B-C-(D|)     B: 2 of 4 done, 4 ms elapsed, 500 steps a second, 4 ms remaining
 *
 * @remarks
 * 1. `done` and `total` are the chain's. The rate is that of the steps seen here, so that of a run which is resumed is
 *    right from its first step.
 * 2. It counts frames: put it before whatever leaves frames out, and in each branch of a fork.
 * 3. The frame is neither read nor held.
 *
 * @see {@link timed}, for every step's own time
 *
 * @param clock - a scheduler, or whatever has a `now` in milliseconds; `performance` unless said
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { done, total, remaining } = await lastValueFrom(frames$.pipe(takeSteps(20), progress()))
 * expect([done, total, remaining > 0]).toEqual([20, 50, true])
 * ```
 */
export const progress =
  (clock: TimestampProvider = performance) =>
  (frames$: Observable<OfStep>): Observable<Progress> =>
    defer(() => {
      const begun = clock.now()
      return frames$.pipe(
        map(({ transition: { index, count } }, before) => {
          const [done, elapsed] = [index + 1, clock.now() - begun]
          const perStep = elapsed / (before + 1)
          return {
            done,
            total: count,
            elapsed,
            rate: 1000 / perStep,
            remaining: perStep * (count - done),
          }
        }),
      )
    })
