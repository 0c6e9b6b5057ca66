import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { consistencyCommand, type ConsistencyFlags } from '../../src/cli/consistency.ts'
import type { RunEvent } from '../../src/cli/run-event.ts'
import type { TableContext } from '../../src/cli/tabulate.ts'
import { exitCode } from '../../src/cli/exit-code.ts'

const run = async (
  flags: ConsistencyFlags,
  controller = new AbortController(),
  more: Partial<TableContext> = {},
) => {
  const said: string[] = []
  const printed: string[] = []
  const code = await consistencyCommand(flags, {
    print: (text) => printed.push(text),
    terminal: { write: (text: string) => said.push(text) },
    signal: controller.signal,
    ...more,
  })
  return { code, said, printed }
}

describe('consistency', () => {
  it('shows that x_T decides more of DDIM’s images than of DDPM’s (arXiv:2010.02502, sec. 5.2)', async () => {
    const { code, said, printed } = await run({ steps: '10,3', labels: 'boot,bag', engine: 'onnx' })
    expect(code).toBe(exitCode.ok)
    expect(said[0]).toMatch(/^2 samples of one x_T: how far they are from those of 10 steps, onnxruntime/)
    expect(printed[0]?.trim()).toMatch(/^S +ddim\(eta 0\) +ddpm\(fixed-small\)$/)
    const rows = printed.slice(1).map((row) => row.trim().split(/ +/).map(Number))
    expect(rows.map(([steps]) => steps)).toEqual([3, 10])
    const [[, ddim = NaN, ddpm = NaN] = [], last] = rows
    expect(ddim).toBeGreaterThan(0)
    expect(ddpm).toBeGreaterThan(1.5 * ddim)
    expect(last).toEqual([10, 0, 0])
  })

  it('refuses what sample refuses, before anything is printed', async () => {
    expect(await run({ steps: '5,2000', engine: 'onnx' })).toEqual({
      code: exitCode.refused,
      said: ['2000 steps were asked for, but the schedule has only 1000 timesteps.\n'],
      printed: [],
    })
    expect(await run({ steps: 'few' })).toMatchObject({ code: exitCode.refused, printed: [] })
    expect(await run({ steps: '5', sampler: ['dimm'] })).toMatchObject({ code: exitCode.refused })
  })

  it('tells each row to programs, and writes the table into files', async () => {
    const events: RunEvent[] = []
    const room = mkdtempSync(join(tmpdir(), 'rxdiffusion-table-'))
    const output = ['t.csv', 't.json'].map((name) => join(room, name))
    const { code, said, printed } = await run(
      { steps: '1,2', labels: 'boot', sampler: ['ddim'], engine: 'onnx', output },
      undefined,
      { report: (event) => events.push(event), quiet: true },
    )
    expect([code, said, printed]).toEqual([exitCode.ok, [], []])
    expect(events.map(({ event }) => event)).toEqual(['begin', 'row', 'row', 'wrote', 'wrote', 'end'])
    const rows = events.flatMap((event) => (event.event === 'row' ? [event.row] : []))
    expect(rows.map(({ steps }) => steps)).toEqual([1, 2])
    expect(rows.at(-1)).toEqual({ steps: 2, 'ddim(eta 0)': 0 })
    const [csv = '', json = ''] = output.map((path) => readFileSync(path, 'utf8'))
    expect(csv).toBe(`steps,ddim(eta 0)\r\n1,${String(rows[0]?.['ddim(eta 0)'])}\r\n2,0\r\n`)
    expect(JSON.parse(json)).toEqual(rows)
    rmSync(room, { recursive: true })
  })

  it.each<readonly [flags: Partial<ConsistencyFlags>, sentence: string]>([
    [{ output: ['t.txt'] }, '-o takes files that end in .csv or .json, not t.txt.'],
    [{ output: ['t.csv', './t.csv'] }, '-o names the same file twice: t.csv, ./t.csv.'],
    [{ output: ['/dev/null/t.csv'] }, "/dev/null/t.csv can't be written: its directory is a file."],
    [{ sampler: ['ddim', 'ddim:eta=0'] }, '--sampler names the same sampler twice: ddim, ddim:eta=0.'],
  ])('refuses %j', async (flags, sentence) => {
    expect(await run({ steps: '2', ...flags })).toEqual({
      code: exitCode.refused,
      said: [`${sentence}\n`],
      printed: [],
    })
  })

  it('prints no table when it is interrupted', async () => {
    const controller = new AbortController()
    controller.abort()
    const { code, said, printed } = await run({ steps: '2', labels: 'boot', engine: 'onnx' }, controller)
    expect([code, said.at(-1), printed]).toEqual([
      exitCode.interrupted,
      'Interrupted before everything was measured: there is no table.\n',
      [],
    ])
  })
})
