import { spawn } from 'node:child_process'
import { PassThrough, Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { lastValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { y4mFrame, y4mHeader } from '../../../src/media/format/y4m.ts'
import { pictures } from '../../../src/media/sink/pictures.ts'
import { toGrid } from '../../../src/media/sink/to-grid.ts'
import { toPngPipe, toRaw, toWritable, toY4m } from '../../../src/media/sink/to-writable.ts'
import { toWritableStream } from '../../../src/media/sink/to-writable-stream.ts'
import '../support/ffmpeg.ts'
import { broken, discRun } from '../support/runs.ts'

describe('toY4m', () => {
  it('is read by ffmpeg, colours and all', async () => {
    const { frames$ } = discRun({ size: 32, steps: 4 })
    const reader = spawn('ffmpeg', [
      ...['-v', 'error', '-f', 'yuv4mpegpipe', '-i', '-'],
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
    ])
    const [read, complaints] = [buffer(reader.stdout), text(reader.stderr)]
    const told = await lastValueFrom(frames$.pipe(toY4m(reader.stdin, { scale: 1, hold: 0 })))
    const frame = 'FRAME\n'.length + 3 * 32 * 32
    expect(told).toEqual({
      bytes: 'YUV4MPEG2 W32 H32 F25:1 Ip A1:1 C444 XCOLORRANGE=LIMITED\n'.length + 4 * frame,
      frames: 4,
    })
    const wanted = await lastValueFrom(frames$.pipe(pictures({ scale: 1 }), toArray()))
    const bytes = await read
    expect(await complaints).toBe('')
    expect(bytes).toHaveLength(4 * 3 * 32 * 32)
    wanted.forEach(({ picture: { data } }, i) => {
      const worst = data.reduce(
        (most, byte, k) => Math.max(most, Math.abs(byte - bytes[i * data.length + k]!)),
        0,
      )
      // eight bits of YUV and back
      expect(worst).toBeLessThanOrEqual(4)
    })
  })
})

describe('YUV4MPEG2', () => {
  it('keeps pure colours for a reader who is told nothing else', async () => {
    const colours = [0, 255].flatMap((r) =>
      [0, 128, 255].flatMap((g) => [0, 255].map((b): readonly number[] => [r, g, b])),
    )
    const extent = { width: 16 * colours.length, height: 16 }
    const data = Uint8Array.from(
      Array.from({ length: 16 }, () =>
        colours.flatMap((colour) => Array.from({ length: 16 }, () => colour)),
      ).flat(2),
    )
    // such as `… | ffmpeg -i - x.png`
    const reader = spawn('ffmpeg', ['-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'])
    reader.stdin.end(Buffer.concat([y4mHeader(extent, 25), y4mFrame({ ...extent, channels: 3, data })]))
    const read = await buffer(reader.stdout)
    expect(read).toHaveLength(data.length)
    expect(Math.max(...data.map((byte, i) => Math.abs(byte - read[i]!)))).toBeLessThanOrEqual(2)
  })
})

describe('toRaw', () => {
  it('is the bytes of the pictures, and ends the stream', async () => {
    const { frames$ } = discRun({ steps: 3 })
    const pipe = new PassThrough()
    const read = buffer(pipe)
    await lastValueFrom(frames$.pipe(toRaw(pipe, { scale: 1, hold: 0 })))
    const wanted = await lastValueFrom(frames$.pipe(pictures({ scale: 1 }), toArray()))
    expect(Buffer.compare(await read, Buffer.concat(wanted.map(({ picture }) => picture.data)))).toBe(0)
  })

  it('leaves the stream open where it is told to', async () => {
    const pipe = new PassThrough().resume()
    await lastValueFrom(discRun().frames$.pipe(toRaw(pipe, { end: false })))
    expect([pipe.writableEnded, pipe.destroyed]).toEqual([false, false])
  })
})

describe('toPngPipe', () => {
  it('is read by ffmpeg', async () => {
    const reader = spawn('ffmpeg', [
      '-v',
      'error',
      '-f',
      'png_pipe',
      '-i',
      '-',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    ])
    const read = buffer(reader.stdout)
    await lastValueFrom(
      discRun({ size: 32, steps: 3 }).frames$.pipe(toPngPipe(reader.stdin, { scale: 1, hold: 0 })),
    )
    expect((await read).length).toBe(3 * 3 * 32 * 32)
  })
})

describe('a stream', () => {
  it('whose reader goes away ends the sink, and is no error', async () => {
    const { frames$, count } = discRun({ size: 64, steps: 200 })
    const head = spawn('head', ['-c', '1000'])
    const said = buffer(head.stdout)
    const [told] = await lastValueFrom(frames$.pipe(toRaw(head.stdin), toArray()))
    expect(told?.frames).toBeLessThan(200)
    expect(told?.bytes).toBeGreaterThanOrEqual(1000)
    expect(count.calls).toBeLessThan(200)
    expect(await said).toHaveLength(1000)
  })

  it.each<readonly [how: string, end: (stream: PassThrough) => unknown]>([
    ['destroyed', (stream) => stream.destroy()],
    ['ended', (stream) => stream.end()],
  ])('that was %s before can’t be written', async (_, end) => {
    const gone = new PassThrough()
    end(gone)
    const { frames$ } = discRun()
    for (const written$ of [frames$.pipe(toY4m(gone)), frames$.pipe(toGrid(gone))])
      await expect(lastValueFrom<unknown>(written$)).rejects.toMatchObject({ _tag: 'StreamUnwritable' })
  })

  it('whose reader was gone before ends the sink at once', async () => {
    const gone = new PassThrough()
    gone.on('error', () => undefined).destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await lastValueFrom(discRun().frames$.pipe(toY4m(gone), toArray()))).toEqual([
      { bytes: 0, frames: 0 },
    ])
  })

  it('that fails, fails the sink', async () => {
    const full = new Writable({
      write: (_, __, done) => {
        done(Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' }))
      },
    })
    await expect(lastValueFrom(discRun().frames$.pipe(toRaw(full)))).rejects.toThrow('ENOSPC')
  })

  it('holds the run', async () => {
    const { frames$, count } = discRun({ steps: 30 })
    const accepted: Array<() => void> = []
    const slow = new Writable({
      highWaterMark: 1,
      write: (_, __, done) => {
        accepted.push(done)
      },
    })
    const done = lastValueFrom(frames$.pipe(toWritable(slow, { frame: () => Uint8Array.of(1) }, { hold: 0 })))
    for (let i = 0; i < 5; i += 1) {
      await expect.poll(() => accepted.length).toBe(1)
      // one kept back, two in flight, one under way
      expect(count.calls).toBeLessThanOrEqual(i + 5)
      accepted.pop()?.()
    }
    const letting = setInterval(() => accepted.pop()?.(), 1)
    expect(await done).toEqual({ bytes: 30, frames: 30 })
    clearInterval(letting)
  })
})

describe('toWritableStream', () => {
  it.each<readonly [string, (stream: WritableStream<number>) => unknown, string]>([
    ['locked', (stream) => stream.getWriter(), 'it is locked, by a writer or a pipe of its own'],
    ['closed', (stream) => stream.close(), 'it is closed'],
  ])('says so where the stream is %s', async (_, spoil, reason) => {
    const stream = new WritableStream<number>()
    await spoil(stream)
    const { frames$, count } = discRun({ steps: 30 })
    await expect(lastValueFrom(frames$.pipe(toWritableStream(stream, () => 1)))).rejects.toMatchObject({
      _tag: 'StreamUnwritable',
      message: `The stream can't be written: ${reason}.`,
    })
    expect(count.calls).toBeLessThan(30)
  })

  it('writes a chunk for each picture and closes', async () => {
    const chunks: number[] = []
    let closed = false
    const stream = new WritableStream<number>({
      write: (chunk) => void chunks.push(chunk),
      close: () => {
        closed = true
      },
    })
    const { frames$ } = discRun({ steps: 4 })
    expect(await lastValueFrom(frames$.pipe(toWritableStream(stream, (_, { index }) => index)))).toBe(4)
    expect([chunks, closed]).toEqual([[0, 1, 2, 3], true])
  })

  it('closes after an error, and says what it wrote', async () => {
    let closed = false
    const stream = new WritableStream<number>({
      close: () => {
        closed = true
      },
    })
    const told: number[] = []
    const { frames$ } = discRun()
    const sink$ = broken(frames$.pipe(take(2))).pipe(toWritableStream(stream, () => 1))
    await expect(
      new Promise((_, reject) => {
        sink$.subscribe({ next: (n) => told.push(n), error: reject })
      }),
    ).rejects.toThrow('the model broke')
    expect([told, closed]).toEqual([[2], true])
  })

  it('fails with the stream', async () => {
    const stream = new WritableStream<number>({
      write: () => {
        throw new Error('no more')
      },
    })
    await expect(lastValueFrom(discRun().frames$.pipe(toWritableStream(stream, () => 1)))).rejects.toThrow(
      'no more',
    )
  })
})
