/** The frames of a fork as pictures: a tile for each branch. */
import { concat, concatMap, defer, filter, map, type OperatorFunction } from 'rxjs'
import type { Branch } from '../../stream/branch.ts'
import type { Frame } from '../../stream/frame.ts'
import { tones } from '../picture/canvas.ts'
import { projector, samplesOf } from '../picture/film.ts'
import { branchIn } from './branch-in.ts'
import { expectBranches } from './expect-branches.ts'
import { type Pictured, type PicturesOptions, shownSteps } from './shown.ts'

/** The latest of each branch whenever one comes round again, and at the end. */
const rounds =
  <A extends { readonly branch: string }>(): OperatorFunction<
    A,
    { readonly last: A; readonly latest: ReadonlyMap<string, A> }
  > =>
  (items$) =>
    defer(() => {
      const latest = new Map<string, A>()
      const fresh = new Set<string>()
      let last: A | undefined
      const round = () => (last === undefined ? [] : [{ last, latest: new Map(latest) }])
      return concat(
        items$.pipe(
          concatMap((item) => {
            const over = fresh.has(item.branch) ? round() : []
            if (over.length > 0) fresh.clear()
            latest.set(item.branch, item)
            fresh.add(item.branch)
            last = item
            return over
          }),
        ),
        defer(round),
      )
    })

/**
 * Pictures of a fork's frames: a tile for each branch, in each all of its samples.
 *
 *     frames           --(d1 e1)--(d2 e2)|
 *     branchPictures   -----------(P1)---(P2|)
 *
 * @remarks
 * Each round of the fork gives one picture, when the next begins; a branch that has ended stays as it is. It errors with BranchInvalid where
 * frames came, and none of them was of these branches.
 *
 * @param branches - a caption for each, by the name that the fork gave it, in the order of the tiles; a branch of a branch is `outer/inner`
 * @param options - which frames, and the look of {@link FilmLook}; `captions` are those of the branches
 *
 * @example
 * ```ts
 * const sink = branchPictures({ ddpm: 'DDPM', ddim: 'DDIM, η = 0' }, { heading: stepHeading })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const branchPictures =
  <T>(
    branches: Readonly<Record<string, string>>,
    { captions: _, columns, ...options }: PicturesOptions = {},
  ): OperatorFunction<Frame<T> & Branch, Pictured> =>
  (frames$) =>
    defer(() => {
      const samples = samplesOf(options, Object.keys(branches).length)
      const tile = projector(columns === undefined ? {} : { columns })
      const project = projector({
        ...options,
        captions: Object.values(branches),
        columns: Object.keys(branches).length,
      })
      return frames$.pipe(
        expectBranches(branches),
        shownSteps(options),
        map(({ path, ...shown }) => ({ ...shown, branch: branchIn(branches, path) })),
        filter(({ branch }) => branch !== undefined),
        map(({ step, branch = '', ...shown }) => ({
          ...shown,
          branch,
          transition: step.transition,
          picture: tile(samples(step), step.transition),
        })),
        rounds(),
        map(({ last: { transition, waitUntil, picture }, latest }) => {
          // a branch that has yet to begin leaves its place to paper
          const empty = { ...picture, data: new Uint8Array(picture.data.length).fill(tones.paper) }
          const tiles = Object.keys(branches).map((name) => latest.get(name)?.picture ?? empty)
          return { picture: project(tiles, transition), transition, waitUntil }
        }),
      )
    })
