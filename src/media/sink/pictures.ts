/** Frames as pictures: the isomorphic half of every film. */
import { defer, map, type OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { projector, samplesOf } from '../picture/film.ts'
import { checkOptions } from './check-options.ts'
import { type Pictured, type PicturesOptions, shownSteps } from './shown.ts'

export type { Pictured, PicturesOptions }

/**
 * Pictures of a run's frames: chosen, copied, mapped to bytes, coloured, enlarged, captioned and tiled, as the look says.
 *
 *     frames     --a--b--c|
 *     pictures   --A--B--C|
 *
 * @remarks
 * All pictures have one size. Frames are held until their picture has been delivered; whoever receives it can go on
 * holding with its `waitUntil`.
 *
 * @param options - which frames, and the look of {@link FilmLook}
 *
 * @example
 * ```ts
 * const model = {
 *   algebra: float64,
 *   predicts: 'sample' as const,
 *   schedule: linearSchedule(),
 *   shape: [2, 2, 1],
 *   predict: () => of({ output: float64.fromValues({ shape: [1, 2, 2, 1], data: new Float64Array(4) }) }),
 * }
 * const frames$ = respace(model.schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const seen = await lastValueFrom(frames$.pipe(pictures({ scale: 1 }), toArray()))
 * expect(seen.map(({ picture }) => picture.data.length)).toEqual([12, 12, 12])
 * ```
 */
export const pictures = <T>(options: PicturesOptions = {}): OperatorFunction<Frame<T>, Pictured> => {
  checkOptions('pictures', options)
  return (frames$) =>
    defer(() => {
      const samples = samplesOf(options)
      const project = projector(options)
      return frames$.pipe(
        shownSteps(options),
        map(({ step, waitUntil }) => ({
          picture: project(samples(step), step.transition),
          transition: step.transition,
          waitUntil,
        })),
      )
    })
}
