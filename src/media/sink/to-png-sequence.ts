/** A sink: a run as a folder of PNG files. */
import { join } from 'node:path'
import type { OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { orThrow } from '../../or-throw.ts'
import { encodePng } from '../format/png.ts'
import type { PngText } from '../format/png-text.ts'
import { checkOptions } from './check-options.ts'
import { writeWhole, type Written } from './files.ts'
import { pictures, type Pictured, type PicturesOptions } from './pictures.ts'
import { sinkOf } from './sink.ts'

/** Which frames are written, how they look, and what text each file keeps. */
export interface ToPngSequenceOptions extends PicturesOptions {
  /** Keyword to text. Default: none. */
  readonly text?: PngText
}

/**
 * Writes each frame as a PNG file of its own: `0001.png`, `0002.png`, … by the number of the step, with as many digits
 * as the chain needs, and four at least.
 *
 *     frames          --a--b--c|
 *     toPngSequence   ----------(W|)
 *
 * @remarks
 * A file that is there already is replaced, others stay. Each file is written whole or not at all.
 *
 * @param folder - where the files go; made where it is missing
 * @param options - which frames, and how they look
 * @returns one notice for the whole folder; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * expect(toPngSequence('out/frames/', { every: 5 })).toBeTypeOf('function')
 * ```
 */
export const toPngSequence = <T>(
  folder: string,
  { text = {}, ...options }: ToPngSequenceOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  checkOptions('toPngSequence', options)
  // a run has many files, so they are written fast rather than small
  const encode = encodePng({ text, level: 3 })
  const sink = sinkOf(() => {
    let [frames, bytes] = [0, 0]
    return {
      take: async ({ picture, transition: { index, count } }: Pictured) => {
        const name = `${String(index + 1).padStart(Math.max(4, String(count).length), '0')}.png`
        const file = await orThrow(writeWhole(join(folder, name), encode(picture)))
        frames += 1
        bytes += file.bytes
      },
      finish: () => Promise.resolve({ path: folder, bytes, frames }),
      // each file is whole, and stays
      abandon: () => Promise.resolve(),
    }
  })
  return (frames$) => frames$.pipe(pictures(options), sink)
}
