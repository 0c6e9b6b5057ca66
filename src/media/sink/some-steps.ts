/** Some of a run's steps. */
import { connect, filter, merge, type Observable } from 'rxjs'
import { isLast, type Transition } from '../../diffusion/transition.ts'
import type { Frame } from '../../stream/frame.ts'
import { lastSnapshot, snapshot, type Snapshot } from '../../stream/snapshot.ts'
import { evenSteps } from '../picture/film-strip.ts'

/** How many steps, spread evenly over the chain; or which ones, as {@link Transition} counts them, from 0. */
export type Steps = number | readonly number[]

const chooses =
  (steps: Steps) =>
  ({ index, count }: Transition): boolean =>
    (typeof steps === 'number' ? evenSteps(count, steps) : steps).includes(index)

/**
 * Copies of chosen steps, x_t and x̂₀, as they come; of a run that is cut short also the last there was, in no certain order.
 *
 *     frames          --a--b--c|
 *     someSteps([0])  --A------(C|)
 *
 * @param steps - which ones
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(9)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const seen = await lastValueFrom(frames$.pipe(take(7), someSteps(3), map(({ transition }) => transition.index), toArray()))
 * expect(seen).toEqual([0, 4, 6])
 * ```
 */
export const someSteps =
  (steps: Steps) =>
  <T>(frames$: Observable<Frame<T>>): Observable<Snapshot<'xt' | 'x0'>> => {
    const fields = { xt: true, x0: true } as const
    const isChosen = chooses(steps)
    return frames$.pipe(
      connect((run$) => {
        const chosen$ = run$.pipe(
          filter(({ transition }) => isChosen(transition)),
          snapshot(fields),
        )
        const cutShort$ = run$.pipe(
          lastSnapshot(fields),
          filter(({ transition }) => !isLast(transition) && !isChosen(transition)),
        )
        return merge(chosen$, cutShort$)
      }),
    )
  }
