/** How long each step took. */
import { defer, map, type Observable, type TimestampProvider } from 'rxjs'

/** A frame, and what it took. */
export interface Timed<F> {
  /** As lent as it was. */
  readonly frame: F
  /** Milliseconds since the frame before it, or, for the first, since the subscription. */
  readonly ms: number
}

/**
 * Says with each frame how many milliseconds have passed since the one before.
 *
 *     frames    --a---b----c|
 *     timed     --A---B----C|     A: a and 2 ms, B: b and 4 ms, C: c and 5 ms
 *
 * @remarks
 * 1. A step is timed from end to end: its calls of the network, its arithmetic, and however long the sinks kept it waiting.
 * 2. The frame comes along as it is, so it can be read, held and copied at once, and not later.
 *
 * @see {@link progress}, for what is left
 *
 * @param clock - a scheduler, or whatever has a `now` in milliseconds; `performance` unless said
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const times = await lastValueFrom(frames$.pipe(timed(), map(({ ms }) => ms), toArray()))
 * expect(times.every((ms) => ms >= 0)).toBe(true)
 * ```
 */
export const timed =
  (clock: TimestampProvider = performance) =>
  <F>(frames$: Observable<F>): Observable<Timed<F>> =>
    defer(() => {
      let before = clock.now()
      return frames$.pipe(
        map((frame) => {
          const now = clock.now()
          const ms = now - before
          before = now
          return { frame, ms }
        }),
      )
    })
