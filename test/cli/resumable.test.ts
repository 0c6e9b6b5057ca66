import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type RunFlags } from '../../src/cli/run.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { goldenPath } from '../support/goldens.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-resumable-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const put = (name: string, more: object = {}): string => {
  const path = join(room, `${name}.json`)
  const document = {
    version: 1,
    model: goldenPath('unet/class-labels-28'),
    engine: 'onnx',
    noise: { kind: 'philox', seed: 7 },
    condition: { labels: [3, 1], guidance: 2 },
    steps: { kind: 'trailing', count: 6 },
    sampler: { kind: 'ddpm' },
    outputs: [{ kind: 'samples', path: `${name}.npy` }],
    ...more,
  }
  writeFileSync(path, JSON.stringify(document))
  return path
}

/** Runs, and interrupts it after so many words about steps. */
const run = async (path: string, flags: RunFlags, stopAfter = Infinity) => {
  const controller = new AbortController()
  const said: string[] = []
  let steps = 0
  const write = (text: string): void => {
    said.push(text)
    if (text.startsWith('step ') && (steps += 1) >= stopAfter) controller.abort()
  }
  const code = await runCommand(path, flags, { terminal: { write }, version: '0', signal: controller.signal })
  return { code, said: said.join('') }
}

describe('a run with a checkpoint', () => {
  it('goes on from where it was stopped, to the very samples of the whole run', async () => {
    const folder = join(room, 'states')
    const whole = put('whole')
    expect((await run(whole, {})).code).toBe(exitCode.ok)
    const half = put('half')
    expect((await run(half, { checkpoint: folder }, 3)).code).toBe(exitCode.interrupted)
    expect(existsSync(join(folder, 'state.safetensors'))).toBe(true)
    const { code, said } = await run(half, { resume: folder })
    expect(code).toBe(exitCode.ok)
    expect(said).not.toContain('step 1 of 6')
    expect(readFileSync(join(room, 'half.npy.json'), 'utf8')).toContain('"resumed": "after step ')
    expect(readFileSync(join(room, 'half.npy')).equals(readFileSync(join(room, 'whole.npy')))).toBe(true)
  })

  it('is refused where another sampler made the state, where there is none, and of forks', async () => {
    const folder = join(room, 'states')
    const other = await run(put('other', { noise: { kind: 'philox', seed: 8 } }), { resume: folder })
    expect(other).toMatchObject({
      code: exitCode.refused,
      said: expect.stringMatching(/^The saved state goes on with the noise that it was made with/) as string,
    })
    // as sample does
    expect((await run(put('again'), { checkpoint: folder })).said).toContain('has a run already')
    expect((await run(put('often'), { checkpoint: join(room, 'x'), checkpointEvery: '7' })).said).toContain(
      'of 6 steps the last',
    )
    expect(await run(put('none'), { resume: join(room, 'nowhere') })).toMatchObject({
      code: exitCode.refused,
      said: expect.stringContaining('it does not exist') as string,
    })
    const fork = { fork: { at: { step: 1 }, branches: { a: 'ddim' } } }
    expect(await run(put('fork', fork), { checkpoint: join(room, 'fork') })).toMatchObject({
      code: exitCode.refused,
      said: '--checkpoint and --resume are for pipelines that sample without a fork.\n',
    })
    const sweep = { grid: { seed: [1, 2] } }
    expect((await run(put('sweep', sweep), { checkpoint: folder })).said).toContain('are for one run')
  })
})
