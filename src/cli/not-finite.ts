/**
 * Whether a run has come to numbers, looked at in its end.
 */
import { filter, groupBy, map, mergeMap, type Observable, toArray } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf } from '../algebra/shape.ts'
import { branchOf } from '../stream/branch.ts'
import type { Frame } from '../stream/frame.ts'
import { lastSnapshot } from '../stream/snapshot.ts'

/** Sums stop at the largest float instead of at infinity, so that half of it is beyond all that means something. */
const isSound = (value: number): boolean => Math.abs(value) < 2 ** 127

const rowsNotFinite = ({ shape, data }: Values): readonly number[] => {
  const rows = rowsOf(shape)
  const size = data.length / rows
  return Array.from({ length: rows }, (_, row) => row).filter(
    (row) => !data.subarray(row * size, (row + 1) * size).every(isSound),
  )
}

/**
 * The samples whose last x_t has a NaN or has left all bounds, by number, and of a fork by branch: `#3`, `#0 of ddim`.
 *
 *     frames      --a--b--c|
 *     notFinite   ----------(N|)
 *
 * @returns an operator that emits once, when the run has ended, unless all is well
 *
 * @example
 * ```ts
 * const model = { ...gaussianMixture([{ mean: 0, deviation: 1 }]), predict: () => of({ output: NaN }) }
 * const frames$ = respace(model.schedule, trailing(2)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * expect(await lastValueFrom(frames$.pipe(notFinite))).toEqual(['#0'])
 * ```
 */
export const notFinite = <T>(frames$: Observable<Frame<T>>): Observable<readonly string[]> =>
  frames$.pipe(
    groupBy((frame) => branchOf(frame).path?.join('/')),
    mergeMap((branch$) =>
      branch$.pipe(
        lastSnapshot(),
        mergeMap(({ xt }) => rowsNotFinite(xt)),
        map((row) => `#${String(row)}${branch$.key === undefined ? '' : ` of ${branch$.key}`}`),
      ),
    ),
    toArray(),
    filter((samples) => samples.length > 0),
  )
