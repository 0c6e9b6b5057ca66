import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lastValueFrom } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ddim } from '../../src/diffusion/rule.ts'
import { toReport } from '../../src/media/sink/to-report.ts'
import { discRun } from '../media/support/runs.ts'
import { drive } from './devtools.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-report-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const said = "document.querySelector('#said').textContent"
const look = `(() => ({
  said: ${said},
  value: document.querySelector('#step').value,
  spoken: document.querySelector('#step').getAttribute('aria-valuetext'),
  current: [...document.querySelectorAll('.strip button')].findIndex((one) => one.hasAttribute('aria-current')),
  alts: [...document.querySelectorAll('.stage img')].map((one) => one.alt),
  shown: [...document.querySelectorAll('.stage img')].map((one) => one.src.length),
  cursor: document.querySelector('.cursor').getAttribute('x1'),
  focus: document.activeElement.id,
}))()`
type Look = Readonly<Record<'said' | 'value' | 'spoken' | 'cursor' | 'focus', string>> & {
  readonly current: number
  readonly alts: readonly string[]
  readonly shown: readonly number[]
}

it('opens from the disk, moves by keyboard and mouse, and complains of nothing', async () => {
  const path = join(room, 'report.html')
  const provenance = {
    version: '0',
    recipe: 'ddim & "friends" <b>',
    command: ['sample', '--labels=a b'],
    settings: { steps: 12, sampler: '</script><script>document.title = "broken"</script>' },
  }
  await lastValueFrom(
    discRun({ steps: 12, size: 12, rows: 3 }).frames$.pipe(
      toReport(path, { provenance, captions: ['<i>one</i>', 'two', 'three'], step: ddim().step }),
    ),
  )
  await drive(async (page) => {
    await page.open(pathToFileURL(path).href)
    const first = await page.evaluate<Look>(look)
    expect(first).toMatchObject({
      said: 'step 12 of 12 · clean',
      spoken: 'step 12 of 12 · clean',
      value: '11',
      current: 11,
    })
    expect(first.alts).toEqual(['x_t after step 12 of 12 · clean', 'predicted x₀ at step 12 of 12 · clean'])
    // nothing that was brought along is markup
    expect(await page.evaluate<string>('document.title')).toBe('ddim & "friends" <b>')
    expect(await page.evaluate<string>("document.querySelector('.samples figcaption').innerText")).toBe(
      '<i>one</i>',
    )

    // the strip is longer than the page is wide, and shows the step
    const inSight = `(([step, strip]) => step.left >= strip.left && step.right <= strip.right)(
      ['.strip [aria-current]', '.strip'].map((one) => document.querySelector(one).getBoundingClientRect()))`
    expect(await page.evaluate(inSight)).toBe(true)

    await page.press('Tab', 9)
    await page.press('ArrowLeft', 37)
    await page.press('ArrowLeft', 37)
    const third = await page.evaluate<Look>(look)
    expect(third).toMatchObject({ said: 'step 10 of 12 · t 166', value: '9', current: 9, focus: 'step' })
    expect(Number(third.cursor)).toBeLessThan(Number(first.cursor))
    await page.press('Home', 36)
    const start = await page.evaluate<Look>(look)
    expect(start).toMatchObject({ value: '0', current: 0 })
    expect(await page.evaluate(inSight)).toBe(true)
    // pure noise is another picture than the last one
    expect(start.shown[0]).toBeGreaterThan(first.shown[0]!)

    await page.evaluate("document.querySelectorAll('.strip button')[5].click()")
    expect(await page.evaluate<Look>(look)).toMatchObject({ said: 'step 6 of 12 · t 499', value: '5' })
    // playing goes on to the end and stops there
    await page.evaluate("document.querySelector('#play').click()")
    const atTheEnd = `new Promise((done) => { const look = () => ${said}.startsWith('step 12 ') ? done(document.querySelector('#play').textContent) : setTimeout(look, 50); look() })`
    expect(await page.evaluate<string>(atTheEnd)).toBe('Play')

    const colours = (): Promise<readonly string[]> =>
      page.evaluate('((s) => [s.backgroundColor, s.color])(getComputedStyle(document.body))')
    await page.emulate('light')
    const light = await colours()
    await page.emulate('dark')
    expect(await colours()).toEqual(['rgb(22, 23, 26)', 'rgb(236, 236, 238)'])
    expect(light).toEqual(['rgb(250, 250, 250)', 'rgb(29, 29, 31)'])
    await page.emulate('print')
    expect(await page.evaluate("getComputedStyle(document.querySelector('.controls')).display")).toBe('none')
    expect(page.complaints).toEqual([])
  })
})

it('needs a name for everything that can be worked or seen', async () => {
  const path = join(room, 'names.html')
  const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: {} }
  await lastValueFrom(discRun().frames$.pipe(toReport(path, { provenance })))
  await drive(async (page) => {
    await page.open(pathToFileURL(path).href)
    const nameless =
      await page.evaluate(`[...document.querySelectorAll('button, input, [role=img], [role=region]')]
      .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length)).length`)
    expect(nameless).toBe(0)
    expect(await page.evaluate("document.querySelectorAll('img:not([alt])').length")).toBe(0)
    expect(await page.evaluate('document.documentElement.lang')).toBe('en')
    // one thing out of the net would be one too many
    expect(
      await page.evaluate(
        "performance.getEntriesByType('resource').filter(({ name }) => !name.startsWith('data:')).length",
      ),
    ).toBe(0)
    expect(page.complaints).toEqual([])
  })
})
