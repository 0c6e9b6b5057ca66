/** A sink: a run as an animated PNG. */
import type { OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { apngCount, apngCountAt, apngEnd, apngFrame, apngHeader } from '../format/apng.ts'
import type { PngText } from '../format/png-text.ts'
import { endingIn } from './ending-in.ts'
import { type ReelOptions, toReel } from './reel.ts'
import { openFile, type Written } from './files.ts'

/** What an animated PNG shows, and what its file keeps. */
export interface ToApngOptions extends ReelOptions {
  /** Keyword to text. Default: none. */
  readonly text?: PngText
}

/**
 * Writes a run as an animated PNG, frame by frame, lossless; plays for ever.
 *
 *     frames   --a--b--c|
 *     toApng   ----------(W|)
 *
 * @remarks
 * However the run ends, what came is a playable file; see {@link sinkOf}. Where the file is a pipe, its count of frames
 * can't be put right at the end, and readers that trust it see one.
 *
 * @param path - of the file; missing directories are made
 * @param options - which frames, how, and how long; text to keep
 * @returns one notice, when the file is there; errors with FileUnwritable, BranchInvalid where no
 *   frame was of the branches, or as the frames do
 *
 * @example
 * ```ts
 * expect(toApng('out/run.apng', { show: ['xt', 'x0'] })).toBeTypeOf('function')
 * ```
 */
export const toApng = <T>(
  path: string,
  { text, ...options }: ToApngOptions = {},
): OperatorFunction<Frame<T>, Written> =>
  endingIn('an animated PNG', ['.apng', '.png'])(
    path,
    toReel(
      'toApng',
      async (extent) => {
        const file = await openFile(path, apngHeader(extent))
        let frames = 0
        return {
          show: async (picture, seconds) => {
            await file.append(await apngFrame(picture, frames, seconds))
            frames += 1
          },
          finish: async () => {
            await file.append(apngEnd(text))
            await file.amend(apngCount(frames), apngCountAt)
            return file.commit(frames)
          },
          abandon: file.discard,
        }
      },
      options,
    ),
  )
