/** Frames as pictures: the isomorphic half of every film. */
import {
  concat,
  concatMap,
  defer,
  filter,
  finalize,
  forkJoin,
  map,
  type Observable,
  type OperatorFunction,
  race,
  Subject,
} from 'rxjs'
import type { Values } from '../../algebra/algebra.ts'
import type { Transition } from '../../diffusion/transition.ts'
import { identity } from '../../fp.ts'
import type { Frame, FrameField } from '../../stream/frame.ts'
import { type Branch, branchOf } from '../../stream/branch.ts'
import { everyNth } from '../../stream/operators/every-nth.ts'
import { snapshot, type Snapshot } from '../../stream/snapshot.ts'
import { tones } from '../picture/canvas.ts'
import { type FilmLook, type FilmStep, projector, samplesOf } from '../picture/film.ts'
import type { RgbPicture } from '../picture/rgb.ts'
import type { Pixels } from './pixels-of.ts'

/** A picture of a step. */
export interface Pictured {
  readonly picture: RgbPicture
  readonly transition: Transition
  /** Holds the run as the frame's own does. */
  readonly waitUntil: Frame<unknown>['waitUntil']
}

/** Which frames are shown, and how. */
export interface PicturesOptions extends FilmLook {
  /** Every how manieth frame is shown; the chain's last one always is. Default: 1, all of them. */
  readonly every?: number
  /** How to look at latents, see {@link pixelsOf}. Default: as they are. */
  readonly pixels?: Pixels | undefined
}

type Copy = Snapshot<never> & Partial<Record<FrameField, Values>>

/** The numbers that a picture is made of. */
interface Shown {
  readonly step: FilmStep
  readonly branch: string
  readonly waitUntil: Frame<unknown>['waitUntil']
}

/** What a decoder makes of each of the fields. */
const decode = (pixels: Pixels, copy: Copy): Observable<FilmStep> =>
  forkJoin(
    Object.fromEntries(
      (['xt', 'x0', 'eps'] as const).flatMap((field) => {
        const values = copy[field]
        return values === undefined ? [] : [[field, pixels(values)] as const]
      }),
    ),
  ).pipe(map((images) => ({ transition: copy.transition, decoded: true, ...images })))

/** The steps as a decoder shows them, in order, each held meanwhile. */
const decoded =
  (pixels: Pixels): OperatorFunction<Copy, FilmStep & Pick<Copy, 'waitUntil'>> =>
  (copies$) =>
    defer(() => {
      const cancelled = new Subject<never>()
      return copies$.pipe(
        map((copy) => {
          const done = new Subject<never>()
          copy.waitUntil(race(done, cancelled))
          return decode(pixels, copy).pipe(
            map((step) => ({ ...step, ...branchOf(copy), waitUntil: copy.waitUntil })),
            finalize(() => done.complete()),
          )
        }),
        concatMap(identity),
        finalize(() => cancelled.complete()),
      )
    })

const shownOf =
  <T>({ every = 1, pixels, show = ['xt'] }: PicturesOptions): OperatorFunction<Frame<T>, Shown> =>
  (frames$) =>
    frames$.pipe(
      everyNth(every),
      snapshot(Object.fromEntries(show.map((field) => [field, true]))),
      pixels === undefined ? identity : decoded(pixels),
      map((step): Shown => ({ step, branch: branchOf(step).branch ?? '', waitUntil: step.waitUntil })),
    )

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
export const pictures =
  <T>(options: PicturesOptions = {}): OperatorFunction<Frame<T>, Pictured> =>
  (frames$) =>
    defer(() => {
      const samples = samplesOf(options)
      const project = projector(options)
      return frames$.pipe(
        shownOf(options),
        map(({ step, waitUntil }) => ({
          picture: project(samples(step), step.transition),
          transition: step.transition,
          waitUntil,
        })),
      )
    })

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
 * Each round of the fork gives one picture, when the next begins; a branch that has ended stays as it is.
 *
 * @param branches - a caption for each, by the name that the fork gave it, in the order of the tiles
 * @param options - which frames, and the look of {@link FilmLook}; `captions` are those of the branches
 *
 * @example
 * ```ts
 * const sink = branchPictures({ ddpm: 'DDPM', ddim: 'DDIM, η = 0' }, { heading: stepHeading })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const branchPictures =
  <T, K extends string>(
    branches: Readonly<Record<K, string>>,
    { captions: _, columns, ...options }: PicturesOptions = {},
  ): OperatorFunction<Frame<T> & Branch<K>, Pictured> =>
  (frames$) =>
    defer(() => {
      const samples = samplesOf(options)
      const tile = projector(columns === undefined ? {} : { columns })
      const project = projector({
        ...options,
        captions: Object.values<string>(branches),
        columns: Object.keys(branches).length,
      })
      return frames$.pipe(
        shownOf(options),
        filter(({ branch }) => branch in branches),
        map(({ step, ...shown }) => ({
          ...shown,
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
