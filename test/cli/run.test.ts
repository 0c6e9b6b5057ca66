import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explain } from '../../src/cli/explain.ts'
import { readPlans } from '../../src/cli/pipeline-file.ts'
import { runCommand, type RunFlags } from '../../src/cli/run.ts'
import { sample } from '../../src/cli/sample.ts'
import { samplingDefaults } from '../../src/cli/sampling-flags.ts'
import { validate } from '../../src/cli/validate.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { E } from '../../src/fp.ts'
import { goldenPath } from '../support/goldens.ts'

// inside the project, where modules find the package by its name
const home = 'test/.generated'
let room: string
beforeAll(() => {
  mkdirSync(home, { recursive: true })
  room = mkdtempSync(join(home, 'run-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const tiny = goldenPath('unet/class-labels-28')
const { signal } = new AbortController()

const listening = () => {
  const said: string[] = []
  const write = (text: string): boolean => {
    said.push(text)
    return true
  }
  return { said, write }
}

const run = async (path: string, flags: RunFlags = {}) => {
  const { said, write } = listening()
  const code = await runCommand(path, flags, { terminal: { write }, version: '0', signal })
  return { code, said: said.join('') }
}

/** Writes a file into the room. */
const put = (name: string, text: string): string => {
  writeFileSync(join(room, name), text)
  return join(room, name)
}
const written = (name: string): Buffer => readFileSync(join(room, name))

describe('one pipeline', () => {
  const settings = {
    version: 1,
    model: tiny,
    engine: 'onnx',
    noise: { kind: 'philox', seed: 7 },
    condition: { labels: [3, 1], guidance: 2 },
    steps: { kind: 'trailing', count: 4 },
    sampler: { kind: 'ddim', eta: 0.5 },
  }
  const to = (name: string) => ({ ...settings, outputs: [{ kind: 'samples', path: name }] })

  it('gives the same bytes as YAML, as JSON, as TypeScript and as flags', async () => {
    const yaml = put(
      'a.yaml',
      [
        'version: 1',
        `model: ${tiny}`,
        'engine: onnx',
        'noise: { kind: philox, seed: 7 }',
        'condition: { labels: [3, 1], guidance: 2 }',
        'steps: { kind: trailing, count: 4 }',
        'sampler: { kind: ddim, eta: 0.5 }',
        'outputs: [{ kind: samples, path: yaml.npy }]',
      ].join('\n'),
    )
    const json = put('a.json', JSON.stringify(to('json.npy')))
    const { said, write } = listening()
    expect(await explain(put('b.json', JSON.stringify(to('module.npy'))), [], write, () => undefined)).toBe(
      exitCode.ok,
    )
    const module = put('c.ts', said.join(''))

    for (const path of [yaml, json, module]) expect((await run(path)).code).toBe(exitCode.ok)
    const flags = {
      ...samplingDefaults,
      model: tiny,
      engine: 'onnx',
      seed: '7',
      labels: '3,1',
      guidance: '2',
      steps: '4',
      eta: '0.5',
      output: [join(room, 'flags.npy')],
    }
    expect(await sample(flags, { terminal: { write: () => true }, version: '0', signal })).toBe(exitCode.ok)

    const [first, ...others] = ['yaml', 'json', 'module', 'flags'].map((name) => written(`${name}.npy`))
    expect(first?.length).toBe(128 + 4 * 2 * 28 * 28)
    for (const other of others) expect(other.equals(first!)).toBe(true)
  })

  it('shows every default, and runs nothing, where it is only tried', async () => {
    const shown: string[] = []
    const path = put('dry.json', JSON.stringify(to('never.npy')))
    const stdout = { write: (text: string) => shown.push(text) }
    const code = await runCommand(
      path,
      { dryRun: true, set: ['eta=0.25'] },
      { terminal: { write: () => true }, version: '0', signal, stdout: stdout as never },
    )
    expect(code).toBe(exitCode.ok)
    expect(shown.join('')).toContain('sampler:\n  kind: ddim\n  eta: 0.25\n')
    expect(() => written('never.npy')).toThrow('ENOENT')
  })

  it('is a run for each combination of a sweep', async () => {
    const path = put('sweep.json', JSON.stringify({ ...to('s.npy'), grid: { eta: [0, 1], steps: [1, 2] } }))
    expect((await run(path)).code).toBe(exitCode.ok)
    const all = ['eta0-steps1', 'eta0-steps2', 'eta1-steps1', 'eta1-steps2'].map((tag) =>
      written(`s-${tag}.npy`),
    )
    expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(3) // η counts for nothing in the last step
  })

  it('is refused where something is set that is not there', async () => {
    const path = put('unset.json', JSON.stringify(to('never.npy')))
    for (const [set, reason] of [
      ['outputs[1].path=x.png', 'outputs is a list of 1 item, counted from 0, and has no 1'],
      ['etaa=1', 'there is no such setting; the nearest is eta'],
    ] as const)
      expect(await run(path, { set: [set] })).toEqual({
        code: exitCode.refused,
        said: `--set ${set.split('=')[0]!}: ${reason}.\n`,
      })
  })

  it('keeps a path that leads there from anywhere', async () => {
    const model = resolve(tiny)
    const planned = await readPlans(put('absolute.json', JSON.stringify({ ...to('never.npy'), model })))()
    expect(planned).toMatchObject(E.right([{ plan: { pipeline: { model } } }]))
  })

  it('gives each sample its seed', async () => {
    const noise = { kind: 'philox', seed: { from: 5, to: 7 } }
    const together = put('seeds.json', JSON.stringify({ ...to('seeds.npy'), noise }))
    const alone = put(
      'alone.json',
      JSON.stringify({
        ...to('alone.npy'),
        noise: { kind: 'philox', seed: [6] },
        condition: { labels: [1], guidance: 2 },
      }),
    )
    for (const path of [together, alone]) expect((await run(path)).code).toBe(exitCode.ok)
    const row = written('seeds.npy').subarray(128 + 4 * 784, 128 + 8 * 784)
    const data = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer)
    const [a, b] = [data(row), data(written('alone.npy').subarray(128))]
    expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-5)
  })
})

describe('forks and experiments as data', () => {
  const base = {
    version: 1,
    model: tiny,
    engine: 'onnx',
    noise: { kind: 'philox', seed: 7 },
    condition: { labels: [3], guidance: 1 },
    steps: { kind: 'trailing', count: 4 },
  }
  const points = { ...base.noise, seed: [3, 8] }
  const some = { count: 2 }
  const cases: ReadonlyArray<readonly [name: string, document: object, rows: number]> = [
    ['fork-noise', { fork: { at: { step: 0 }, branches: { ddim: 'ddim', ddpm: 'ddpm' } } }, 1],
    ['fork-middle', { fork: { at: { step: 2 }, branches: { ddim: 'ddim', ddpm: 'ddpm' } } }, 1],
    ['fork-level', { fork: { at: { t: 500 }, branches: { ddim: 'ddim', ddpm: 'ddpm' } } }, 1],
    ['path', { noise: points, experiment: { kind: 'interpolate', route: { kind: 'path', frames: 3 } } }, 3],
    [
      'plane',
      {
        noise: { kind: 'philox', seed: { from: 1, to: 4 } },
        experiment: { kind: 'interpolate', route: { kind: 'plane', columns: 3, rows: 2 } },
      },
      6,
    ],
    [
      'images',
      {
        experiment: {
          kind: 'interpolate-images',
          images: some,
          route: { kind: 'loop', frames: 3 },
          depth: 0.5,
        },
      },
      4,
    ],
    ['img2img', { experiment: { kind: 'image-to-image', images: some, strength: 0.5 } }, 2],
    ['untouched', { experiment: { kind: 'image-to-image', images: some, strength: 0 } }, 2],
    ['vary', { experiment: { kind: 'vary', images: some, variations: 3, strength: 0.5 } }, 3],
    ['inpaint', { experiment: { kind: 'inpaint', images: some, jump: 1, resample: 2 } }, 2],
    [
      'around',
      {
        experiment: {
          kind: 'inpaint',
          images: some,
          known: { kind: 'around', top: 4, left: 4, height: 9, width: 9 },
          resample: 1,
        },
      },
      2,
    ],
    ['reconstruct', { experiment: { kind: 'reconstruct', images: some } }, 2],
    ['matrix', { experiment: { kind: 'matrix', samplers: ['ddim', 'ddpm'], counts: [1, 2, 3] } }, 6],
  ]

  it.each(cases)(
    '%s: the data and the TypeScript that it is give the same bytes',
    async (name, more, rows) => {
      const documentOf = (path: string): string =>
        JSON.stringify({ ...base, ...more, outputs: [{ kind: 'samples', path }] })
      const data = put(`${name}.json`, documentOf(`${name}.npy`))
      const { said, write } = listening()
      await explain(put(`${name}-2.json`, documentOf(`${name}-2.npy`)), [], write, (text) => {
        throw new Error(text)
      })
      for (const path of [data, put(`${name}.ts`, said.join(''))])
        expect(await run(path)).toMatchObject({ code: 0 })
      const names = name.startsWith('fork') ? ['-ddim', '-ddpm'] : ['']
      const each = names.map((branch) => {
        const bytes = written(`${name}${branch}.npy`)
        expect(bytes.equals(written(`${name}-2${branch}.npy`))).toBe(true)
        expect(bytes.length).toBe(128 + 4 * rows * 784)
        return bytes.toString('hex')
      })
      expect(new Set(each).size).toBe(each.length)
    },
  )
})

describe('what is refused', () => {
  it('says it before anything runs', async () => {
    const path = put('bad.yaml', 'version: 1\nsampler: ddin\noutputs: [{ kind: grid, path: a.png }]')
    expect(await run(path)).toMatchObject({
      code: exitCode.refused,
      said: expect.stringContaining(`${path}:2:10 sampler: expected one of`) as string,
    })
  })

  it('is a module that is no composition', async () => {
    const { code, said } = await run(put('no.ts', 'export default { outputs: [] }'))
    expect([code, said]).toEqual([
      exitCode.refused,
      `${join(room, 'no.ts')} can't be read: its default export is no composition (outputs, and run as a function of the model).\n`,
    ])
  })

  it('is what the model knows nothing of, without loading it', async () => {
    const { said, write } = listening()
    const path = put(
      'label.yaml',
      'version: 1\ncondition: { labels: [snaeker] }\noutputs: [{ kind: grid, path: a.png }]',
    )
    expect(await validate([path], [], write, write)).toBe(exitCode.refused)
    expect(said.join('')).toContain(`${path}:2:23 condition.labels[0]: the model has no label snaeker;`)
    expect(said.join('')).toContain('the nearest is sneaker')
  })
})
