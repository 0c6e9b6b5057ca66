/** Video by ffmpeg, as a process of its own: what it is told, and what is heard of it (Node only). */
import { type ChildProcessByStdio, execFile, type ExecFileException, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fail, type Failure, type FailureOf } from '../../failure.ts'
import { E, type TE } from '../../fp.ts'
import type { Picture } from '../picture/picture.ts'

/** How a video is encoded. */
export type Codec = 'h264' | 'av1' | 'vp9' | 'lossless' | 'webp'

/** What ffmpeg has to know of a codec. */
interface Encoder {
  /** Its name in ffmpeg. */
  readonly name: string
  /** The name of the file format in ffmpeg. */
  readonly format: string
  readonly settings: readonly string[]
  /** The smallest size, where pictures become YUV at half the resolution of colour, for which sizes have to be even. */
  readonly subsampled?: number
}

/** The colours of sRGB, in a video's words: on the frames for the container, and on the encoder for its own stream. */
const tagged = 'setparams=color_primaries=bt709:color_trc=bt709'
const tags: readonly string[] = ['-color_primaries', 'bt709', '-color_trc', 'bt709']

const encoders: Readonly<Record<Codec, Encoder>> = {
  h264: {
    name: 'libx264',
    format: 'mp4',
    settings: ['-preset', 'medium', '-crf', '18', '-movflags', '+faststart'],
    subsampled: 2,
  },
  av1: {
    name: 'libsvtav1',
    format: 'mp4',
    settings: ['-preset', '8', '-crf', '30', '-movflags', '+faststart'],
    subsampled: 64,
  },
  vp9: {
    name: 'libvpx-vp9',
    format: 'webm',
    settings: ['-crf', '30', '-b:v', '0', '-row-mt', '1', '-cpu-used', '4'],
    subsampled: 2,
  },
  lossless: {
    name: 'libx264rgb',
    format: 'matroska',
    settings: ['-vf', tagged, ...tags, '-qp', '0'],
  },
  webp: {
    name: 'libwebp_anim',
    format: 'webp',
    settings: ['-quality', '85', '-loop', '0'],
  },
}

// an untagged rgb24 → yuv420p is BT.601, and players that take it for BT.709 show other colours
const yuv = (least: number): readonly string[] => {
  const even = (size: string): string => `'max(${String(least)},ceil(${size}/2)*2)'`
  const pad = `pad=${even('iw')}:${even('ih')}:(ow-iw)/2:(oh-ih)/2:0xfafafa`
  return [
    ...['-vf', `${pad},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,${tagged}`],
    ...['-colorspace', 'bt709', '-color_range', 'tv', ...tags],
  ]
}

/** A video to be encoded. */
export interface Encoding {
  /** Where ffmpeg writes. */
  readonly place: string
  /** How people call that. */
  readonly path: string
  readonly codec: Codec
  readonly extent: Pick<Picture, 'width' | 'height'>
  /** Frames a second. */
  readonly fps: number
  /** How the file was made, kept in it. */
  readonly comment?: string | undefined
}

/**
 * What ffmpeg is told: RGB comes in by its standard input.
 *
 * @example
 * ```ts
 * const extent = { width: 4, height: 2 }
 * const told = ffmpegArguments({ place: 'x.part', path: 'x.mp4', codec: 'h264', extent, fps: 25 })
 * expect(told).toContain('libx264')
 * expect(told.at(-1)).toBe('file:x.part')
 * ```
 */
export const ffmpegArguments = ({ place, codec, extent, fps, comment }: Encoding): readonly string[] => {
  const { name, format, settings, subsampled } = encoders[codec]
  return [
    ...['-hide_banner', '-loglevel', 'error', '-xerror', '-y'],
    ...[
      '-f',
      'rawvideo',
      '-pixel_format',
      'rgb24',
      '-video_size',
      `${String(extent.width)}x${String(extent.height)}`,
    ],
    ...['-framerate', String(fps), '-i', 'pipe:0', '-an'],
    ...(subsampled === undefined ? [] : yuv(subsampled)),
    ...['-c:v', name, ...settings],
    ...(comment === undefined ? [] : ['-metadata', `comment=${comment}`]),
    ...['-f', format, `file:${place}`],
  ]
}

/** The ffmpeg of this machine: what FFMPEG_PATH names, else the one on the PATH. */
const binary = (): string => process.env['FFMPEG_PATH'] ?? 'ffmpeg'

const missing = (path: string, reason: string): FailureOf<'EncoderMissing'> =>
  fail('EncoderMissing', { path, encoder: 'ffmpeg', reason })

const unstartable = (path: string): FailureOf<'EncoderMissing'> =>
  missing(
    path,
    process.env['FFMPEG_PATH'] === undefined
      ? 'there is none on the PATH (FFMPEG_PATH can name it)'
      : `FFMPEG_PATH names ${process.env['FFMPEG_PATH']}, which can't be run`,
  )

/** How long an ffmpeg may think about what it has, in ms: it is a matter of milliseconds. */
const PATIENCE = 5000

