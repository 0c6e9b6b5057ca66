import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutputFlags } from '../../src/cli/output-flags.ts'
import type { ResumeFlags } from '../../src/cli/run-folder.ts'
import { sample } from '../../src/cli/sample.ts'
import type { Flags } from '../../src/cli/settings.ts'
import { exitCode } from '../../src/cli/write-run.ts'
import { goldenPath } from '../support/goldens.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-run-folder-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const defaults: Flags = { sampler: 'ddim', rng: 'philox', guidance: '1', engine: 'auto' }
const asked = {
  model: goldenPath('unet/no-attention'),
  steps: '9',
  sampler: 'dpmpp-2m-sde',
  batch: '2',
  seed: '5',
}

/** Samples, and gives up when something is said that begins so. */
const run = async (flags: Partial<Flags & OutputFlags & ResumeFlags>, until = 'never') => {
  const interruption = new AbortController()
  const said: string[] = []
  const write = (text: string): void => {
    said.push(text)
    if (text.startsWith(until)) interruption.abort()
  }
  const code = await sample(
    { ...defaults, ...flags },
    { terminal: { write }, version: '0', signal: interruption.signal },
  )
  return { code, said: said.join('') }
}

const bytes = (name: string): Buffer => readFileSync(join(room, name))
const at = (name: string): string => join(room, name)

describe('a run with a folder', () => {
  it('goes on from its last state, to the same numbers, and says how all was made', async () => {
    await run({ ...asked, output: [at('whole.npy')] })
    const begun = { ...asked, checkpoint: at('run'), checkpointEvery: '2' }
    const cut = await run({ ...begun, output: [at('cut.npy')] }, 'step 1')
    expect(cut.code).toBe(exitCode.interrupted)
    // wherever it was ended, it goes on; here it may not have come to its first state
    const resumed = await run({ resume: at('run'), output: [at('resumed.npy')] })
    expect(resumed.code).toBe(exitCode.ok)
    expect(bytes('resumed.npy').equals(bytes('whole.npy'))).toBe(true)
    expect(existsSync(at('run/state.safetensors'))).toBe(true)
    const provenance = JSON.parse(bytes('resumed.npy.json').toString()) as {
      readonly rxdiffusion: { readonly command: readonly string[] }
    }
    expect(provenance.rxdiffusion.command).toContain('--sampler=dpmpp-2m-sde')
    expect(provenance.rxdiffusion.command.join(' ')).not.toMatch(/checkpoint|resume/)

    // and from there once more: one step is left
    const again = await run({ resume: at('run'), output: [at('again.npy')] })
    expect(again.said).toContain('2 samples, 1 step of dpmpp-2m-sde')
    expect(bytes('again.npy').equals(bytes('whole.npy'))).toBe(true)
  })

  it('is not begun where there is one already, nor where the run is refused', async () => {
    const twice = await run({ ...asked, checkpoint: at('run'), output: [at('twice.npy')] })
    expect(twice).toEqual({
      code: exitCode.refused,
      said: `${at('run')} has a run already; go on with --resume ${at('run')}, or give --checkpoint a folder of its own.\n`,
    })
    const refused = await run({ ...asked, eta: '2', checkpoint: at('fresh'), output: [at('refused.npy')] })
    expect(refused.code).toBe(exitCode.refused)
    expect(existsSync(at('fresh'))).toBe(false)
  })

  it.each([
    [{ resume: 'nowhere' }, "nowhere/run.json can't be read: it does not exist."],
    [{ checkpointEvery: '3' }, '--checkpoint-every needs --checkpoint, the folder for the states.'],
    [{ checkpoint: 'x', checkpointEvery: '0' }, '--checkpoint-every takes a whole number from 1 up, not 0.'],
    [
      { resume: 'x', checkpoint: 'y' },
      '--resume goes on in its own folder; leave --checkpoint and --checkpoint-every out.',
    ],
    [
      { resume: 'x', steps: '3' },
      '--resume goes on with a run as it was begun, and steps would change it; leave it out.',
    ],
  ])('refuses %j', async (flags, sentence) => {
    expect(await run({ ...flags, output: [at('none.npy')] })).toEqual({
      code: exitCode.refused,
      said: `${sentence}\n`,
    })
  })

  it('refuses what is no run, and a state of another', async () => {
    writeFileSync(at('run/run.json'), '{"version": 7}')
    expect((await run({ resume: at('run'), output: [at('none.npy')] })).said).toContain('version is 7')
    const other = { version: 1, every: 2, flags: { ...asked, seed: '6' } }
    writeFileSync(at('run/run.json'), JSON.stringify(other))
    const mixed = await run({ resume: at('run'), output: [at('none.npy')] })
    expect(mixed.code).toBe(exitCode.refused)
    expect(mixed.said).toMatch(/^The saved state goes on with the noise that it was made with, philox #/)
    writeFileSync(at('run/state.safetensors'), 'torn')
    expect((await run({ resume: at('run'), output: [at('none.npy')] })).code).toBe(exitCode.refused)
  })
})
