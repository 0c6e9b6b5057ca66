/** A sink: a run as an animated GIF. */
import type { OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { gifEnd, gifFrame, gifHeader } from '../format/gif.ts'
import { endingIn } from './ending-in.ts'
import { type ReelOptions, ticker, toReel } from './reel.ts'
import { openFile, type Written } from './files.ts'

/** What a GIF shows, and what its file keeps. */
export interface ToGifOptions extends ReelOptions {
  /** How the file was made, in ASCII; a function is asked when the run has ended. Default: nothing. */
  readonly comment?: string | (() => string)
}

/**
 * Writes a run as an animated GIF, frame by frame; plays for ever.
 *
 *     frames   --a--b--c|
 *     toGif    ----------(W|)
 *
 * @remarks
 * Up to 256 colours are exact, as those of greyscale are; more are cut to 256, for each frame anew. GIF counts time in
 * hundredths of a second and browsers slow down what is shown for less than two, so 50 frames a second are the most; frames that
 * would come faster are left out.
 *
 * However the run ends, what came is a playable file; see {@link sinkOf}.
 *
 * @param path - of the file; missing directories are made
 * @param options - which frames, how, and how long
 * @returns one notice, when the file is there; errors with FileUnwritable, BranchInvalid where no
 *   frame was of the branches, or as the frames do
 *
 * @example
 * ```ts
 * expect(toGif('out/run.gif', { show: ['xt', 'x0'], fps: 20 })).toBeTypeOf('function')
 * ```
 */
export const toGif = <T>(
  path: string,
  { comment, ...options }: ToGifOptions = {},
): OperatorFunction<Frame<T>, Written> =>
  endingIn('a GIF', ['.gif'])(
    path,
    toReel(
      'toGif',
      async (extent) => {
        const file = await openFile(path, gifHeader(extent))
        const ticks = ticker(50)
        let frames = 0
        return {
          show: async (picture, seconds) => {
            // a film of one short moment is still a film
            const hundredths = 2 * Math.max(frames === 0 ? 1 : 0, ticks(seconds))
            if (hundredths === 0) return
            frames += 1
            await file.append(gifFrame(picture, Math.min(65_535, hundredths)))
          },
          finish: async () => {
            await file.append(gifEnd(typeof comment === 'function' ? comment() : comment))
            return file.commit(frames)
          },
          abandon: file.discard,
        }
      },
      options,
    ),
  )
