/**
 * Pipelines that somebody got wrong: each file of broken/ is refused, and the text beside it is all that is said.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validate } from '../../src/cli/validate.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { goldenPath } from '../support/goldens.ts'

const corpus = 'test/pipeline/broken'
const names = readdirSync(corpus)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length))

const home = 'test/.generated'
let room: string
beforeAll(() => {
  mkdirSync(home, { recursive: true })
  room = mkdtempSync(join(home, 'broken-'))
  cpSync(corpus, room, { recursive: true })
  // of images that are all noise a prediction of ε says nothing
  const model = join(room, 'zero-snr-model')
  cpSync(goldenPath('unet/option-one-level'), model, { recursive: true })
  writeFileSync(
    join(model, 'scheduler_config.json'),
    JSON.stringify({
      rescale_betas_zero_snr: true,
      prediction_type: 'epsilon',
      timestep_spacing: 'trailing',
    }),
  )
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

/** What is said of a file of the room, as if one stood there. */
const complaint = async (name: string): Promise<string> => {
  const said: string[] = []
  const write = (text: string): void => {
    said.push(text)
  }
  expect(await validate([join(room, name)], [], write, write)).toBe(exitCode.refused)
  return said.join('').replaceAll(`${room}/`, '')
}

/** Writes a file into the room, and says what is wrong with it, and after how many seconds. */
const written = async (text: string) => {
  writeFileSync(join(room, 'written.yaml'), text)
  return complaint('written.yaml')
}

const outputs = 'outputs: [{ kind: grid, path: grid.png }]\n'

describe('a broken pipeline', () => {
  it('comes in many ways', () => {
    expect(names.length).toBeGreaterThanOrEqual(60)
  })

  it.each(names)('%s: is refused, and it is said why', async (name) => {
    const text = await complaint(`${name}.yaml`)
    expect(text).not.toMatch(/\n {4}at |undefined|\[object/)
    await expect(text).toMatchFileSnapshot(`broken/${name}.txt`)
  })
})

describe('a pipeline of absurd size', () => {
  it.each<readonly [title: string, text: () => string, reason: string]>([
    [
      '10 MB',
      () => `version: 1\n# ${'x'.repeat(10_000_000)}\n${outputs}`,
      "written.yaml can't be read: it has 10000056 bytes, more than the 262144 that are allowed.\n",
    ],
    [
      'a hundred thousand brackets',
      () => `version: 1\nsampler: ${'['.repeat(100_000)}${']'.repeat(100_000)}\n${outputs}`,
      'written.yaml:2:74 it is nested more than 64 levels deep\n',
    ],
    [
      'a bomb of aliases',
      () =>
        `version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from(
          { length: 12 },
          (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(', ')}]\n`,
        ).join('')}${outputs}`,
      'written.yaml:7:9 its aliases stand for more than 500000 values\n',
    ],
    [
      'twenty thousand settings that do not exist',
      () => `version: 1\n${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1\n`).join('')}${outputs}`,
      'written.yaml:2:1 k0: there is no such setting here;',
    ],
    [
      'a name of a hundred thousand letters',
      () => `version: 1\n${'x'.repeat(100_000)}: 1\n${outputs}`,
      'written.yaml:2:1 it i',
    ],
    [
      'a number of ten thousand digits',
      () => `version: 1\nbatch: ${'9'.repeat(10_000)}\n${outputs}`,
      'written.yaml:2:8 batch: expected a whole number from 1 to 4096, got Infinity',
    ],
  ])(
    '%s: is refused in bounded time',
    async (_, text, reason) => {
      const said = await written(text())
      expect(said.slice(0, reason.length)).toBe(reason)
      expect(said.length).toBeLessThan(20_000)
    },
    20_000,
  )
})
