import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutputFlags } from '../../src/cli/output-flags.ts'
import type { FolderFlags } from '../../src/cli/run-folder.ts'
import { sample } from '../../src/cli/sample.ts'
import type { Flags } from '../../src/cli/settings.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
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
const run = async (flags: Partial<Flags & OutputFlags & FolderFlags>, until = 'never') => {
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
    expect(readdirSync(at('run')).toSorted()).toEqual(['run.json', 'state.safetensors'])

    // and from there once more: one step is left
    const again = await run({ resume: at('run'), output: [at('again.npy')] })
    expect(again.said).toContain('2 samples, 1 step of dpmpp-2m-sde')
    expect(bytes('again.npy.json').toString()).toContain(
      '"resumed": "after step 8 of 9: what shows the steps shows those after it"',
    )
    expect(bytes('whole.npy.json').toString()).not.toContain('resumed')
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

  it('finds its model from wherever it is gone on with', async () => {
    const before = process.cwd()
    try {
      process.chdir(room)
      const model = relative(process.cwd(), asked.model)
      const begun = await run({ ...asked, model, checkpoint: 'moved', output: [at('moved.npy')] }, 'step 5')
      expect(begun.code).toBe(exitCode.interrupted)
      process.chdir(tmpdir())
      expect((await run({ resume: at('moved'), output: [at('moved.npy')] })).code).toBe(exitCode.ok)
      expect(bytes('moved.npy').equals(bytes('whole.npy'))).toBe(true)
    } finally {
      process.chdir(before)
    }
  })

  it('clears away what a killed writer has left, and nothing of one that is alive', async () => {
    const dead = spawnSync('true').pid
    const id = '01234567-89ab-cdef-0123-456789abcdef'
    const gone = [`moved/.state.safetensors.${dead}.${id}.part`, `.left.npy.${dead}.${id}.part`]
    const stay = [`moved/.state.safetensors.${process.pid}.${id}.part`, `.other.npy.${dead}.${id}.part`]
    for (const name of [...gone, ...stay]) writeFileSync(at(name), 'half')
    expect((await run({ resume: at('moved'), output: [at('left.npy')] })).code).toBe(exitCode.ok)
    expect([...gone, ...stay].filter((name) => existsSync(at(name)))).toEqual(stay)
  })

  it('is for one process at a time, and passes from one that is dead to the next', async () => {
    const lock = (pid: number, host = hostname()): void => {
      writeFileSync(at('moved/lock'), JSON.stringify({ pid, host }))
    }
    const goOn = () => run({ resume: at('moved'), output: [at('locked.npy')] })
    lock(process.pid)
    expect(await goOn()).toEqual({
      code: exitCode.refused,
      said: `${at('moved')} is in use by process ${process.pid}; wait until it ends, or remove ${at('moved/lock')} if it has.\n`,
    })
    lock(1, 'elsewhere')
    expect((await goOn()).said).toContain('is in use by process 1 on elsewhere')
    expect(existsSync(at('locked.npy'))).toBe(false)
    lock(spawnSync('true').pid)
    expect((await goOn()).code).toBe(exitCode.ok)
    expect(readdirSync(at('moved')).filter((name) => name.includes('lock'))).toEqual([])

    mkdirSync(at('busy'))
    writeFileSync(at('busy/lock'), JSON.stringify({ pid: process.pid, host: hostname() }))
    const second = await run({ ...asked, checkpoint: at('busy'), output: [at('locked.npy')] })
    expect([second.code, existsSync(at('busy/run.json'))]).toEqual([exitCode.refused, false])
  })

  it('refuses to save states so seldom that there would be none, and a run of another verb', async () => {
    const seldom = { ...asked, checkpoint: at('seldom'), checkpointEvery: '9', output: [at('none.npy')] }
    expect((await run(seldom)).said).toBe(
      '--checkpoint-every 9 would save nothing on the way: of 9 steps the last is the end.\n',
    )
    mkdirSync(at('pipeline'))
    writeFileSync(at('pipeline/run.json'), JSON.stringify({ version: 1, verb: 'run', flags: {} }))
    expect((await run({ resume: at('pipeline'), output: [at('none.npy')] })).said).toBe(
      `${at('pipeline')} has a run of rxdiffusion run; that goes on with it.\n`,
    )
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
