/**
 * What `validate` calls sound, runs; and what it refuses, is refused: for every pipeline of the package, and what somebody makes of it.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCode } from '../../src/cli/exit-code.ts'
import { runCommand } from '../../src/cli/run.ts'
import { validate } from '../../src/cli/validate.ts'
import { encodePng } from '../../src/media/format/png.ts'
import { goldenPath } from '../support/goldens.ts'

const names = readdirSync('pipelines').filter((name) => name.endsWith('.yaml') && !name.startsWith('train'))

const home = 'test/.generated'
let room: string
beforeAll(() => {
  mkdirSync(home, { recursive: true })
  room = resolve(mkdtempSync(join(home, 'rehearse-')))
  mkdirSync(join(room, 'models'))
  for (const name of names) cpSync(join('pipelines', name), join(room, name))
  // a small network, which knows clothes by name
  const model = join(room, 'models/fashion-mnist')
  cpSync(goldenPath('unet/class-labels-28'), model, { recursive: true })
  cpSync('pipelines/models/fashion-mnist/model.yaml', join(model, 'model.yaml'))
  for (const size of [28, 14]) {
    const data = new Uint8Array(size * size)
    const picture = encodePng()({ width: size, height: size, channels: 1, data })
    writeFileSync(join(room, `${size}.png`), picture)
    writeFileSync(join(room, `${size}-cut.png`), picture.subarray(0, picture.length / 2))
  }
  writeFileSync(join(room, 'text.txt'), 'no picture')
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

/** What validate says of a file; nothing where it is sound. */
const validated = async (path: string, sets: readonly string[]): Promise<string> => {
  const said: string[] = []
  const write = (text: string): unknown => said.push(text)
  const code = await validate([path], sets, () => undefined, write)
  expect(code).toBe(said.length === 0 ? exitCode.ok : exitCode.refused)
  return said.join('').replace(`${path}: `, '')
}

/** What run says of it before the first step; nothing where it gets there. */
const begun = async (path: string, set: readonly string[], dryRun = false): Promise<string> => {
  const controller = new AbortController()
  const said: string[] = []
  const code = await runCommand(
    path,
    { set, dryRun },
    {
      terminal: { write: (text) => said.push(text) },
      version: '0',
      signal: controller.signal,
      quiet: true,
      report: ({ event }) => {
        if (event === 'step') controller.abort()
      },
    },
  )
  const done = dryRun ? [exitCode.ok] : [exitCode.ok, exitCode.interrupted]
  expect(said.length === 0 ? done : [exitCode.refused]).toContain(code)
  return said.join('')
}

const alterations: readonly string[] = [
  'engine=onnx',
  'experiment.strength=0.01',
  'experiment.strength=0',
  'experiment.strength=1',
  'experiment.depth=0',
  'experiment.depth=0.01',
  'experiment.counts=[2, 3]',
  'experiment.counts=[2, 2000]',
  'experiment.images.path=nowhere.png',
  'experiment.images.path=28.png',
  'experiment.images.path=28-cut.png',
  'experiment.images.path=14.png',
  'experiment.images.path=text.txt',
  'experiment.images={ path: 14.png, resize: true }',
  'experiment.images.first=600',
  'experiment.images.count=1',
  'experiment.known={ kind: mask, path: nowhere.png }',
  'experiment.known={ kind: mask, path: 28.png }',
  'experiment.known={ kind: mask, path: 14.png }',
  'experiment.known={ kind: around, top: 20, left: 20, height: 9, width: 8 }',
  'experiment.route={ kind: plane }',
  'experiment.route={ kind: loop, frames: 2 }',
  'noise.seed=[1, 2]',
  'condition.labels=[cat]',
  'condition.labels=[bag, boot]',
  'steps.count=1001',
  'steps.finalLevel=first',
  'steps={ kind: explicit, timesteps: [900, 500, 1] }',
  'steps={ kind: respacing, text: ddim37 }',
  'sampler={ kind: ddpm, variance: learned }',
  'batch=3',
  'outputs[0].path=/dev/null/x.png',
]

describe.each(names)('%s', (name) => {
  const quick = name === 'matrix.yaml' ? ['experiment.counts=[2]'] : []

  const has = readFileSync(join('pipelines', name), 'utf8').includes('experiment:')
  const own = alterations.filter((alteration) => has || !alteration.startsWith('experiment'))

  it.each(own)('with %s is called sound if and only if it runs', async (alteration) => {
    const path = join(room, name)
    const sets = [...quick, alteration]
    const said = await validated(path, sets)
    expect(await begun(path, sets)).toBe(said)
  })
})

describe('a run that is only tried', () => {
  it.each(names)('%s: is refused as it is', async (name) => {
    const path = join(room, name)
    expect(await begun(path, [], true)).toBe('')
    for (const set of ['outputs[0].path=/dev/null/x.png', 'condition.labels=[cat]', 'noise.seed=[1]']) {
      const said = await begun(path, [set], true)
      expect(said).toBe(await validated(path, [set]))
    }
  })
})