/** What became of the question, where no answer came. */
const unanswered = (path: string, error: ExecFileException, timeout: number): FailureOf<'EncoderMissing'> => {
  const ours = `the one here (${binary()}) can't say what it has`
  if (error.killed === true) return missing(path, `${ours}: it gives no answer within ${timeout / 1000} s`)
  if (typeof error.code === 'number') return missing(path, `${ours}: it ended with code ${error.code}`)
  return typeof error.signal === 'string'
    ? missing(path, `${ours}: it was ended by ${error.signal}`)
    : unstartable(path)
}

/**
 * Whether a video could be encoded here, found out before anything is computed.
 *
 * @param path - of the video, for the failure's sentence
 * @param codec - which it would take
 * @param timeout - how long ffmpeg may take to answer, in ms
 * @returns EncoderMissing where there is no ffmpeg, it fails or says nothing in time, or lacks the encoder
 *
 * @example
 * ```ts
 * const known = await checkCodec('run.mp4', 'h264')()
 * expect(E.isRight(known) || known.left._tag === 'EncoderMissing').toBe(true)
 * ```
 */
export const checkCodec =
  (
    path: string,
    codec: Codec,
    timeout: number = PATIENCE,
  ): TE.TaskEither<FailureOf<'EncoderMissing'>, void> =>
  () =>
    new Promise((answer) => {
      execFile(binary(), ['-hide_banner', '-encoders'], { timeout, killSignal: 'SIGKILL' }, (error, said) => {
        const { name } = encoders[codec]
        if (error !== null) answer(E.left(unanswered(path, error, timeout)))
        else if (!said.split(/\s+/).includes(name))
          answer(E.left(missing(path, `the one here has no ${name}`)))
        else answer(E.right(undefined))
      })
    })

/** How many bytes may wait for ffmpeg, so that it has some to go on with while a step is computed. */
const waiting = 8 * 2 ** 20

/** An ffmpeg at work. */
export interface Ffmpeg {
  /** Writes to its input, which keeps the bytes; settles when there is room for more, and rejects with why it ended. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  /** Ends its input; settles when it has written the file, and rejects with why it could not. */
  readonly finish: () => Promise<void>
  /** Ends it, whatever it is doing; settles when it is gone. */
  readonly kill: () => Promise<void>
}

/** What of the system's words are no fault of the encoder. */
const troubles = [
  ['No space left on device', 'the disk is full'],
  ['Disk quota exceeded', 'the disk quota is used up'],
  ['File too large', 'it would be too large for the file system'],
] as const

/** Some formats lose the end of a file, and ffmpeg is content. */
const isLost = (said: string): boolean => /Error (writing|closing)/.test(said)

/** What ffmpeg's last words mean. */
const verdict = (path: string, said: string, how: string): Failure => {
  const unwritable = troubles.find(([words]) => said.includes(words))
  if (unwritable !== undefined) return fail('FileUnwritable', { path, reason: unwritable[1] })
  const unknown = /Unknown encoder '([^']+)'/.exec(said)?.[1]
  if (unknown !== undefined) return missing(path, `the one here has no ${unknown}`)
  // what it says first is the cause, and the rest what follows from it
  const [first = how] = said.split('\n').flatMap((line) => line.replace(/^\[[^\]]*\]\s*/, '').trim() || [])
  return fail('EncoderFailed', { path, encoder: 'ffmpeg', reason: first.replace(/\.$/, '') })
}

/**
 * Starts ffmpeg.
 *
 * @param encoding - what it is to do
 *
 * @example
 * ```ts no-run
 * const extent = { width: 16, height: 16 }
 * const { write, finish } = startFfmpeg({ place: 'x.mp4', path: 'x.mp4', codec: 'h264', extent, fps: 25 })
 * await write(new Uint8Array(3 * 16 * 16))
 * await finish()
 * ```
 */
export const startFfmpeg = (encoding: Encoding): Ffmpeg => {
  const { path, place } = encoding
  const child: ChildProcessByStdio<Writable, null, Readable> = spawn(binary(), ffmpegArguments(encoding), {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Ctrl-C is for us: we end its input, and it finishes the file
    detached: true,
    windowsHide: true,
    env: { ...process.env, SVT_LOG: '1' },
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 8192)
  })
  // a closed input is told by how the process ends
  child.stdin.on('error', () => undefined)
  const ended = new Promise<Failure | undefined>((done) => {
    child.on('error', () => done(unstartable(path)))
    child.on('close', (code, signal) => {
      const how = signal === null ? `it ended with code ${String(code)}` : `it was ended by ${signal}`
      // people know the file by the path that they asked for
      const words = said.replaceAll(`file:${place}`, path).replaceAll(place, path)
      done(code === 0 && !isLost(said) ? undefined : verdict(path, words, how))
    })
  })
  const unexpected = async (): Promise<never> => {
    throw (await ended) ?? fail('EncoderFailed', { path, encoder: 'ffmpeg', reason: 'it ended too early' })
  }
  return {
    write: async (bytes) => {
      const refused = await new Promise<boolean>((done) => {
        if (child.stdin.destroyed) {
          done(true)
          return
        }
        child.stdin.write(bytes, (error) => done(error !== null && error !== undefined))
        if (child.stdin.writableLength <= waiting) done(false)
      })
      if (refused) await unexpected()
    },
    finish: async () => {
      child.stdin.end()
      const failure = await ended
      if (failure !== undefined) throw failure
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
