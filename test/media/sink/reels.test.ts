import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom, type OperatorFunction, take, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Values64 } from '../../../src/algebra/float64.ts'
import { type ReelOptions, paceByLogSnr } from '../../../src/media/sink/reel.ts'
import type { Written } from '../../../src/media/sink/files.ts'
import { pictures } from '../../../src/media/sink/pictures.ts'
import { toApng } from '../../../src/media/sink/to-apng.ts'
import { toGif } from '../../../src/media/sink/to-gif.ts'
import { toPngSequence } from '../../../src/media/sink/to-png-sequence.ts'
import { toVideo } from '../../../src/media/sink/to-video.ts'
import { resume } from '../../../src/stream/resume.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { settled } from '../../../src/stream/settled.ts'
import { decodedFrames, probe } from '../support/ffmpeg.ts'
import { decoded } from '../support/golden-picture.ts'
import { broken, discRun } from '../support/runs.ts'

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-clips-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

type Sink = (path: string, options?: ReelOptions) => OperatorFunction<Frame<Values64>, Written>
const sinks: Readonly<Record<string, Sink>> = {
  'x.apng': toApng,
  'x.gif': toGif,
  'x.mp4': toVideo,
  'x.av1.mp4': toVideo,
  'x.webm': toVideo,
  'x.mkv': toVideo,
  'x.webp': toVideo,
}
const names = Object.keys(sinks)
/** What ffmpeg 5 can read: it writes animated WebP, and does not read it. */
const readable = names.filter((name) => name !== 'x.webp')

const parts = (): readonly string[] => readdirSync(room).filter((name) => name.endsWith('.part'))
/** ffmpeg's own readers of APNG and GIF repeat and time frames as they like; `-vsync` is told to pass them on. */
const framesOf = async (path: string): Promise<number> => (await decodedFrames(path)).length

describe.each(names)('%s', (name) => {
  const write = (options: ReelOptions = {}): OperatorFunction<Frame<Values64>, Written> =>
    sinks[name]!(join(room, name), options)

  it('tells once what it wrote, and leaves nothing else', async () => {
    const { frames$ } = discRun({ size: 32 })
    const told = await lastValueFrom(frames$.pipe(write({ hold: 0 }), toArray()))
    expect(told).toEqual([
      { path: join(room, name), bytes: readFileSync(join(room, name)).length, frames: 6 },
    ])
    expect(readdirSync(room)).toEqual([name])
  })

  it('is whole after a run that was cut short, failed, or was left', async () => {
    const { frames$ } = discRun({ size: 32, steps: 20 })
    const cut = await lastValueFrom(frames$.pipe(take(5), write({ hold: 0 }), toArray()))
    expect(cut).toMatchObject([{ frames: 5 }])

    const told: unknown[] = []
    await expect(
      new Promise((_, reject) => {
        broken(frames$.pipe(take(4)))
          .pipe(write({ hold: 0 }))
          .subscribe({ next: (notice) => told.push(notice), error: reject })
      }),
    ).rejects.toThrow('the model broke')
    expect(told).toMatchObject([{ frames: 4 }])

    rmSync(join(room, name))
    let seen = 0
    await new Promise<void>((enough) => {
      const running = frames$.pipe(write({ hold: 0 })).subscribe({ error: enough })
      const counting = frames$.subscribe(() => {
        seen += 1
        if (seen < 8) return
        counting.unsubscribe()
        running.unsubscribe()
        enough()
      })
    })
    await settled(frames$)
    expect(parts()).toEqual([])
    expect(existsSync(join(room, name))).toBe(true)
    if (readable.includes(name)) expect(await framesOf(join(room, name))).toBeGreaterThan(0)
  })

  it('is not written where nothing came', async () => {
    expect(await lastValueFrom(discRun().frames$.pipe(take(0), write(), toArray()))).toEqual([])
    expect(readdirSync(room)).toEqual([])
  })

  it('holds one frame, of an odd size', async () => {
    const told = await lastValueFrom(
      discRun({ steps: 1, size: 33 }).frames$.pipe(write({ scale: 1, hold: 0 })),
    )
    expect(told.frames).toBe(1)
    if (!readable.includes(name)) return
    expect(await framesOf(told.path)).toBe(1)
    const subsampled = ['x.mp4', 'x.av1.mp4', 'x.webm'].includes(name)
    const size = name === 'x.av1.mp4' ? 64 : subsampled ? 34 : 33
    expect(await probe(told.path)).toMatchObject({ width: size, height: size })
  })

  it.each([
    ['its directory is a file', () => join(import.meta.filename, name)],
    ['it is a directory', () => room],
  ])('refuses a path where nothing can be: %s', async (reason, path) => {
    const codec = name === 'x.webm' ? 'vp9' : 'h264'
    const sink = toVideo === sinks[name] ? toVideo<Values64>(path(), { codec }) : sinks[name]!(path())
    await expect(lastValueFrom(discRun().frames$.pipe(sink))).rejects.toMatchObject({
      _tag: 'FileUnwritable',
      reason,
    })
  })

  it('says so when the disk is full', async () => {
    const codec = name === 'x.webm' ? 'vp9' : 'h264'
    const sink =
      toVideo === sinks[name] ? toVideo<Values64>('/dev/full', { codec }) : sinks[name]!('/dev/full')
    await expect(lastValueFrom(discRun({ size: 64 }).frames$.pipe(sink))).rejects.toMatchObject({
      message: "/dev/full can't be written: the disk is full.",
    })
  })
})

