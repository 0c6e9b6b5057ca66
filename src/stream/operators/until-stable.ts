/** An early end, when the image is there. */
import { connect, defer, map, type Observable, zip } from 'rxjs'
import { aNumber, shown } from '../../arguments.ts'
import type { Values } from '../../algebra/algebra.ts'
import { rowMeans } from '../../diffusion/row-means.ts'
import { fail } from '../../failure.ts'
import type { Frame } from '../frame.ts'
import { snapshot } from '../snapshot.ts'
import { takeThrough } from './take-through.ts'

/** The root mean square of a change, of the sample that has changed most. */
const change = (now: Values, before: Values): number =>
  Math.sqrt(Math.max(...rowMeans([now, before], (k) => (now.data[k]! - before.data[k]!) ** 2)))

/**
 * Takes the frames up to the first whose x̂₀ has settled, that one included, and cancels the rest.
 *
 *     x̂₀                   4.0   2.0   1.9   1.9
 *     frames               --a-----b-----c-----d|
 *     untilStable(0.25)    --a-----b-----(c|)
 *
 * @remarks
 * 1. Settled means: in no sample is the root mean square of `x̂₀ − x̂₀ of the frame before` above the tolerance. It is in the
 *    data's units; of images from −1 to 1, 1/127.5 is one grey level of 256. The first frame has nothing to be compared with.
 * 2. The samples are in that frame's x̂₀. Its x_t is still as noisy as its level.
 * 3. The frames are passed on as they are, in order, each held until its x̂₀ has been read and it has been delivered.
 *    Where numbers have to be fetched from a device, up to `inFlight` − 1 steps are made meanwhile which nobody will see.
 * 4. The shorter the steps, the less x̂₀ changes from one to the next: a tolerance goes with a number of steps. It is for
 *    the frames of one run; those of a fork are compared within their branch if it stands there.
 *
 * @see {@link takeUntilLevel}, which ends at a level, whatever the samples look like; {@link onlyX0}
 *
 * @param tolerance - the largest change that is none, a number from 0
 * @returns an operator; it ends with the frames where x̂₀ never settles
 * @throws OperatorInvalid for any other tolerance
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { x0, transition } = await finalSnapshot(frames$.pipe(untilStable(0.001)), { x0: true })
 * expect(transition.index).toBeLessThan(49)
 * expect(x0.data[0]).toBeCloseTo(2, 0)
 * ```
 */
export const untilStable = (
  tolerance: number,
): (<T, F>(frames$: Observable<F & Frame<T>>) => Observable<F & Frame<T>>) => {
  if (!(aNumber.is(tolerance) && tolerance >= 0))
    throw fail('OperatorInvalid', {
      operator: 'untilStable',
      reason: `its tolerance is ${shown(tolerance)}, and has to be a number from 0`,
    })
  return <T, F>(frames$: Observable<F & Frame<T>>) =>
    defer(() => {
      let before: Values | undefined
      const isSettled = (x0: Values): boolean => {
        const settled = before !== undefined && change(x0, before) <= tolerance
        before = x0
        return settled
      }
      return frames$.pipe(
        // a snapshot holds its frame until it has been delivered, and so long the frame that goes with it is lent
        connect((shared$) => zip(shared$, shared$.pipe(snapshot({ x0: true })))),
        takeThrough(([, { x0 }]) => isSettled(x0)),
        map(([frame]) => frame),
      )
    })
}
