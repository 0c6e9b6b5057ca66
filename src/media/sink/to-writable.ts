/** Sinks that write a run into a stream of Node's: a pipe, a socket, another program (Node only). */
import type { Writable } from 'node:stream'
import type { OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'
import { encodePng } from '../format/png.ts'
import { y4mFrame, y4mHeader } from '../format/y4m.ts'
import type { Picture } from '../picture/picture.ts'
import type { RgbPicture } from '../picture/rgb.ts'
import { putInto } from './put.ts'
import { type Reel, type ReelOptions, ticker, toReel } from './reel.ts'

/** What has gone into a stream. */
export interface Streamed {
  /** How many the stream was handed; a reader who goes away leaves the last of them. */
  readonly bytes: number
  /** How many frames of the run it shows. */
  readonly frames: number
}

/** Which pictures go into a stream, and whether it is ended after them. */
export interface ToWritableOptions extends ReelOptions {
  /** Whether the stream is ended when the run is; `process.stdout` is not to be. Default: true. */
  readonly end?: boolean
}

/** Pictures as bytes, for a stream. */
export interface StreamFormat {
  /** What comes before the first. */
  readonly header?: (extent: Pick<Picture, 'width' | 'height'>, fps: number) => Uint8Array
  readonly frame: (picture: RgbPicture) => Uint8Array
}

/**
 * Writes a run's pictures into a stream, in a format of your own.
 *
 *     frames       --a--b--c|
 *     toWritable   ----------(S|)
 *
 * @remarks
 * The run waits for the stream. A reader who goes away (`| head`) ends the run and is no error. Pictures come at a steady
 * rate: one that is shown longer comes several times, as the last does for `hold` seconds.
 *
 * @param writable - is ended when the run is, unless said
 * @param format - how a picture becomes bytes
 * @param options - which frames, how, and how long
 * @returns one notice at the end; errors as the stream or the frames do, and with BranchInvalid where no
 *   frame was of the branches
 *
 * @example
 * ```ts
 * import { createWriteStream } from 'node:fs'
 * const sink = toWritable(createWriteStream('/dev/null'), { frame: ({ data }) => data.subarray(0, 3) })
 * expect(sink).toBeTypeOf('function')
 * ```
 */
export const toWritable = <T>(
  writable: Writable,
  { header, frame }: StreamFormat,
  { end = true, ...options }: ToWritableOptions = {},
): OperatorFunction<Frame<T>, Streamed> => {
  const { fps = 25 } = options
  return toReel(
    'toWritable',
    (extent): Promise<Reel<Streamed>> => {
      const put = putInto(writable)
      const ticks = ticker(fps)
      let [bytes, frames] = [0, 0]
      const write = async (piece: Uint8Array): Promise<void> => {
        if (!writable.destroyed) bytes += piece.length
        await put(piece)
      }
      return Promise.resolve({
        show: async (picture, seconds) => {
          if (frames === 0 && header !== undefined) await write(header(extent, fps))
          const times = Math.max(frames === 0 ? 1 : 0, ticks(seconds))
          const piece = frame(picture)
          for (let i = 0; i < times; i += 1) await write(piece)
          frames += times > 0 ? 1 : 0
        },
        finish: async () => {
          if (end && !writable.destroyed)
            await new Promise<void>((done) => {
              writable.once('close', done)
              writable.end(() => done())
            })
          return { bytes, frames }
        },
        abandon: () => Promise.resolve(),
      })
    },
    options,
  )
}

/**
 * Writes a run into a stream as YUV4MPEG2, which ffmpeg, mpv and others read: `… | ffmpeg -i - -pix_fmt yuv420p run.mp4`. See {@link toWritable}.
 *
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * expect(toY4m(new PassThrough(), { fps: 20 })).toBeTypeOf('function')
 * ```
 */
export const toY4m = <T>(
  writable: Writable,
  options?: ToWritableOptions,
): OperatorFunction<Frame<T>, Streamed> =>
  toWritable(writable, { header: y4mHeader, frame: y4mFrame }, options)

/**
 * Writes a run into a stream as bare RGB, three bytes a pixel; whoever reads it has to know the size. See {@link toWritable}.
 *
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * expect(toRaw(new PassThrough(), { scale: 1 })).toBeTypeOf('function')
 * ```
 */
export const toRaw = <T>(
  writable: Writable,
  options?: ToWritableOptions,
): OperatorFunction<Frame<T>, Streamed> => toWritable(writable, { frame: ({ data }) => data }, options)

/**
 * Writes a run into a stream as PNG files one after the other, which `ffmpeg -f png_pipe -i -` reads. See {@link toWritable}.
 *
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * expect(toPngPipe(new PassThrough())).toBeTypeOf('function')
 * ```
 */
export const toPngPipe = <T>(
  writable: Writable,
  options?: ToWritableOptions,
): OperatorFunction<Frame<T>, Streamed> => toWritable(writable, { frame: encodePng({ level: 3 }) }, options)
