/** States on the way, for when something goes wrong. */
import { defer, from, lastValueFrom, type Observable, type ObservableInput } from 'rxjs'
import { aFunction, checkArgument } from '../../arguments.ts'
import type { SavedState } from '../../diffusion/saved-state.ts'
import { isLast } from '../../diffusion/transition.ts'
import { checkFrame, type Frame } from '../frame.ts'
import { tapFrame } from './tap-frame.ts'
import { isTurn } from './turn.ts'

/**
 * Writes the state after every k-th step but the last, and passes all frames on.
 *
 *     frames                      --0--1--2--3--(4|)
 *     checkpointEvery(2, write)   --0--1--2--3--(4|)
 *     written                     -----A-----B
 *
 * @remarks
 * 1. The frame is held until its state is written. With an `inFlight` of 2 the run goes on meanwhile, but not past the next state.
 * 2. One state is written at a time, in order. A write that fails, fails the run.
 * 3. Steps are counted by their place in the chain, in each branch of a fork and where a run is resumed.
 *
 * @see {@link replayFrom}, which goes on from a state, and `toStateFile` (in Node), which writes one
 *
 * @param k - a whole number from 1
 * @param write - puts a state somewhere safe; what it returns is waited for
 * @returns the frames, unchanged
 * @throws OperatorInvalid for any other k; ArgumentInvalid for a `write` that is no function
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const written: SavedState[] = []
 * const write = async (state: SavedState) => written.push(state)
 * await lastValueFrom(frames$.pipe(checkpointEvery(20, write)))
 * expect(written.map(({ ahead }) => ahead.length)).toEqual([30, 10])
 * ```
 */
export const checkpointEvery = (
  k: number,
  write: (state: SavedState) => ObservableInput<unknown>,
): (<T, G>(frames$: Observable<Frame<T> & G>) => Observable<Frame<T> & G>) => {
  const turn = isTurn('checkpointEvery', k)
  checkArgument('write', aFunction, write)
  return (frames$) =>
    defer(() => {
      let before: Promise<unknown> = Promise.resolve()
      return frames$.pipe(
        tapFrame((frame) => {
          checkFrame('checkpointEvery', frame)
          if (!turn(frame.transition) || isLast(frame.transition)) return undefined
          const saved = frame.save()
          before = before.then(async () =>
            lastValueFrom(from(write(await saved)), { defaultValue: undefined }),
          )
          return before
        }),
      )
    })
}
