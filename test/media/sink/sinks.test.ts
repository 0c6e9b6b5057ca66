import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, filter, lastValueFrom, type Observable, take, throwError, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../../src/algebra/float64.ts'
import { ddim, ddpm } from '../../../src/diffusion/rule.ts'
import { linearSchedule } from '../../../src/diffusion/schedule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { E, O } from '../../../src/fp.ts'
import { filmStrip } from '../../../src/media/picture/film-strip.ts'
import { grid } from '../../../src/media/picture/grid.ts'
import { toChannelsFirst } from '../../../src/algebra/layout.ts'
import { decodeNpy } from '../../../src/media/format/npy.ts'
import { belowTitle } from '../../../src/media/picture/title.ts'
import type { Picture } from '../../../src/media/picture/picture.ts'
import { pngText } from '../../../src/media/format/png-text.ts'
import { encodePng } from '../../../src/media/format/png.ts'
import { toFilmStrip } from '../../../src/media/sink/to-film-strip.ts'
import { toGrid } from '../../../src/media/sink/to-grid.ts'
import { toNpy } from '../../../src/media/sink/to-npy.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { fork } from '../../../src/stream/fork.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { respace } from '../../../src/stream/respace.ts'
import { finalSnapshot, lastSnapshot, snapshot } from '../../../src/stream/snapshot.ts'
import { decoded } from '../support/golden-picture.ts'
import { discs } from '../support/synthetic-images.ts'

const x0 = discs(2, 6, 3)

/** Knows what the image is to be. */
const model: Denoiser<Values64> = {
  algebra: float64,
  predicts: 'sample',
  schedule: linearSchedule(),
  shape: [6, 6, 3],
  range: 1,
  predict: () => [{ output: float64.fromValues(x0) }],
}

const frames$: Observable<Frame<Values64>> = respace(model.schedule, trailing(6)).pipe(
  denoise({ model, rule: ddim(), noise: philox({ seed: 7 }), batch: 2 }),
)

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-sinks-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

/** Whether a PNG file holds just these pixels; `toEqual` would take seconds. */
const shows = (path: string, picture: Picture): boolean => {
  const [found, wanted] = [decoded(readFileSync(path)), decoded(encodePng()(picture))]
  return found.width === wanted.width && Buffer.compare(found.rgba, wanted.rgba) === 0
}

const sinks = {
  toGrid: (path: string) => toGrid<Values64>(path),
  toFilmStrip: (path: string) => toFilmStrip<Values64>(path),
  toNpy: (path: string) => toNpy<Values64>(path),
}

describe.each(Object.entries(sinks))('%s', (_, sink) => {
  it('emits one notice, when the file is there', async () => {
    const path = join(room, 'made', 'file')
    const notices = await lastValueFrom(frames$.pipe(sink(path), toArray()))
    expect(notices).toEqual([{ path, bytes: readFileSync(path).length }])
  })

  it('passes errors on and writes nothing then', async () => {
    const broken$ = concat(
      frames$.pipe(take(2)),
      throwError(() => new Error('the model broke')),
    )
    await expect(lastValueFrom(broken$.pipe(sink(join(room, 'file'))))).rejects.toThrow('the model broke')
    expect(readdirSync(room)).toEqual([])
  })

  it('fails where the file cannot be written', async () => {
    await expect(lastValueFrom(frames$.pipe(sink(room)))).rejects.toMatchObject({
      _tag: 'FileUnwritable',
      reason: 'it is a directory',
    })
  })

  it('writes what came where the run is cut short, and nothing where nothing came', async () => {
    const path = join(room, 'file')
    expect(await lastValueFrom(frames$.pipe(take(0), sink(path), toArray()))).toEqual([])
    expect(readdirSync(room)).toEqual([])
    expect(await lastValueFrom(frames$.pipe(take(2), sink(path), toArray()))).toHaveLength(1)
  })
})

describe('toGrid', () => {
  it('shows x̂₀ of a run that was cut short, and says so', async () => {
    const path = join(room, 'cut.png')
    await lastValueFrom(frames$.pipe(take(2), toGrid(path)))
    const { x0 } = await lastValueFrom(frames$.pipe(take(2), lastSnapshot({ x0: true })))
    expect(shows(path, grid({ title: 'x̂₀ at step 2 of 6' })(x0))).toBe(true)
  })

  it('shows the last x_t and keeps the text', async () => {
    const [path, captions] = [join(room, 'grid.png'), ['a', 'b']]
    await lastValueFrom(frames$.pipe(toGrid(path, { captions, text: { Comment: 'seed 7' } })))
    const { xt } = await finalSnapshot(frames$)
    expect(shows(path, grid({ captions })(xt))).toBe(true)
    expect(pngText(readFileSync(path))).toEqual(O.some({ Comment: 'seed 7' }))
  })
})

