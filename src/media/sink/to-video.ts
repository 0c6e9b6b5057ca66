/** A sink: a run as a video, encoded by ffmpeg. */
import { extname } from 'node:path'
import type { OperatorFunction } from 'rxjs'
import { fail, type FailureOf } from '../../failure.ts'
import { E, pipe, TE } from '../../fp.ts'
import { orThrow } from '../../or-throw.ts'
import type { Frame } from '../../stream/frame.ts'
import { type ReelOptions, ticker, toReel } from './reel.ts'
import { checkCodec, type Codec, startFfmpeg } from './ffmpeg.ts'
import { beginPart, type Written } from './files.ts'

/** What a video shows, and how it is encoded. */
export interface ToVideoOptions extends ReelOptions {
  /** Default: what the extension asks for, see {@link codecOf}. */
  readonly codec?: Codec
  /** How the file was made, kept in it. Default: nothing. */
  readonly comment?: string
}

const byExtension: ReadonlyMap<string, Codec> = new Map([
  ['.mp4', 'h264'],
  ['.webm', 'vp9'],
  ['.mkv', 'lossless'],
  ['.webp', 'webp'],
])

/**
 * The codec of a file: `.mp4` is H.264, `.webm` VP9, `.mkv` lossless H.264 in RGB, `.webp` animated WebP, `.av1.mp4` AV1.
 *
 * @example
 * ```ts
 * expect(['a.mp4', 'a.av1.mp4', 'a.webm', 'a.mkv', 'a.webp', 'a.avi'].map(codecOf))
 *   .toEqual(['h264', 'av1', 'vp9', 'lossless', 'webp', undefined])
 * ```
 */
export const codecOf = (path: string): Codec | undefined =>
  /\.av1\.mp4$/i.test(path) ? 'av1' : byExtension.get(extname(path).toLowerCase())

const codecFor = (path: string, codec = codecOf(path)): E.Either<FailureOf<'FileUnwritable'>, Codec> =>
  codec === undefined
    ? E.left(
        fail('FileUnwritable', {
          path,
          reason: `a video ends in .mp4, .av1.mp4, ${[...byExtension.keys()].slice(1).join(', ')}`,
        }),
      )
    : E.right(codec)

/**
 * Whether a video could be encoded here, found out before anything is computed.
 *
 * @param path - of the video
 * @returns EncoderMissing where there is no ffmpeg, or it lacks the encoder; FileUnwritable for an unknown extension
 *
 * @example
 * ```ts
 * expect(await checkVideo('run.avi')()).toMatchObject({ left: { _tag: 'FileUnwritable' } })
 * ```
 */
export const checkVideo = (
  path: string,
): TE.TaskEither<FailureOf<'EncoderMissing'> | FailureOf<'FileUnwritable'>, void> =>
  pipe(
    TE.fromEither(codecFor(path)),
    TE.chainW((codec) => checkCodec(path, codec)),
  )

/**
 * Writes a run as a video, while it runs: ffmpeg encodes in a process of its own, and what it has not taken holds the run.
 *
 *     frames    --a--b--c|
 *     toVideo   ----------(W|)
 *
 * @remarks
 * Colours are tagged BT.709, and of a `.mkv`, which keeps RGB, primaries and transfer alone. Odd sizes are padded by a line of paper where the codec needs even ones. ffmpeg is the one that
 * the environment variable FFMPEG_PATH names, else the one on the PATH.
 *
 * However the run ends, what came is a playable file; see {@link sinkOf}.
 *
 * @param path - of the file; missing directories are made
 * @param options - which frames, how, how long, and how they are encoded
 * @returns one notice, when the file is there; errors with EncoderMissing, EncoderFailed, FileUnwritable, BranchInvalid where no
 *   frame was of the branches, or as the frames do
 *
 * @example
 * ```ts
 * expect(toVideo('out/run.mp4', { show: ['xt', 'x0'], heading: stepHeading })).toBeTypeOf('function')
 * expect(toVideo('out/fork.mp4', { branches: { ddpm: 'DDPM', ddim: 'DDIM' } })).toBeTypeOf('function')
 * ```
 */
export const toVideo = <T>(
  path: string,
  { codec, comment, ...options }: ToVideoOptions = {},
): OperatorFunction<Frame<T>, Written> => {
  const { fps = 25 } = options
  return toReel(
    'toVideo',
    async (extent) => {
      const chosen = await orThrow(TE.fromEither(codecFor(path, codec)))
      const part = await beginPart(path)
      const ffmpeg = startFfmpeg({ place: part.place, path, codec: chosen, extent, fps, comment })
      const ticks = ticker(fps)
      let frames = 0
      return {
        show: async ({ data }, seconds) => {
          // a film of one short moment is still a film
          const times = Math.max(frames === 0 ? 1 : 0, ticks(seconds))
          for (let i = 0; i < times; i += 1) await ffmpeg.write(data)
          frames += times > 0 ? 1 : 0
        },
        finish: async () => {
          await ffmpeg.finish()
          return part.commit(frames)
        },
        abandon: async () => {
          await ffmpeg.kill()
          await part.discard()
        },
      }
    },
    options,
  )
}
