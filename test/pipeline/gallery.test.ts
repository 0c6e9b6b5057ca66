/**
 * The pipelines that come with the package, each run for a few steps, beside what it gave before.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../src/cli/run.ts'
import { exitCode } from '../../src/cli/exit-code.ts'

const names = readdirSync('pipelines')
  // recipes of trainings lie there, too
  .filter((name) => name.endsWith('.yaml') && !name.startsWith('train-'))
  .map((name) => name.slice(0, -'.yaml'.length))

let room: string
beforeAll(() => {
  mkdirSync('test/.generated', { recursive: true })
  room = mkdtempSync('test/.generated/gallery-')
  mkdirSync(join(room, 'pipelines'))
  for (const name of names) cpSync(`pipelines/${name}.yaml`, join(room, `pipelines/${name}.yaml`))
  symlinkSync(resolve('pipelines/models'), join(room, 'pipelines/models'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

/** Few steps and small pictures: all else is as the file says. */
const quick: Readonly<Record<string, readonly string[]>> = {
  fork: ['steps=4', 'fork.at.step=2'],
  matrix: ['experiment.counts=[2, 4]', 'condition.labels=[boot]'],
  'between-images': ['steps=3', 'experiment.route.frames=3'],
  path: ['steps=4', 'experiment.route.frames=3'],
  plane: ['steps=4', 'experiment.route.columns=3', 'experiment.route.rows=2'],
  inpaint: ['steps=4', 'experiment.jump=2', 'experiment.resample=2', 'experiment.images.count=4'],
  'image-to-image': ['steps=8', 'experiment.images.count=4'],
  reconstruct: ['steps=6', 'experiment.images.count=4'],
  variations: ['steps=10', 'experiment.variations=3'],
  sweep: ['grid.steps=[2]', 'grid.eta=[0, 1]', 'condition.labels=[sneaker]'],
  'ten-classes': ['steps=4', 'batch=5'],
  'ten-steps': ['steps=4', 'noise.seed.to=4'],
}

/** Of 255, what the order in which processors add may make of a pixel. */
const TOLERANCE = 3

const pixels = (path: string): PNG => PNG.sync.read(readFileSync(path))

describe('the pipelines of the package', () => {
  it('are many, and show all that there is', () => {
    expect(names.length).toBeGreaterThanOrEqual(8)
    const all = names.map((name) => readFileSync(`pipelines/${name}.yaml`, 'utf8')).join('\n')
    for (const word of [
      ...['chain', 'sum', 'fork', 'grid:', 'clip', 'threshold', 'seed: {', 'karras', 'until'],
      ...['interpolate', 'interpolate-images', 'image-to-image', 'vary', 'inpaint', 'reconstruct', 'matrix'],
      ...['path', 'loop', 'plane', 'strip', 'gif'],
    ])
      expect(all).toContain(word)
  })

  it.each(names)('%s: gives the picture that it gave before', async (name) => {
    const said: string[] = []
    const file = join(room, 'pipelines', `${name}.yaml`)
    const set = [...(quick[name] ?? ['steps=4']), 'outputs[0].scale=1']
    const code = await runCommand(
      file,
      { set },
      { terminal: { write: (text) => said.push(text) }, version: '0', signal: new AbortController().signal },
    )
    expect([code, said.filter((line) => /can't|Unexpected/.test(line))]).toEqual([exitCode.ok, []])

    const written = readdirSync(join(room, 'out')).filter(
      (each) => each.endsWith('.png') && each.startsWith(name),
    )
    expect(written.length).toBeGreaterThan(0)
    for (const each of written) {
      const golden = `test/pipeline/goldens/${each}`
      const made = pixels(join(room, 'out', each))
      const changed = golden.replace(/\.png$/, '-changed.png')
      const before = existsSync(golden) ? pixels(golden) : undefined
      const apart =
        before?.width === made.width && before.height === made.height
          ? made.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - before.data[i]!)), 0)
          : Infinity
      if (apart <= TOLERANCE) rmSync(changed, { force: true })
      else cpSync(join(room, 'out', each), changed)
      expect.soft(apart, `${golden} has changed: compare it with ${changed}`).toBeLessThanOrEqual(TOLERANCE)
    }
  })
})
