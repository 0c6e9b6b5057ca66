/** The finished samples as pictures, one after the other. */
import { concatMap, defer, from, lastValueFrom, Observable, type OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { samplesOf } from '../picture/film.ts'
import { tiling } from '../picture/tiling.ts'
import { type Pictured, type PicturesOptions, shownEnd } from './shown.ts'

/** Delivers what `make` makes, and completes when whoever got it is done with it, so that no queue grows. */
const inTurn = (make: () => Omit<Pictured, 'waitUntil'>): Observable<Pictured> =>
  new Observable((reader) => {
    const works: Array<Promise<unknown>> = []
    reader.next({
      ...make(),
      waitUntil: (work) => {
        works.push(lastValueFrom(from(work), { defaultValue: undefined }))
      },
    })
    void Promise.allSettled(works).then(() => reader.complete())
  })

/**
 * Pictures of a run's finished samples, one after the other, as of a route that it was interpolated along.
 *
 *     frames           --a--b--c|
 *     samplePictures   ----------1-2-3|
 *
 * @remarks
 * They come when the run has ended, cut short or not. Each is made when the one before has been taken.
 *
 * @param options - the look of {@link FilmLook}; each picture has its own caption above it, and `columns`, `every` and `heading` play no part
 *
 * @example
 * ```ts
 * expect(samplePictures({ captions: ['a sneaker', 'between', 'a bag'] })).toBeTypeOf('function')
 * ```
 */
export const samplePictures =
  <T>({ captions, columns: _, ...options }: PicturesOptions = {}): OperatorFunction<Frame<T>, Pictured> =>
  (frames$) =>
    defer(() => {
      const samples = samplesOf({ ...options, columns: 1 })
      return frames$.pipe(
        shownEnd(options),
        concatMap(({ step }) => {
          const pictures = samples(step)
          const sheet = tiling(pictures[0] ?? { width: 0, height: 0 }, 1, { heading: captions !== undefined })
          return from(pictures).pipe(
            concatMap((picture, i) =>
              inTurn(() => ({
                picture: sheet.draw([picture], captions?.[i]),
                transition: step.transition,
              })),
            ),
          )
        }),
      )
    })
