/**
 * When runs have come to rest: nobody holds their frames, no call of the network goes on, and they own no tensors.
 */
import { fail } from '../failure.ts'

/** What runs under way will settle, by what a user has in hand: the observable that starts them, or one of their frames. */
const runs = new WeakMap<object, Set<Promise<void>>>()

/**
 * Makes an observable that starts runs known to {@link settled}.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs'
 * const idle$ = startsRuns(of(1))
 * expect(await settled(idle$)).toBe(undefined)
 * ```
 */
export const startsRuns = <O extends object>(source: O): O => {
  runs.set(source, new Set())
  return source
}

/** Says that this observable has started a run, which will settle then. */
export const startedBy = (source: object, settling: Promise<void>): void => {
  const started = runs.get(source)
  started?.add(settling)
  void settling.then(() => started?.delete(settling))
}

/** Says that this frame is of runs which will settle then. */
export const frameOf = (frame: object, settling: Set<Promise<void>>): void => {
  runs.set(frame, settling)
}

/** Says that a frame is of the same run as another. */
export const sameRun = <F extends object>(frame: object, same: F): F => {
  const found = runs.get(frame)
  if (found !== undefined) runs.set(same, found)
  return same
}

/**
 * Resolves when every run that this observable has started so far, or the run of this frame, has come to rest: it was
 * completed, failed or unsubscribed, every hold on its frames has ended, and so has every call of the network.
 * From then on it owns no tensors.
 *
 * @param run - what `denoise`, `resume` or `fork` returned (before any other operator), or a frame
 * @throws NotARun for anything else, other operators' observables among it
 *
 * @example
 * ```ts
 * import { take } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(10)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * frames$.pipe(take(3)).subscribe()
 * await settled(frames$)
 * ```
 */
export const settled = async (run: object): Promise<void> => {
  const found = runs.get(run)
  if (found === undefined) throw fail('NotARun', {})
  await Promise.all(found)
}