describe('toNpy', () => {
  it('holds the last x_t, channels first', async () => {
    const path = join(room, 'x.npy')
    await lastValueFrom(frames$.pipe(toNpy(path)))
    const { xt } = await finalSnapshot(frames$)
    const { shape, data } = toChannelsFirst(xt)
    expect(shape).toEqual([2, 3, 6, 6])
    expect(decodeNpy(path)(readFileSync(path))).toEqual(E.right({ shape, data: Float32Array.from(data) }))
  })
})

describe('toFilmStrip', () => {
  it.each([
    { steps: 3, shown: [0, 3, 5] },
    { steps: [1, 5], shown: [1, 5] },
    { steps: undefined, shown: [0, 1, 2, 3, 4, 5] },
  ])('shows the steps $shown for steps: $steps', async ({ steps, shown }) => {
    const path = join(room, 'film.png')
    await lastValueFrom(frames$.pipe(toFilmStrip(path, steps === undefined ? {} : { steps })))
    const all = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
    const names = ['t 832', 't 666', 't 499', 't 332', 't 166', 'clean']
    const columns = shown.flatMap((index) => {
      const frame = all[index]
      const title = [`step ${String(index + 1)}`, names[index] ?? ''] as const
      return frame === undefined ? [] : [{ ...frame, title, alphaBar: frame.transition.to.alphaBar }]
    })
    expect(shows(path, filmStrip()(columns))).toBe(true)
  })

  it('gives each branch of a fork rows of its own, in the order that is asked for', async () => {
    const path = join(room, 'fork.png')
    const noise = philox({ seed: 7 })
    const steps$ = respace(model.schedule, trailing(6))
    const rules = { noisy: ddpm(), still: ddim() }
    const by = (name: keyof typeof rules) => denoise({ model, rule: rules[name], noise, batch: 2 })
    await lastValueFrom(
      steps$.pipe(
        fork({ noisy: by('noisy'), unseen: by('noisy'), still: by('still') }),
        toFilmStrip(path, {
          steps: [2, 5],
          branches: { still: 'DDIM', noisy: 'DDPM' },
          captions: ['left', 'right'],
        }),
      ),
    )
    const alone = (name: keyof typeof rules) =>
      lastValueFrom(
        steps$.pipe(
          by(name),
          snapshot({ xt: true, x0: true }),
          filter(({ transition: { index } }) => index === 2 || index === 5),
          toArray(),
        ),
      )
    const [still, noisy] = [await alone('still'), await alone('noisy')]
    const both = (field: 'xt' | 'x0', k: number) => ({
      shape: [4, 6, 6, 3],
      data: Float64Array.of(...still[k]![field].data, ...noisy[k]![field].data),
    })
    const columns = still.map(({ transition: { index, to } }, k) => ({
      title: [`step ${index + 1}`, to.alphaBar === 1 ? 'clean' : `t ${to.t}`] as const,
      alphaBar: to.alphaBar,
      xt: both('xt', k),
      x0: both('x0', k),
    }))
    const captions = ['DDIM left', 'DDIM right', 'DDPM left', 'DDPM right']
    expect(decoded(readFileSync(path))).toEqual(decoded(encodePng()(filmStrip({ captions })(columns))))
  })
})

describe.each<readonly [name: string, sink: (path: string) => ReturnType<typeof toGrid<Values64>>]>([
  ['toGrid', toGrid],
  ['toFilmStrip', toFilmStrip],
])('%s', (_, sink) => {
  it('has for a title that the run was cut short, where it was', async () => {
    const heights: number[] = []
    for (const steps of [6, 2]) {
      const path = join(room, `${String(steps)}.png`)
      await lastValueFrom(frames$.pipe(take(steps), sink(path)))
      heights.push(decoded(readFileSync(path)).height)
    }
    const [whole = 0, cut = 0] = heights
    expect(cut - whole).toBe(belowTitle('') - belowTitle(undefined))
  })
})
