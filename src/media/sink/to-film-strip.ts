/** A sink: a run's chosen steps, as a film strip. */
import {
  concatMap,
  filter,
  forkJoin,
  groupBy,
  map,
  mergeMap,
  type Observable,
  of,
  type OperatorFunction,
  toArray,
} from 'rxjs'
import type { Values } from '../../algebra/algebra.ts'
import { stackRows } from '../../algebra/stack-rows.ts'
import type { Level } from '../../diffusion/level.ts'
import { isLast } from '../../diffusion/transition.ts'
import { branchOf } from '../../stream/branch.ts'
import type { Frame } from '../../stream/frame.ts'
import { cutShort } from '../picture/film.ts'
import { type FilmColumn, filmStrip, type FilmStripOptions } from '../picture/film-strip.ts'
import { branchIn } from './branch-in.ts'
import { checkOptions } from './check-options.ts'
import { expectBranches } from './expect-branches.ts'
import { endingIn } from './ending-in.ts'
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
  /** Of a fork's frames: a caption for each branch, in the order of its rows. Default: the frames are one run's. */
  readonly branches?: Readonly<Record<string, string>>
  /** Keyword to text. Default: none. */
  readonly text?: PngText
}

const where = ({ t, alphaBar }: Level): string =>
  alphaBar === 1 ? 'clean' : `t ${String(Math.round(t * 10) / 10)}`

/** A column, and after how many steps it comes. */
interface Chosen extends FilmColumn {
  readonly index: number
  /** That the run ends here and its chain does not, should it be the last. */
  readonly cut: string | undefined
  readonly xt: Values
  readonly x0: Values
}

/** The strips of branches as one: a branch that has fewer columns stays as it ended. */
const sideBySide = (strips: ReadonlyArray<readonly Chosen[]>): readonly FilmColumn[] => {
  const longest = strips.toSorted((a, b) => b.length - a.length)[0] ?? []
  return longest.map((column, k) => {
    const here = strips.flatMap((strip) => strip[k] ?? strip.at(-1) ?? [])
    return { ...column, xt: stackRows(here.map(({ xt }) => xt)), x0: stackRows(here.map(({ x0 }) => x0)) }
  })
}

/**
 * Writes chosen steps of a run as a film strip, a PNG file: x_t after each step above the x̂₀ that it was based on.
 *
 *     frames        --a--b--c|
 *     toFilmStrip   ----------(W|)
 *
 * @remarks
 * The chosen frames are copied, and held while they are. The file is written when the frames complete, whole or not at
 * all; where no frame came or the frames fail, there is no file. A run that is cut short has that for a title, where there is no other. Of a fork each branch has rows of its own, and the headers are those of
 * the branch with the most columns.
 *
 * @param place - of the PNG file, whose missing directories are made; or a stream, which is not ended
 * @param options - which steps, and those of {@link filmStrip}
 * @returns one notice, when the file is there; errors with FileUnwritable, BranchInvalid where no
 *   frame was of the branches, or as the frames do
 * @throws OperatorInvalid for steps or a scale that no strip has
 *
 * @example
 * ```ts
 * const sink = toFilmStrip('out/film.png', { steps: 7, captions: ['sneaker', 'bag'] })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const toFilmStrip = <T>(
  place: Place,
  { steps = 9, text = {}, pixels, branches, captions = [], ...style }: ToFilmStripOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  checkOptions('toFilmStrip', { steps, ...style })
  const encode = encodePng({ text })
  const named = endingIn('a film strip', ['.png'])
  const look: Pixels = pixels ?? ((images) => of(images))
  const columnsOf = (frames$: Observable<Frame<T>>): Observable<readonly Chosen[]> =>
    frames$.pipe(
      someSteps(steps),
      concatMap(({ transition, ...latents }) => {
        const { index, to } = transition
        return forkJoin({ xt: look(latents.xt), x0: look(latents.x0) }).pipe(
          map((images): Chosen => ({
            index,
            cut: isLast(transition) ? undefined : cutShort(transition),
            title: [`step ${String(index + 1)}`, where(to)],
            alphaBar: pixels === undefined ? to.alphaBar : 1,
            ...images,
          })),
        )
      }),
      toArray(),
      map((columns) => columns.toSorted((a, b) => a.index - b.index)),
      filter((columns) => columns.length > 0),
    )
  const write = (
    columns: readonly FilmColumn[],
    names: readonly string[],
    cut: string | undefined,
  ): Observable<Written> =>
    written(
      place,
      encode(filmStrip({ ...(cut === undefined ? {} : { title: cut }), ...style, captions: names })(columns)),
    )
  if (branches === undefined)
    return named(place, (frames$) =>
      frames$.pipe(
        columnsOf,
        concatMap((columns) => write(columns, captions, columns.at(-1)?.cut)),
      ),
    )

  const names = Object.keys(branches)
  return named(place, (frames$) =>
    frames$.pipe(
      expectBranches(branches),
      groupBy((frame) => branchIn(branches, branchOf(frame).path ?? [])),
      mergeMap((branch$) =>
        branch$.pipe(
          columnsOf,
          map((columns) => ({ branch: branch$.key, columns })),
        ),
      ),
      toArray(),
      map((all) => names.flatMap((name) => all.filter(({ branch }) => branch === name))),
      filter((all) => all.length > 0),
      concatMap((all) => {
        const rows = all[0]?.columns[0]?.xt.shape[0] ?? 0
        const told = all.flatMap(({ branch = '' }) =>
          Array.from({ length: rows }, (_, row) =>
            [branches[branch], captions[row]].filter(Boolean).join(' '),
          ),
        )
        const cuts = all.map(({ columns }) => columns.at(-1)?.cut)
        return write(
          sideBySide(all.map(({ columns }) => columns)),
          told,
          cuts.find((cut) => cut !== undefined),
        )
      }),
    ),
  )
}
