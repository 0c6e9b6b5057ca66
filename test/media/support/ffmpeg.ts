/** ffmpeg and ffprobe as independent readers. */
import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

const exec = promisify(execFile)

if (spawnSync('ffprobe', ['-version']).error !== undefined)
  throw new Error('These tests need ffmpeg and ffprobe: install them (on Debian: apt-get install ffmpeg).')

/** What ffprobe says of the one stream of a file; frames are counted by decoding them. */
export const probe = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const { stdout } = await exec('ffprobe', [
    ...['-v', 'error', '-count_frames', '-show_streams', '-show_format', '-of', 'json', path],
  ])
  const { streams, format } = JSON.parse(stdout) as {
    streams: ReadonlyArray<Record<string, unknown>>
    format: Record<string, unknown>
  }
  return { ...streams[0], file: format, streams: streams.length }
}

/** Every frame of a file, as RGB. */
export const decodedFrames = async (
  path: string,
  ...options: readonly string[]
): Promise<readonly Buffer[]> => {
  const { width, height } = (await probe(path)) as { width: number; height: number }
  const { stdout } = await exec(
    'ffmpeg',
    [
      '-v',
      'error',
      ...options,
      '-i',
      path,
      '-fps_mode',
      'passthrough',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    ],
    { encoding: 'buffer', maxBuffer: 1 << 30 },
  )
  const size = 3 * width * height
  return Array.from({ length: stdout.length / size }, (_, i) => stdout.subarray(i * size, (i + 1) * size))
}
