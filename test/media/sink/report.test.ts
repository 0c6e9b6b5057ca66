import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { lastValueFrom, take, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Values64 } from '../../../src/algebra/float64.ts'
import { ddim } from '../../../src/diffusion/rule.ts'
import { toReport } from '../../../src/media/sink/to-report.ts'
import { toPictures } from '../../../src/media/picture/picture.ts'
import { metrics } from '../../../src/stream/operators/metrics.ts'
import { finalSnapshot } from '../../../src/stream/snapshot.ts'
import { broken, discRun } from '../support/runs.ts'

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-report-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

const provenance = {
  version: '0',
  recipe: 'ddim(eta 0)',
  command: ['sample', "--labels=it's"],
  settings: { seeds: [3, 9], clip: { mode: 'x0' }, title: '<b>' },
}
const html = (name: string): string => readFileSync(join(room, name), 'utf8')
/** Every picture of a page, in order, decoded. */
const images = (page: string) =>
  [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, data]) =>
    PNG.sync.read(Buffer.from(data!, 'base64')),
  )
const cells = (page: string): ReadonlyArray<readonly number[]> =>
  [...page.matchAll(/<tr><th scope="row">(\d+)<\/th>(.*?)<\/tr>/g)].map(([, step, row]) => [
    Number(step),
    ...[...row!.matchAll(/<td>([^<]*)<\/td>/g)].map(([, value]) => Number(value)),
  ])

describe('toReport', () => {
  it('holds the finished images as they are, and two pictures for each step', async () => {
    const { frames$ } = discRun({ steps: 5, size: 8, rows: 3 })
    const path = join(room, 'a', 'r.html')
    const told = await lastValueFrom(frames$.pipe(toReport(path, { provenance }), toArray()))
    expect(told).toEqual([{ path, bytes: readFileSync(path).length }])
    const { xt } = await finalSnapshot(frames$)
    const found = images(html('a/r.html'))
    expect(found).toHaveLength(3 + 2 * 5)
    toPictures(xt).forEach(({ data }, i) => {
      expect([...found[i]!.data].filter((_, byte) => byte % 4 !== 3)).toEqual([...data])
    })
    // three samples side by side
    expect([found[3]!.width, found[3]!.height]).toEqual([24, 8])
  })

  it('has the numbers of every step', async () => {
    const { frames$ } = discRun({ steps: 4, size: 8, rows: 2 })
    await lastValueFrom(frames$.pipe(toReport(join(room, 'r.html'), { provenance, step: ddim().step })))
    const wanted = await lastValueFrom(frames$.pipe(metrics(), toArray()))
    const rows = cells(html('r.html'))
    expect(rows.map(([step]) => step)).toEqual([1, 2, 3, 4])
    wanted.forEach(({ transition, xt, eps }, i) => {
      const [, t, alphaBar, x0, onEps, onXt, z, rmsXt, , rmsEps] = rows[i]!
      const form = ddim().step(transition)
      const close = (found: number | undefined, value: number) =>
        expect(Math.abs(found! - value)).toBeLessThanOrEqual(1e-3 * Math.abs(value))
      expect([t, onXt, z]).toEqual([transition.to.t, 0, 0])
      close(alphaBar, transition.to.alphaBar)
      close(x0, form.x0)
      close(onEps, form.eps)
      const values = 8 * 8 * 3
      const rms = (rows: typeof xt) =>
        Math.sqrt(rows.reduce((sum, { norm }) => sum + norm ** 2, 0) / (rows.length * values))
      close(rmsXt, rms(xt))
      close(rmsEps, rms(eps))
    })
  })

  it('takes what it is told for text, and says how to make it again', async () => {
    await lastValueFrom(discRun().frames$.pipe(toReport(join(room, 'r.html'), { provenance })))
    const page = html('r.html')
    expect(page).toContain('<dt>seeds</dt><dd>3, 9</dd>')
    expect(page).toContain('<dt>title</dt><dd>&lt;b&gt;</dd>')
    expect(page).toContain(
      String.raw`rxdiffusion sample &#39;--labels=it&#39;\&#39;&#39;s&#39; -o report.html`,
    )
    const data = /<script type="application\/json" id="rxdiffusion">(.*?)<\/script>/s.exec(page)?.[1]
    expect(JSON.parse(data!)).toEqual(provenance)
  })

  it('draws the numbers of a single step as points, within gridlines that are labelled', async () => {
    await lastValueFrom(
      discRun({ steps: 1 }).frames$.pipe(toReport(join(room, 'r.html'), { provenance, step: ddim().step })),
    )
    const charts = html('r.html').match(/<figure class="chart">.*?<\/figure>/gs) ?? []
    // on x̂₀; and x, x̂₀ and ε̂
    expect(charts.map((chart) => chart.match(/<circle /g)?.length)).toEqual([1, 3])
    for (const chart of charts) {
      const top = Math.min(...Array.from(chart.matchAll(/y1="([\d.]+)" y2=/g), ([, y]) => Number(y)))
      for (const [, y] of chart.matchAll(/ cy="([\d.]+)"/g)) expect(Number(y)).toBeGreaterThanOrEqual(top)
    }
  })

  it('stays small: at most 40 steps can be looked at, of pictures that are made smaller', async () => {
    const { frames$ } = discRun({ steps: 90, size: 4 })
    await lastValueFrom(frames$.pipe(toReport(join(room, 'r.html'), { provenance })))
    expect(images(html('r.html'))).toHaveLength(1 + 2 * 40)
    expect(cells(html('r.html'))).toHaveLength(90)
    await lastValueFrom(
      discRun({ steps: 1, size: 600 }).frames$.pipe(toReport(join(room, 'l.html'), { provenance })),
    )
    expect(images(html('l.html')).map(({ width }) => width)).toEqual([600, 300, 300])
  })

  it('shows a run that was cut short up to its last step, and says so', async () => {
    const { frames$ } = discRun({ steps: 90, size: 4 })
    await lastValueFrom(frames$.pipe(take(5), toReport(join(room, 'r.html'), { provenance })))
    const page = html('r.html')
    expect(page).toContain('It was cut short after 5 of 90 steps.')
    const interrupted = { ...provenance, interrupted: { steps: 5, of: 90 } }
    await lastValueFrom(frames$.pipe(take(5), toReport(join(room, 'r.html'), { provenance: interrupted })))
    expect(readFileSync(join(room, 'r.html'), 'utf8')).toContain('It was interrupted after 5 of 90 steps.')
    expect(page).toContain('data-words="step 5 of 90')
    expect(images(page).length).toBeGreaterThanOrEqual(1 + 2 * 3)
  })

  it('is not written where nothing came, or the run failed', async () => {
    const sink = toReport<Values64>(join(room, 'r.html'), { provenance })
    expect(await lastValueFrom(discRun().frames$.pipe(take(0), sink, toArray()))).toEqual([])
    await expect(lastValueFrom(broken(discRun().frames$).pipe(sink))).rejects.toThrow('the model broke')
    expect(readdirSync(room)).toEqual([])
  })
})
