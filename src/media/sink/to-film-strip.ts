/** A sink: a run's chosen steps, as a film strip. */
import { concatMap, filter, forkJoin, map, of, type OperatorFunction, toArray } from 'rxjs'
import type { Level } from '../../diffusion/level.ts'
import type { Frame } from '../../stream/frame.ts'
import { type FilmColumn, filmStrip, type FilmStripOptions } from '../picture/film-strip.ts'
import type { Written } from './files.ts'
import type { Pixels } from './pixels-of.ts'
import { encodePng } from '../format/png.ts'
import type { PngText } from '../format/png-text.ts'
import { someSteps, type Steps } from './some-steps.ts'
import { type Place, written } from './written.ts'

/** Which steps a film strip shows, how it looks, and what text its file keeps. */
export interface ToFilmStripOptions extends FilmStripOptions {
  /** Which steps; of a run that is cut short the last there was is shown as well. Default: 9, spread evenly. */
  readonly steps?: Steps
  /** How to look at latents, see {@link pixelsOf}; what it shows of x_t is not scaled. Default: as they are. */
  readonly pixels?: Pixels | undefined
  /** Keyword to text. Default: none. */
  readonly text?: PngText
}

const where = ({ t, alphaBar }: Level): string =>
  alphaBar === 1 ? 'clean' : `t ${String(Math.round(t * 10) / 10)}`

/**
 * Writes chosen steps of a run as a film strip, a PNG file: x_t after each step above the x̂₀ that it was based on.
 *
 *     frames        --a--b--c|
 *     toFilmStrip   ----------(W|)
 *
 * @remarks
 * The chosen frames are copied, and held while they are. The file is written when the frames complete, whole or not at
 * all; where no frame came or the frames fail, there is no file.
 *
 * @param place - of the PNG file, whose missing directories are made; or a stream, which is not ended
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
  place: Place,
  { steps = 9, text = {}, pixels, ...style }: ToFilmStripOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  const encode = encodePng({ text })
  const look: Pixels = pixels ?? ((images) => of(images))
  return (frames$) =>
    frames$.pipe(
      someSteps(steps),
      concatMap(({ transition: { index, to }, ...latents }) =>
        forkJoin({ xt: look(latents.xt), x0: look(latents.x0) }).pipe(
          map((images): FilmColumn & { readonly index: number } => ({
            index,
            title: [`step ${String(index + 1)}`, where(to)],
            alphaBar: pixels === undefined ? to.alphaBar : 1,
            ...images,
          })),
        ),
      ),
      toArray(),
      map((columns) => columns.toSorted((a, b) => a.index - b.index)),
      filter((columns) => columns.length > 0),
      concatMap((columns) => written(place, encode(filmStrip(style)(columns)))),
    )
}