describe.each(readable)('%s, as ffmpeg reads it', (name) => {
  it('has the frames, the size, and the last one held', async () => {
    const { frames$ } = discRun({ size: 32, steps: 10 })
    const path = join(room, name)
    await lastValueFrom(frames$.pipe(sinks[name]!(path, { fps: 10, hold: 1, scale: 2 })))
    const found = await probe(path)
    expect(found).toMatchObject({ width: 64, height: 64, streams: 1 })
    // video repeats a picture that stays, the others say how long it does
    const repeats = !['x.apng', 'x.gif'].includes(name)
    expect(await framesOf(path)).toBe(repeats ? 20 : 10)
    if (repeats) expect(Number((found['file'] as { duration: string }).duration)).toBeCloseTo(2, 1)
  })
})

describe('colours', () => {
  it.each(['x.mp4', 'x.webm', 'x.av1.mp4'])('of %s are tagged and come out as they went in', async (name) => {
    const { frames$ } = discRun({ size: 64, steps: 3 })
    const path = join(room, name)
    await lastValueFrom(frames$.pipe(toVideo(path, { scale: 1, hold: 0 })))
    expect(await probe(path)).toMatchObject({
      pix_fmt: 'yuv420p',
      color_range: 'tv',
      color_space: 'bt709',
      color_primaries: 'bt709',
      color_transfer: 'bt709',
    })
    // the last picture is smooth but for its edges
    const last = (await decodedFrames(path)).at(-1)!
    const seen = await lastValueFrom(frames$.pipe(pictures({ scale: 1 })))
    const middle = 3 * (32 * 64 + 32)
    for (let c = 0; c < 3; c += 1)
      expect(Math.abs(last[middle + c]! - seen.picture.data[middle + c]!)).toBeLessThanOrEqual(4)
  })

  it.each([
    ['x.apng', 3],
    ['x.mkv', 3],
    ['x.gif', 1],
  ])('of %s are exact, with %i channels', async (name, channels) => {
    const { frames$ } = discRun({ size: 40, steps: 5, channels, rows: 2 })
    const path = join(room, name)
    const look = { show: ['xt', 'x0'], scale: 2, captions: ['disc', 'ring'] } as const
    await lastValueFrom(frames$.pipe(sinks[name]!(path, { ...look, hold: 0 })))
    const wanted = await lastValueFrom(frames$.pipe(pictures(look), toArray()))
    const found = await decodedFrames(path)
    expect(found).toHaveLength(5)
    if (name === 'x.mkv')
      expect(await probe(path)).toMatchObject({ color_primaries: 'bt709', color_transfer: 'bt709' })
    wanted.forEach(({ picture }, i) => expect(Buffer.compare(found[i]!, picture.data)).toBe(0))
  })

  it('of a GIF in colour are near', async () => {
    const { frames$ } = discRun({ size: 64, steps: 5 })
    await lastValueFrom(frames$.pipe(toGif(join(room, 'x.gif'), { scale: 1, hold: 0 })))
    const found = await decodedFrames(join(room, 'x.gif'))
    const wanted = await lastValueFrom(frames$.pipe(pictures({ scale: 1 }), toArray()))
    wanted.forEach(({ picture: { data } }, i) => {
      const error = data.reduce((sum, byte, k) => sum + (byte - found[i]![k]!) ** 2, 0) / data.length
      expect(10 * Math.log10(255 ** 2 / error)).toBeGreaterThan(26)
    })
  })
})

describe('time', () => {
  it('runs by log-SNR where it is asked to', async () => {
    const { frames$ } = discRun({ size: 32, steps: 10 })
    const path = join(room, 'x.mp4')
    await lastValueFrom(frames$.pipe(toVideo(path, { fps: 20, hold: 0, pace: paceByLogSnr(5) })))
    // from ᾱ = 4e-5 at t 999 to the clean level
    expect((await decodedFrames(path)).length).toBeGreaterThan(90)
    expect((await decodedFrames(path)).length).toBeLessThanOrEqual(101)
  })
})

describe('toPngSequence', () => {
  it('writes what it shows, by the number of the step', async () => {
    const { frames$ } = discRun({ steps: 7, size: 8 })
    const told = await lastValueFrom(frames$.pipe(toPngSequence(join(room, 'a/b/'), { every: 3, scale: 2 })))
    expect(readdirSync(join(room, 'a/b')).toSorted()).toEqual(['0003.png', '0006.png', '0007.png'])
    expect(told).toMatchObject({ path: join(room, 'a/b/'), frames: 3 })
    const last = await lastValueFrom(frames$.pipe(pictures({ scale: 2 })))
    const { rgba } = decoded(readFileSync(join(room, 'a/b/0007.png')))
    expect([...rgba].filter((_, i) => i % 4 !== 3)).toEqual([...last.picture.data])
  })

  it('leaves nothing of an earlier run, and what is not its own', async () => {
    const folder = join(room, 'f')
    const steps = (count: number, options = {}) =>
      lastValueFrom(discRun({ steps: count, size: 8 }).frames$.pipe(toPngSequence(folder, options)))
    await steps(9)
    for (const name of ['2024.png', 'notes.txt', '0012.png']) writeFileSync(join(folder, name), 'a picture')
    await steps(5, { every: 2, text: { Software: 'rxdiffusion 0' } })
    const others = ['0012.png', '2024.png', 'notes.txt']
    expect(readdirSync(folder).toSorted()).toEqual(['0002.png', '0004.png', '0005.png', ...others])
  })

  it('keeps the steps before those of a run that goes on', async () => {
    const { frames$ } = discRun({ steps: 6, size: 8 })
    const folder = join(room, 'f')
    await lastValueFrom(frames$.pipe(take(3), toPngSequence(folder)))
    await lastValueFrom(frames$.pipe(take(3), resume(), toPngSequence(folder)))
    expect(readdirSync(folder)).toHaveLength(6)
  })
})
