/** Work beside the stream, which the run waits for. */
import { type MonoTypeOperatorFunction, type ObservableInput, tap } from 'rxjs'
import { aFunction, checkArgument } from '../../arguments.ts'
import type { Holding } from './of-step.ts'

/**
 * Does something with every frame, and holds the frame until that is done.
 *
 *     frames             --a-----b-----c|
 *     the work                -----w|
 *                                -----w|
 *     tapFrame           --a-----b-----c--|
 *
 * @remarks
 * 1. What the work returns, a promise or an observable among others, is given to the frame's own `waitUntil`: until it ends
 *    the frame can be read, and the run does not get further ahead than its `inFlight`.
 * 2. The frame is passed on at once, as it is; nobody downstream waits for the work. The run completes when it has ended.
 * 3. Work that returns nothing is over when it returns, as that of RxJS's `tap`.
 * 4. If it throws, the stream fails at once. If what it returned fails, the run does.
 *
 * @see {@link snapshot}, for what is to be looked at later still
 *
 * @param work - what to do with a frame, or with a snapshot
 * @returns the frames, unchanged
 *
 * @example
 * ```ts
 * import { lastValueFrom, timer } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const written: number[] = []
 * const write = async (frame: Frame<number>) => {
 *   await lastValueFrom(timer(1))
 *   written.push(frame.xt)
 * }
 * await lastValueFrom(frames$.pipe(tapFrame(write)))
 * expect(written).toHaveLength(3)
 * ```
 */
export const tapFrame = <F extends Holding>(
  work: (frame: F) => ObservableInput<unknown> | undefined,
): MonoTypeOperatorFunction<F> => {
  checkArgument('work', aFunction, work)
  return tap((frame) => {
    const done = work(frame)
    if (done !== undefined) frame.waitUntil(done)
  })
}
