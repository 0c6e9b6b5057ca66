/** The numbers that pictures of a run are made of: chosen frames, copied, and decoded where they are latents. */
import {
  concatMap,
  defer,
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
import { branchOf } from '../../stream/branch.ts'
import type { Frame, FrameField } from '../../stream/frame.ts'
import { everyNth } from '../../stream/operators/every-nth.ts'
import { lastSnapshot, snapshot, type Snapshot } from '../../stream/snapshot.ts'
import type { FilmLook, FilmStep } from '../picture/film.ts'
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
export interface Shown {
  readonly step: FilmStep
  /** The names of the branches that the step is of, the outermost first; none of a run that does not fork. */
  readonly path: readonly string[]
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

const asShown = (pixels: Pixels | undefined): OperatorFunction<Copy, Shown> => {
  const look: OperatorFunction<Copy, FilmStep & Pick<Copy, 'waitUntil'>> =
    pixels === undefined ? identity : decoded(pixels)
  return (copies$) =>
    copies$.pipe(
      look,
      map((step): Shown => ({ step, path: branchOf(step).path ?? [], waitUntil: step.waitUntil })),
    )
}

const fieldsOf = ({ show = ['xt'] }: PicturesOptions): Readonly<Partial<Record<FrameField, true>>> =>
  Object.fromEntries(show.map((field) => [field, true]))

/** What is shown of every chosen step. */
export const shownSteps =
  <T>(options: PicturesOptions): OperatorFunction<Frame<T>, Shown> =>
  (frames$) =>
    frames$.pipe(everyNth(options.every ?? 1), snapshot(fieldsOf(options)), asShown(options.pixels))

/** What is shown of the last step there was. */
export const shownEnd =
  <T>(options: PicturesOptions): OperatorFunction<Frame<T>, Shown> =>
  (frames$) =>
    frames$.pipe(lastSnapshot(fieldsOf(options)), asShown(options.pixels))
