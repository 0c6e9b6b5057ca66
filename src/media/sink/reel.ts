/** What films that play have in common: how long each picture is shown. */
import type { Observable, OperatorFunction } from 'rxjs'
import { fail } from '../../failure.ts'
import type { Transition } from '../../diffusion/transition.ts'
import type { Branch } from '../../stream/branch.ts'
import type { Frame } from '../../stream/frame.ts'
import type { Picture } from '../picture/picture.ts'
import type { RgbPicture } from '../picture/rgb.ts'
import { branchPictures } from './branch-pictures.ts'
import { checkOptions } from './check-options.ts'
import { pictures } from './pictures.ts'
import { samplePictures } from './sample-pictures.ts'
import type { Pictured, PicturesOptions } from './shown.ts'
import { type Making, ReaderGone, sinkOf } from './sink.ts'

/** How long the picture of a step is shown, in seconds. */
export type Pace = (transition: Transition) => number

/** Which frames a reel shows, how, and how long. */
export interface ReelOptions extends PicturesOptions {
  /** Frames a second. Default: 25. */
  readonly fps?: number
  /** How long the last picture stays, in seconds, on top of its own time. Default: 1. */
  readonly hold?: number
  /** How long each picture is shown. Default: one frame's time, so that the film runs by steps. */
  readonly pace?: Pace
  /** Of a fork's frames: a caption for each branch, as {@link branchPictures} has it. Default: the frames are one run's. */
  readonly branches?: Readonly<Record<string, string>>
  /**
   * What goes by: the `steps` of all samples, or the finished `samples` one after the other, as along a route between some of them, see
   * {@link samplePictures}. Default: `steps`.
   */
  readonly over?: 'steps' | 'samples'
}

/**
 * Films that run by log-SNR instead of by steps: each step is shown as long as it goes far in `log(ᾱ/(1−ᾱ))`.
 *
 * @param seconds - how long the whole film is to be
 * @param range - of the log-SNR; what lies beyond is cut off, as the clean level (where it is infinite) has to be. Default: from −10 to 10
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 1, from: { t: 9, alphaBar: 0 }, to: { t: 4, alphaBar: 0.5 }, at: 9 }
 * expect(paceByLogSnr(8)(step)).toBe(4)
 * ```
 */
export const paceByLogSnr = (seconds: number, [least, most]: readonly [number, number] = [-10, 10]): Pace => {
  const logSnr = (alphaBar: number): number =>
    Math.min(most, Math.max(least, Math.log(alphaBar / (1 - alphaBar))))
  return ({ from, to }) => (seconds * Math.abs(logSnr(to.alphaBar) - logSnr(from.alphaBar))) / (most - least)
}

/** Something that plays, in the making. */
export interface Reel<Done> {
  readonly show: (picture: RgbPicture, seconds: number) => Promise<void>
  readonly finish: () => Promise<Done>
  readonly abandon: () => Promise<void>
}

/**
 * A sink that plays. It keeps one picture back, since the last one is held.
 *
 * @param operator - what the sink is called, for refusals
 * @param open - begins with the extent of all pictures
 * @param options - which frames, how, and how long
 * @throws OperatorInvalid for numbers that no film can be made with; what the pace says of a step is the sink's error
 *
 * @example
 * ```ts
 * const seen: number[] = []
 * const reel = { show: async (_: Picture, seconds: number) => void seen.push(seconds), finish: async () => seen, abandon: async () => undefined }
 * expect(toReel('toFlipbook', async () => reel, { fps: 10 })).toBeTypeOf('function')
 * ```
 */
export const toReel = <T, Done>(
  operator: string,
  open: (extent: Pick<Picture, 'width' | 'height'>) => Promise<Reel<Done>>,
  { fps = 25, hold = 1, pace = () => 1 / fps, branches, over = 'steps', ...options }: ReelOptions,
): OperatorFunction<Frame<T>, Done> => {
  checkOptions(operator, { fps, hold, ...options })
  const timeOf = (transition: Transition): number => {
    const seconds = pace(transition)
    if (Number.isFinite(seconds) && seconds >= 0) return seconds
    throw fail('OperatorInvalid', {
      operator,
      reason: `its pace shows step ${String(transition.index + 1)} for ${String(seconds)} seconds`,
    })
  }
  const sink = sinkOf(({ picture: extent }: Pictured): Making<Pictured, Done> => {
    let reel: Promise<Reel<Done>> | undefined
    let kept: { readonly picture: RgbPicture; readonly seconds: number } | undefined
    const show = async (longer: number): Promise<void> => {
      const opened = await (reel ??= open(extent))
      if (kept !== undefined) await opened.show(kept.picture, kept.seconds + longer)
      kept = undefined
    }
    return {
      take: async ({ picture, transition }) => {
        await show(0)
        kept = { picture, seconds: timeOf(transition) }
      },
      finish: async () => {
        try {
          await show(hold)
        } catch (error) {
          if (!(error instanceof ReaderGone)) throw error
        }
        return (await (reel ??= open(extent))).finish()
      },
      abandon: async () => {
        // what did not open has nothing to be removed
        const opened = await reel?.catch(() => undefined)
        await opened?.abandon()
      },
    }
  })
  return (frames$) =>
    over === 'samples'
      ? frames$.pipe(samplePictures(options), sink)
      : branches === undefined
        ? frames$.pipe(pictures(options), sink)
        : (frames$ as Observable<Frame<T> & Branch>).pipe(branchPictures(branches, options), sink)
}

/**
 * Turns times into whole ticks so that errors do not add up.
 *
 * @param rate - ticks a second
 * @returns a function of the seconds of each piece, one after the other
 *
 * @example
 * ```ts
 * const ticks = ticker(10)
 * expect([0.25, 0.25, 0.25, 0.25].map(ticks)).toEqual([3, 2, 3, 2])
 * ```
 */
export const ticker = (rate: number): ((seconds: number) => number) => {
  let [due, told] = [0, 0]
  return (seconds) => {
    due += seconds * rate
    const ticks = Math.round(due) - told
    told += ticks
    return ticks
  }
}
