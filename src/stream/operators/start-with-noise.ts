/** The beginning of a film: the noise that a chain starts from. */
import { concatMap, defer, type Observable, of } from 'rxjs'
import { branchOf, inBranch } from '../branch.ts'
import { beginning, checkFrame, type Frame } from '../frame.ts'

/**
 * Puts the x that a chain starts from, x_T where it denoises noise, before its first frame.
 *
 *     frames             --0--1--2|
 *     startWithNoise()   --(T0)--1--2|
 *
 * @remarks
 * 1. It is a frame like the others, lent as long as the first one. Its step is that of no length at index −1; its x̂₀ and ε̂ are what
 *    the network said about it, so they are the first frame's.
 * 2. It is known when the first frame is, and not before: without a frame there is no noise either.
 * 3. In each branch of a fork the first frame has its beginning before it.
 * 4. A chain can be resumed, or forked, from it.
 * 5. What counts frames as they come counts it: `takeSteps(3)` after it takes x_T and two steps, so put `takeSteps` before. What counts by the place
 *    in the chain does not: to {@link everyNth} it is the frame after 0 steps, which passes whatever k is.
 *
 * @see {@link respace}, whose first transition says at which level a chain starts
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const noise = philox({ seed: 7 })
 * const frames$ = respace(model.schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise }))
 * const path = await lastValueFrom(frames$.pipe(startWithNoise(), map(({ xt }) => xt), toArray()))
 * expect(path).toHaveLength(4)
 * expect(path[0]).toBe(noise.draw(0, [1])[0])
 * ```
 */
export const startWithNoise =
  () =>
  <T, G>(frames$: Observable<Frame<T> & G>): Observable<Frame<T> & G> =>
    defer(() => {
      const begun = new Set<string>()
      return frames$.pipe(
        concatMap((frame) => {
          const { path = [] } = branchOf(frame)
          const chain = JSON.stringify(path)
          if (begun.has(chain)) return of(frame)
          begun.add(chain)
          checkFrame('startWithNoise', frame)
          const noise = path.reduceRight<object>((inner, name) => inBranch(name)(inner), frame[beginning]())
          return of(noise as Frame<T> & G, frame)
        }),
      )
    })
