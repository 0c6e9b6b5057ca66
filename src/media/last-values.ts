/** What most sinks wait for: the numbers of the last x_t. */
import { concat, defer, EMPTY, finalize, from, ignoreElements, of, type OperatorFunction, tap } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { Frame, OwnedFrame } from '../stream/frame.ts'

/**
 * Reads x_t of the frame that turns out to be the last, when the frames complete.
 *
 *     frames       --a--b--c|
 *     lastValues   --------(C|)
 *
 * @remarks
 * Only the last frame is read back. Where a run is cut short upstream (`takeUntil`), it is the last that came;
 * where none came, nothing is emitted. An error passes through; unsubscribing lets go of the frame.
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const values = await lastValueFrom(frames$.pipe(lastValues()))
 * expect(values.data).toHaveLength(1)
 * ```
 */
export const lastValues =
  <T>(): OperatorFunction<Frame<T>, Values> =>
  (frames$) =>
    defer(() => {
      let last: OwnedFrame<T> | undefined
      const letGo = (): void => {
        last?.[Symbol.dispose]()
        last = undefined
      }
      const keepLast = tap((frame: Frame<T>) => {
        letGo()
        last = frame.keep()
      })
      const read = defer(() => {
        if (last === undefined) return EMPTY
        const values = last.algebra.toValues(last.xt)
        return values instanceof Promise ? from(values) : of(values)
      })
      return concat(frames$.pipe(keepLast, ignoreElements()), read).pipe(finalize(letGo))
    })
