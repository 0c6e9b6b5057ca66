import { PassThrough } from 'node:stream'
import { lastValueFrom, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Values64 } from '../../../src/algebra/float64.ts'
import { pictures } from '../../../src/media/sink/pictures.ts'
import { toApng } from '../../../src/media/sink/to-apng.ts'
import { toTrajectory } from '../../../src/media/sink/to-arrays.ts'
import { toFilmStrip } from '../../../src/media/sink/to-film-strip.ts'
import { toGif } from '../../../src/media/sink/to-gif.ts'
import { toGrid } from '../../../src/media/sink/to-grid.ts'
import { toPngSequence } from '../../../src/media/sink/to-png-sequence.ts'
import { toReport } from '../../../src/media/sink/to-report.ts'
import { toVideo } from '../../../src/media/sink/to-video.ts'
import { toY4m } from '../../../src/media/sink/to-writable.ts'
import { toWritableStream } from '../../../src/media/sink/to-writable-stream.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { discRun } from '../support/runs.ts'

type Sink = (frames$: Observable<Frame<Values64>>) => Observable<unknown>
const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: {} }

describe('sinks refuse', () => {
  it.each<readonly [told: string, sink: () => Sink]>([
    ['toGif: fps is 0', () => toGif('x.gif', { fps: 0 })],
    ['toVideo: fps is NaN', () => toVideo('x.mp4', { fps: NaN })],
    ['toApng: fps is -25', () => toApng('x.apng', { fps: -25 })],
    ['toWritable: fps is Infinity', () => toY4m(new PassThrough(), { fps: Infinity })],
    ['toGif: hold is -1', () => toGif('x.gif', { hold: -1 })],
    ['toGif: scale is 1.5', () => toGif('x.gif', { scale: 1.5 })],
    ['toGrid: scale is 0', () => toGrid('x.png', { scale: 0 })],
    ['toGrid: columns is 2.5', () => toGrid('x.png', { columns: 2.5 })],
    ['toFilmStrip: scale is NaN', () => toFilmStrip('x.png', { scale: NaN })],
    ['toFilmStrip: steps is 0', () => toFilmStrip('x.png', { steps: 0 })],
    ['toFilmStrip: steps is []', () => toFilmStrip('x.png', { steps: [] })],
    ['toReport: steps is [1, -1]', () => toReport('x.html', { provenance, steps: [1, -1] })],
    ['toVideo: every is 0', () => toVideo('x.mp4', { every: 0 })],
    ['toPngSequence: every is 1.5', () => toPngSequence('x/', { every: 1.5 })],
    ['toTrajectory: every is 0', () => toTrajectory('x.npz', { every: 0 })],
    ['toTrajectory: it has no fields', () => toTrajectory('x.npz', { fields: [] })],
    ['toWritableStream: columns is 0', () => toWritableStream(new WritableStream(), Object, { columns: 0 })],
    ['pictures: scale is -1', () => pictures({ scale: -1 })],
  ])('%s', (told, sink) => {
    const [operator, reason] = told.split(': ') as [string, string]
    expect(sink).toThrow(
      expect.objectContaining({
        _tag: 'OperatorInvalid',
        operator,
        reason: expect.stringContaining(reason) as string,
      }),
    )
  })

  it('a pace that is none, when its step comes', async () => {
    const sink = toY4m<Values64>(new PassThrough().resume(), { pace: ({ index }) => (index === 1 ? NaN : 1) })
    await expect(lastValueFrom(discRun().frames$.pipe(sink))).rejects.toMatchObject({
      operator: 'toWritable',
      reason: 'its pace shows step 2 for NaN seconds',
    })
  })
})
