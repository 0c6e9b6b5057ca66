/** A sink: a run as a folder of PNG files. */
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { defer, type OperatorFunction, tap } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { O, pipe } from '../../fp.ts'
import { orThrow } from '../../or-throw.ts'
import { encodePng } from '../format/png.ts'
import { pngText, type PngText } from '../format/png-text.ts'
import { checkOptions } from './check-options.ts'
import { unwritable, writeWhole, type Written } from './files.ts'
import { pictures, type Pictured, type PicturesOptions } from './pictures.ts'
import { sinkOf } from './sink.ts'

/** Which frames are written, how they look, and what text each file keeps. */
export interface ToPngSequenceOptions extends PicturesOptions {
  /** Keyword to text. Default: `Software` alone, by which a later run knows the file. */
  readonly text?: PngText
}

/** What each file says of who has made it, unless its text says more. */
const maker = 'rxdiffusion'

/** Whether a file is a picture of ours, by what it says of itself. */
const isOurs = async (path: string): Promise<boolean> => {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
    return pipe(
      pngText(buffer.subarray(0, bytesRead)),
      O.exists(({ Software: software = '' }) => software.startsWith(maker)),
    )
  } finally {
    await file.close()
  }
}

/** Removes the pictures that an earlier run has left in a folder, of steps that this one has passed without writing them. */
const removeEarlier = async (folder: string, first: number, names: ReadonlySet<string>): Promise<void> => {
  const left = (await readdir(folder)).filter((name) => {
    const [, step] = /^(\d{4,})\.png$/.exec(name) ?? []
    return step !== undefined && Number(step) >= first && !names.has(name)
  })
  for (const name of left) if (await isOurs(join(folder, name))) await rm(join(folder, name))
}

/**
 * Writes each frame as a PNG file of its own: `0001.png`, `0002.png`, … by the number of the step, with as many digits
 * as the chain needs, and four at least.
 *
 *     frames          --a--b--c|
 *     toPngSequence   ----------(W|)
 *
 * @remarks
 * A file that is there already is replaced. What an earlier run has left of steps from this one's first on is removed in the end; all else
 * stays, and so do the steps before those of a run that goes on from where another was cut short. Each file is written whole or not at all.
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
  const encode = encodePng({ text: { Software: maker, ...text }, level: 3 })
  const sinkFrom = (first: () => number) =>
    sinkOf(() => {
      const names = new Set<string>()
      let bytes = 0
      return {
        take: async ({ picture, transition: { index, count } }: Pictured) => {
          const name = `${String(index + 1).padStart(Math.max(4, String(count).length), '0')}.png`
          const file = await orThrow(writeWhole(join(folder, name), encode(picture)))
          names.add(name)
          bytes += file.bytes
        },
        finish: async () => {
          try {
            await removeEarlier(folder, first(), names)
          } catch (error) {
            throw unwritable(folder)(error)
          }
          return { path: folder, bytes, frames: names.size }
        },
        // each file is whole, and stays
        abandon: () => Promise.resolve(),
      }
    })
  return (frames$) =>
    defer(() => {
      let first = Infinity
      return frames$.pipe(
        tap(({ transition: { index } }) => {
          first = Math.min(first, index + 1)
        }),
        pictures(options),
        sinkFrom(() => first),
      )
    })
}
