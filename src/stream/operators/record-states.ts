/** Where a run has been, such that it can go on from there again. */
import { concatMap, filter, from, map, type Observable, of } from 'rxjs'
import { isLast } from '../../diffusion/transition.ts'
import type { SavedState } from '../../diffusion/saved-state.ts'
import { checkFrame, type Frame } from '../frame.ts'
import { isTurn } from './turn.ts'

/**
 * Saves the state after every k-th step but the last, from which nothing follows.
 *
 *     frames             --0--1--2--3--(4|)
 *     recordStates(2)    -----A-----B--|
 *
 * @remarks
 * 1. A state is plain numbers: keep it in a list to rewind, look for the latest before a level, write it to a file.
 * 2. Each frame is held until its numbers are read, and states come in order.
 * 3. Steps are counted by their place in the chain, in each branch of a fork and where a run is resumed.
 * 4. To see the frames as well, share them.
 *
 * @see {@link replayFrom}, which goes on from a state, and {@link checkpointEvery}, which passes the frames on
 *
 * @param k - a whole number from 1; 1 unless said
 * @throws OperatorInvalid for any other k
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const config = { model, rule: ddim(), noise: philox({ seed: 7 }) }
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise(config))
 * const states = await lastValueFrom(frames$.pipe(recordStates(10), toArray()))
 * expect(states.map(({ ahead }) => ahead.length)).toEqual([40, 30, 20, 10])
 *
 * const rewound = states.findLast(({ at }) => at.alphaBar < 0.5)!
 * const again = await lastValueFrom(replayFrom(rewound, config).pipe(map(({ transition }) => transition.index), toArray()))
 * expect(again).toHaveLength(rewound.ahead.length)
 * ```
 */
export const recordStates = (k = 1): (<T>(frames$: Observable<Frame<T>>) => Observable<SavedState>) => {
  const turn = isTurn('recordStates', k)
  return (frames$) =>
    frames$.pipe(
      filter(({ transition }) => turn(transition) && !isLast(transition)),
      map((frame) => {
        checkFrame('recordStates', frame)
        return frame.save()
      }),
      concatMap((saved) => (saved instanceof Promise ? from(saved) : of(saved))),
    )
}
