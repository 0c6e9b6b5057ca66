/**
 * Runs that begin with numbers at hand.
 */
import { defer, finalize, type Observable } from 'rxjs'
import type { Values, VectorAlgebra } from '../algebra/algebra.ts'
import type { Frame } from '../stream/frame.ts'
import { settled } from '../stream/settled.ts'

/**
 * Gives a run a tensor to start from, and frees it when the run has come to rest: a call of the network that is under
 * way when somebody unsubscribes goes on reading it.
 *
 * @param algebra - which makes the tensor
 * @param values - what it holds
 * @param run - what `denoise` or `invert` return, for that start
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
 * const run = (start: number) =>
 *   respace(model.schedule, trailing(10)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }), start }))
 * const { xt } = await finalSnapshot(lendStart(numbers, { shape: [], data: Float64Array.of(1.3) }, run))
 * expect(xt.data[0]).toBeCloseTo(0.480941, 6)
 * ```
 */
export const lendStart = <T>(
  algebra: VectorAlgebra<T>,
  values: Values,
  run: (start: T) => Observable<Frame<T>>,
): Observable<Frame<T>> =>
  defer(() => {
    const start = algebra.fromValues(values)
    const free = (): void => algebra.dispose(start)
    try {
      const frames$ = run(start)
      return frames$.pipe(
        finalize(() => {
          void settled(frames$).then(free)
        }),
      )
    } catch (error) {
      free()
      throw error
    }
  })
