import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawn, screenOf } from '../../src/cli/preview.ts'
import { explain } from '../../src/cli/explain.ts'
import { img2imgCommand } from '../../src/cli/img2img.ts'
import { rerun } from '../../src/cli/rerun.ts'
import type { RunEvent } from '../../src/cli/run-event.ts'
import { runCommand } from '../../src/cli/run.ts'
import { sample } from '../../src/cli/sample.ts'
import { samplingDefaults } from '../../src/cli/sampling-flags.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import type { Context } from '../../src/cli/write-run.ts'
import { goldenPath } from '../support/goldens.ts'

const home = 'test/.generated'
let room: string
let path: string
beforeAll(() => {
  mkdirSync(home, { recursive: true })
  room = mkdtempSync(join(home, 'telling-'))
  path = join(room, 'a.json')
  writeFileSync(
    path,
    JSON.stringify({
      version: 1,
      model: goldenPath('unet/class-labels-28'),
      engine: 'onnx',
      noise: { kind: 'philox', seed: 7 },
      condition: { labels: [3, 1] },
      steps: { kind: 'trailing', count: 3 },
      outputs: [
        { kind: 'samples', path: 'a.npy' },
        { kind: 'grid', path: 'a.png' },
      ],
    }),
  )
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const listening = (more: Partial<Context> = {}, isTTY = false) => {
  const said: string[] = []
  const context: Context = {
    terminal: { isTTY, write: (text) => said.push(text) },
    version: '0',
    signal: new AbortController().signal,
    ...more,
  }
  return { context, said }
}

describe('a run', () => {
  it('tells programs what happens, in order', async () => {
    const events: RunEvent[] = []
    const { context, said } = listening({ report: (event) => events.push(event), quiet: true })
    expect(await runCommand(path, {}, context)).toBe(exitCode.ok)
    expect(said).toEqual([])
    expect(events.map(({ event }) => event)).toEqual([
      'begin',
      'step',
      'step',
      'step',
      'wrote',
      'wrote',
      'end',
    ])
    expect(events[0]).toMatchObject({ recipe: 'ddim(eta 0), trailing(3), philox, seed 7' })
    expect(events[3]).toEqual({ event: 'step', step: 3, of: 3, t: -1, alphaBar: 1 })
    expect(events[4]).toMatchObject({ path: join(room, 'a.npy'), bytes: 128 + 4 * 2 * 784 })
    expect(events.at(-1)).toMatchObject({ code: 0, samples: 2, steps: 3 })
    expect(events.map((event) => JSON.parse(JSON.stringify(event)) as RunEvent)).toEqual(events)
  })

  it('tells programs what is refused and what has failed, too', async () => {
    const events: RunEvent[] = []
    const { context, said } = listening({ report: (event) => events.push(event), quiet: true })
    expect(await runCommand(join(room, 'nothing.yaml'), {}, context)).toBe(exitCode.refused)
    const flags = { ...samplingDefaults, sampler: 'dmim', output: [join(room, 'b.png')] }
    expect(await sample(flags, context)).toBe(exitCode.refused)
    expect(events.map((event) => 'kind' in event && [event.event, event.kind])).toEqual([
      ['refused', 'FileUnreadable'],
      ['refused', 'Usage'],
    ])
    expect(events.map((event) => 'reason' in event && `${event.reason}\n`)).toEqual(said)
  })

  it('says what is wrong however quiet it is', async () => {
    const { context, said } = listening({ quiet: true })
    expect(await runCommand(join(room, 'nothing.yaml'), {}, context)).toBe(exitCode.refused)
    expect(said).toEqual([`${join(room, 'nothing.yaml')} can't be read: it does not exist.\n`])
  })

  it('is shown on a terminal, and nowhere else, and comes to the same', async () => {
    const before = readFileSync(join(room, 'a.npy'))
    for (const isTTY of [true, false]) {
      const { context, said } = listening({ preview: {} }, isTTY)
      expect(await runCommand(path, {}, context)).toBe(exitCode.ok)
      expect(said.some((text) => text.includes('▀'))).toBe(isTTY)
    }
    expect(readFileSync(join(room, 'a.npy')).equals(before)).toBe(true)
  })
})

describe('a preview', () => {
  // two pixels above each other, white on black
  const images = { shape: [1, 2, 1, 1], data: Float32Array.of(1, -1) }

  it('is half blocks, upper pixels in front of lower ones', () => {
    expect(drawn('blocks', images)).toEqual({
      text: '\u001b[38;2;255;255;255m\u001b[48;2;0;0;0m▀\u001b[0m\u001b[K\n',
      lines: 1,
    })
  })

  it('is pixels where the terminal says that it can show them', () => {
    expect(screenOf({ TERM: 'xterm-kitty' })).toBe('kitty')
    expect(screenOf({ TERM_PROGRAM: 'iTerm.app' })).toBe('iterm')
    expect(screenOf({ TERM: 'xterm-256color' })).toBe('blocks')
    const [kitty, iterm] = [drawn('kitty', images).text, drawn('iterm', images).text]
    const between = (text: string, start: string, end: string): string =>
      text.split(start)[1]?.split(end)[0] ?? ''
    for (const base64 of [between(kitty, 'm=0;', '\u001b'), between(iterm, '=1:', '\u0007')])
      expect(Buffer.from(base64, 'base64').subarray(1, 4).toString()).toBe('PNG')
  })

  it('draws no more than there is room for', () => {
    const many = { shape: [500, 28, 28, 1], data: new Float32Array(500 * 784) }
    expect(drawn('blocks', many).lines).toBeLessThanOrEqual(32)
  })
})

describe('rerun', () => {
  const never = () => Promise.reject(new Error('no flags were told'))

  it('makes the files of a pipeline again, bit by bit', async () => {
    const { context } = listening()
    expect(await runCommand(path, { set: ['seed=11'] }, context)).toBe(exitCode.ok)
    const first = readFileSync(join(room, 'a.npy'))
    for (const made of ['a.png', 'a.npy']) {
      const again = join(room, 'again.npy')
      expect(await rerun(join(room, made), { output: [again] }, context, never)).toBe(exitCode.ok)
      expect(readFileSync(again).equals(first)).toBe(true)
      rmSync(again)
    }
  })

  it('tells a verb its flags again, and other outputs', async () => {
    const { context } = listening()
    const made = join(room, 'flags.npy')
    const flags = { ...samplingDefaults, model: goldenPath('unet/class-labels-28'), steps: '2', seed: '5' }
    expect(await sample({ ...flags, output: [made] }, context)).toBe(exitCode.ok)
    const told: string[][] = []
    const again = (words: readonly string[]) => {
      told.push([...words])
      return Promise.resolve(0)
    }
    expect(await rerun(made, { output: ['x.npy'] }, context, again)).toBe(exitCode.ok)
    expect(told[0]?.[0]).toBe('sample')
    expect(told[0]).toEqual(expect.arrayContaining(['--steps=2', '--seed=5', '--output=x.npy']))
    expect(told[0]).not.toContain(`--output=${made}`)
  })

  it('tells a verb how quiet to be', async () => {
    const { context } = listening()
    const told: string[][] = []
    const again = (words: readonly string[]) => {
      told.push([...words])
      return Promise.resolve(0)
    }
    await rerun(join(room, 'flags.npy'), { output: ['x.npy'], quiet: true, json: true }, context, again)
    expect(told[0]).toEqual(expect.arrayContaining(['--quiet', '--json', '--output=x.npy']))
  })

  it('makes a folder again, of pictures or of a run', async () => {
    const { context } = listening()
    const [model, output] = [
      goldenPath('unet/class-labels-28'),
      ['frames/', 'b.npy'].map((name) => join(room, name)),
    ]
    const flags = { ...samplingDefaults, model, steps: '3', seed: '5', checkpoint: join(room, 'states') }
    expect(await sample({ ...flags, output }, context)).toBe(exitCode.ok)
    for (const folder of ['frames', 'states']) {
      let told: readonly string[] = []
      const again = (words: readonly string[]) => Promise.resolve(Number((told = words) === words) - 1)
      expect(await rerun(join(room, folder), { output: ['x.npy'] }, context, again)).toBe(exitCode.ok)
      expect(told).toEqual(expect.arrayContaining(['sample', '--steps=3', '--seed=5', '--output=x.npy']))
    }

    const states = join(room, 'pipeline-states')
    expect(await runCommand(path, { set: ['seed=11'], checkpoint: states }, context)).toBe(exitCode.ok)
    const again = join(room, 'again.npy')
    expect(await rerun(states, { output: [again] }, context, never)).toBe(exitCode.ok)
    expect(readFileSync(again).equals(readFileSync(join(room, 'a.npy')))).toBe(true)
  })

  it('makes the files of a module again', async () => {
    const { context } = listening()
    const text: string[] = []
    await explain(path, [], (said) => text.push(said), String)
    const module = join(room, 'module.ts')
    writeFileSync(module, text.join(''))
    expect(await runCommand(module, {}, context)).toBe(exitCode.ok)
    const [first, again] = [join(room, 'a.npy'), join(room, 'again.npy')]
    const before = readFileSync(first)
    expect(await rerun(first, { output: [again] }, context, never)).toBe(exitCode.ok)
    expect(readFileSync(again).equals(before)).toBe(true)
  })

  it('makes files again from any folder, and says no more of this machine than it must', async () => {
    const { context } = listening()
    const [home, model] = [process.cwd(), relative('', goldenPath('unet/class-labels-28'))]
    const made = resolve(room, 'near.npy')
    const flags = { ...samplingDefaults, model, steps: '2', labels: '1', output: [made] }
    expect(await sample(flags, context)).toBe(exitCode.ok)
    expect(JSON.parse(readFileSync(`${made}.json`, 'utf8'))).toMatchObject({ rxdiffusion: { folder: home } })
    const pictures = { ...flags, engine: 'onnx', count: '1', images: 'docs/strip.png', resize: true }
    const varied = resolve(room, 'varied.npy')
    expect(await img2imgCommand({ ...pictures, output: [varied] }, context)).toBe(exitCode.ok)

    process.chdir(tmpdir())
    try {
      let told: readonly string[] = []
      await rerun(made, { output: ['x.npy'] }, context, (words) => Promise.resolve((told = words).length))
      const [word = ''] = told.filter((word) => word.startsWith('--model='))
      expect(resolve(word.slice('--model='.length))).toBe(goldenPath('unet/class-labels-28'))
      const again = resolve(home, room, 'again.npy')
      expect(await rerun(varied, { output: [again] }, context, never)).toBe(exitCode.ok)
      expect(readFileSync(again).equals(readFileSync(varied))).toBe(true)
    } finally {
      process.chdir(home)
    }

    const packaged = { ...flags, model: 'pipelines/models/fashion-mnist' }
    expect(await sample(packaged, context)).toBe(exitCode.ok)
    const said = readFileSync(`${made}.json`, 'utf8')
    expect(said).not.toContain(home)
    expect(said).not.toContain('--model')
  })

  it('makes one branch of a fork again where a file shows one', async () => {
    const { context } = listening()
    const fork = { at: { step: 1 }, branches: { half: { kind: 'ddim', eta: 0.5 }, none: 'ddim' } }
    const forked = join(room, 'fork.json')
    const pipeline = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(
      forked,
      JSON.stringify({ ...pipeline, fork, outputs: [{ kind: 'samples', path: 'f.npy' }] }),
    )
    expect(await runCommand(forked, {}, context)).toBe(exitCode.ok)
    const half = join(room, 'f-half.npy')
    const [again, twice] = [join(room, 'one.npy'), join(room, 'two.npy')]
    expect(await rerun(half, { output: [again] }, context, never)).toBe(exitCode.ok)
    expect(await rerun(again, { output: [twice] }, context, never)).toBe(exitCode.ok)
    for (const made of [again, twice]) expect(readFileSync(made).equals(readFileSync(half))).toBe(true)
    expect(readdirSync(room).filter((name) => /^(one|two)/.test(name))).toEqual([
      'one.npy',
      'one.npy.json',
      'two.npy',
      'two.npy.json',
    ])
  })

  it('refuses what does not say how it was made', async () => {
    const { context, said } = listening()
    expect(await rerun(path, { output: ['x.npy'] }, context, never)).toBe(exitCode.refused)
    expect(said).toHaveLength(1)
  })
})
