/** A sink: the last images of a run, as a contact sheet. */
import { concatMap, map, of, type OperatorFunction } from 'rxjs'
import { isLast } from '../../diffusion/transition.ts'
import type { Frame } from '../../stream/frame.ts'
import { lastSnapshot } from '../../stream/snapshot.ts'
import { checkOptions } from './check-options.ts'
import type { Written } from './files.ts'
import { cutShort } from '../picture/film.ts'
import { grid, type GridOptions } from '../picture/grid.ts'
import type { Pixels } from './pixels-of.ts'
import { encodePng } from '../format/png.ts'
import type { PngText } from '../format/png-text.ts'
import { type Place, written } from './written.ts'

/**
 * Writes the last x_t as a labelled grid, a PNG file.
 *
 *     frames   --a--b--c|
 *     toGrid   ----------(W|)
 *
 * @remarks
 * The file is written when the frames complete, whole or not at all; where none came or they fail, there is no file. A run that is cut short
 * has that for a title, where there is no other.
 *
 * @param place - of the PNG file, whose missing directories are made; or a stream, which is not ended
 * @param options - those of {@link grid}, text to keep in the file, and how to look at latents ({@link pixelsOf})
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 * @throws OperatorInvalid for a scale or columns that no grid has
 *
 * @example
 * ```ts
 * const sink = toGrid('out/grid.png', { captions: ['sneaker', 'bag'], text: { Software: 'rxdiffusion' } })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const toGrid = <T>(
  place: Place,
  {
    text = {},
    pixels = (images) => of(images),
    ...look
  }: GridOptions & { readonly text?: PngText; readonly pixels?: Pixels | undefined } = {},
): OperatorFunction<Frame<T>, Written> => {
  checkOptions('toGrid', look)
  const encode = encodePng({ text })
  return (frames$) =>
    frames$.pipe(
      lastSnapshot(),
      concatMap(({ xt, transition }) => {
        const title = isLast(transition) ? {} : { title: cutShort(transition) }
        return pixels(xt).pipe(map((images) => grid({ ...title, ...look })(images)))
      }),
      concatMap((picture) => written(place, encode(picture))),
    )
}
