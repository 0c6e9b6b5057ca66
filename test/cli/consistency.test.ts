import { describe, expect, it } from 'vitest'
import { consistencyCommand, type ConsistencyFlags } from '../../src/cli/consistency.ts'
import { exitCode } from '../../src/cli/exit-code.ts'

const run = async (flags: ConsistencyFlags, controller = new AbortController()) => {
  const said: string[] = []
  const printed: string[] = []
  const code = await consistencyCommand(flags, (text) => printed.push(text), {
    terminal: { write: (text: string) => said.push(text) },
    signal: controller.signal,
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
