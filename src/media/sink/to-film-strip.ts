/** A sink: a run's chosen steps, as a film strip. */
import { concatMap, filter, forkJoin, map, of, type OperatorFunction, toArray } from 'rxjs'
import type { Level } from '../../diffusion/level.ts'
import type { Transition } from '../../diffusion/transition.ts'
import type { Frame } from '../../stream/frame.ts'
import { snapshot } from '../../stream/snapshot.ts'
import { evenSteps, type FilmColumn, filmStrip, type FilmStripOptions } from '../picture/film-strip.ts'
import type { Written } from './files.ts'
import type { Pixels } from './pixels-of.ts'
import { encodePng } from '../format/png.ts'
import type { PngText } from '../format/png-text.ts'
import { written } from './written.ts'

/** Which steps a film strip shows, how it looks, and what text its file keeps. */
export interface ToFilmStripOptions extends FilmStripOptions {
  /** How many steps, spread evenly over the chain; or which ones, as {@link Transition} counts them, from 0. Default: 9. */
  readonly steps?: number | readonly number[]
  /** How to look at latents, see {@link pixelsOf}; what it shows of x_t is not scaled. Default: as they are. */
  readonly pixels?: Pixels | undefined
  /** Keyword to text. Default: none. */
  readonly text?: PngText
}

const where = ({ t, alphaBar }: Level): string =>
  alphaBar === 1 ? 'clean' : `t ${String(Math.round(t * 10) / 10)}`

const chosen =
  (steps: number | readonly number[]) =>
  ({ index, count }: Transition): boolean =>
    (typeof steps === 'number' ? evenSteps(count, steps) : steps).includes(index)

/**
 * Writes chosen steps of a run as a film strip, a PNG file: x_t after each step above the x̂₀ that it was based on.
 *
 *     frames        --a--b--c|
 *     toFilmStrip   ----------(W|)
 *
 * @remarks
 * The chosen frames are copied, and held while they are. The file is written when the frames complete, whole or not at
 * all; where none of the chosen came or the frames fail, there is no file.
 *
 * @param path - of the PNG file; missing directories are made
 * @param options - which steps, and those of {@link filmStrip}
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * const sink = toFilmStrip('out/film.png', { steps: 7, captions: ['sneaker', 'bag'] })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const toFilmStrip = <T>(
  path: string,
  { steps = 9, text = {}, pixels, ...style }: ToFilmStripOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  const encode = encodePng({ text })
  const look: Pixels = pixels ?? ((images) => of(images))
  return (frames$) =>
    frames$.pipe(
      filter(({ transition }) => chosen(steps)(transition)),
      snapshot({ xt: true, x0: true }),
      concatMap(({ transition: { index, to }, ...latents }) =>
        forkJoin({ xt: look(latents.xt), x0: look(latents.x0) }).pipe(
          map((images): FilmColumn => ({
            title: [`step ${String(index + 1)}`, where(to)],
            alphaBar: pixels === undefined ? to.alphaBar : 1,
            ...images,
          })),
        ),
      ),
      toArray(),
      filter((columns) => columns.length > 0),
      concatMap((columns) => written(path, encode(filmStrip(style)(columns)))),
    )
}
