/** A sink: the last images of a run, as a contact sheet. */
import { concatMap, map, of, type OperatorFunction } from 'rxjs'
import { isLast } from '../../diffusion/transition.ts'
import type { Frame } from '../../stream/frame.ts'
import { lastSnapshot } from '../../stream/snapshot.ts'
import { checkOptions } from './check-options.ts'
import { endingIn } from './ending-in.ts'
import type { Written } from './files.ts'
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
 * The file is written when the frames complete, whole or not at all; where none came or they fail, there is no file. Of a run that is cut
 * short it shows x̂₀, the images that the network had in mind, since x_t is noise for the most part, and says at which step in a title where
 * there is no other.
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
  return endingIn('a grid', ['.png'])(place, (frames$) =>
    frames$.pipe(
      lastSnapshot({ xt: true, x0: true }),
      concatMap(({ xt, x0, transition }) => {
        const whole = isLast(transition)
        const title = whole
          ? {}
          : { title: `x̂₀ at step ${String(transition.index + 1)} of ${String(transition.count)}` }
        return pixels(whole ? xt : x0).pipe(map((images) => grid({ ...title, ...look })(images)))
      }),
      concatMap((picture) => written(place, encode(picture))),
    ),
  )
}
