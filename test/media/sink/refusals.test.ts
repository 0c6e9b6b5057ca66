import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { EMPTY, lastValueFrom, map, type Observable, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Values64 } from '../../../src/algebra/float64.ts'
import { E } from '../../../src/fp.ts'
import { toOutputs } from '../../../src/media/output/to-outputs.ts'
import { toApng } from '../../../src/media/sink/to-apng.ts'
import { toArrays, toTrajectory } from '../../../src/media/sink/to-arrays.ts'
import { toFilmStrip } from '../../../src/media/sink/to-film-strip.ts'
import { toGif } from '../../../src/media/sink/to-gif.ts'
import { toGrid } from '../../../src/media/sink/to-grid.ts'
import { toNpy } from '../../../src/media/sink/to-npy.ts'
import { toReport } from '../../../src/media/sink/to-report.ts'
import { toVideo } from '../../../src/media/sink/to-video.ts'
import { toY4m } from '../../../src/media/sink/to-writable.ts'
import { inBranch } from '../../../src/stream/branch.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { discRun } from '../support/runs.ts'

type Sink = (frames$: Observable<Frame<Values64>>) => Observable<unknown>
const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: {} }

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-refusals-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

describe('a name that says something else is refused before the run begins', () => {
  it.each<readonly [name: string, endings: string, sink: (path: string) => Sink]>([
    ['x.png', 'a GIF ends in .gif', toGif],
    ['x.gif', 'an animated PNG ends in .apng, .png', toApng],
    ['x.foo', 'an array ends in .npy, .npz, .safetensors', toTrajectory],
    ['x.csv', 'an array ends in .npy, .npz, .safetensors', toArrays],
    ['x.npz', 'an array ends in .npy', toNpy],
    ['x.jpg', 'a grid ends in .png', toGrid],
    ['x.jpg', 'a film strip ends in .png', toFilmStrip],
    ['x.txt', 'a report ends in .html, .htm', (path) => toReport(path, { provenance })],
  ])('%s where the name of %s', async (name, endings, sink) => {
    const { frames$, count } = discRun()
    await expect(lastValueFrom(frames$.pipe(sink(join(room, name))))).rejects.toMatchObject({
      _tag: 'FileUnwritable',
      reason: `the name of ${endings}`,
    })
    expect([count.calls, readdirSync(room)]).toEqual([0, []])
  })

  it('and one that says nothing, as that of a pipe, is not', async () => {
    await lastValueFrom(discRun().frames$.pipe(toGif(join(room, 'pipe'))))
    expect(existsSync(join(room, 'pipe'))).toBe(true)
  })
})

describe('branches that a run has not are refused', () => {
  const branches = { ddpm: 'DDPM', ddim: 'DDIM' }
  const sinks: ReadonlyArray<readonly [name: string, sink: () => Sink]> = [
    ['toGif', () => toGif(join(room, 'x.gif'), { branches })],
    ['toApng', () => toApng(join(room, 'x.apng'), { branches })],
    ['toVideo', () => toVideo(join(room, 'x.mp4'), { branches })],
    ['toFilmStrip', () => toFilmStrip(join(room, 'x.png'), { branches })],
    ['toY4m', () => toY4m(new PassThrough().resume(), { branches })],
  ]

  it.each(sinks)('by %s', async (_, sink) => {
    const { frames$ } = discRun()
    await expect(lastValueFrom(frames$.pipe(sink()))).rejects.toMatchObject({
      _tag: 'BranchInvalid',
      message: 'The branch ddpm or ddim is not possible: the run does not fork.',
    })
    await expect(lastValueFrom(frames$.pipe(map(inBranch('plms')), sink()))).rejects.toMatchObject({
      reason: 'the run has plms',
    })
    expect(readdirSync(room)).toEqual([])
  })

  it.each(sinks)('but not by %s where nothing came', async (_, sink) => {
    expect(await lastValueFrom(EMPTY.pipe(sink(), toArray()))).toEqual([])
  })

  it('among outputs, where each branch has a file of its own', async () => {
    const output = { kind: 'grid', path: join(room, 'x.png') } as const
    const told = await lastValueFrom(discRun().frames$.pipe(toOutputs([output], { branches, provenance })))
    expect(told).toMatchObject({ result: E.left({ reason: 'the run does not fork' }) })
    expect(readdirSync(room)).toEqual([])
  })
})
