import { describe, expect, it } from 'vitest'
import { exitCode } from '../../src/cli/exit-code.ts'
import { img2imgCommand } from '../../src/cli/img2img.ts'
import { inpaintCommand } from '../../src/cli/inpaint.ts'
import { interpolateCommand } from '../../src/cli/interpolate.ts'
import { matrixCommand } from '../../src/cli/matrix.ts'
import type { Context } from '../../src/cli/write-run.ts'

const verbs = {
  img2img: img2imgCommand,
  inpaint: inpaintCommand,
  interpolate: interpolateCommand,
  matrix: matrixCommand,
} satisfies Readonly<Record<string, (flags: never, context: Context) => Promise<number>>>

const clothes = 'pipelines/data/fashion-mnist/t10k-512-images-idx3-ubyte.gz'

describe('what an experiment is refused for is said of the flag that says it', () => {
  it.each<readonly [verb: keyof typeof verbs, flags: object, sentence: string]>([
    ['img2img', { strength: '0.001' }, '--strength: it is 0.001, which leaves none of 50 steps.'],
    ['img2img', { images: 'no.png' }, "--images: no.png can't be read: it does not exist."],
    [
      'img2img',
      { first: '600', images: clothes },
      `--images: ${clothes} doesn't suit the model: it has 512 images, counted from 0, and the first is to be 600.`,
    ],
    ['inpaint', { mask: 'no.png' }, "--mask: no.png can't be read: it does not exist."],
    [
      'inpaint',
      { mask: 'docs/grid.png' },
      "--mask: docs/grid.png doesn't suit the model: it is 672×336 pixels in grey, and the model takes 28×28 pixels in grey; resizing makes it fit (--resize, or resize: true).",
    ],
    ['inpaint', { box: '20,20,20,20' }, '--box: the box reaches to 40×40, and images are 28×28 pixels.'],
    ['inpaint', { box: 'a,2,3,4' }, '--box: expected a whole number from 0, got "a".'],
    [
      'inpaint',
      { known: 'lft' },
      '--known: expected one of left, right, top, bottom, got "lft"; the nearest is left.',
    ],
    [
      'interpolate',
      { seeds: '1,2,3', route: 'plane', columns: '3' },
      '--route: a plane leads through 4 points, and there are 3 seeds.',
    ],
    [
      'interpolate',
      { seeds: '1,2', route: 'loop', frames: '4000' },
      '--frames: it leads through 7998 images, and 4096 are the most of one run.',
    ],
    [
      'interpolate',
      { seeds: '1,2,3,4', route: 'plane', labels: 'bag,boot,coat' },
      '--labels: there are 3 labels for 4 points.',
    ],
    ['interpolate', { images: clothes, depth: '0' }, '--depth: it is 0, which leaves none of 50 steps.'],
    [
      'interpolate',
      { images: clothes, count: '3', route: 'plane' },
      '--route: a plane leads through 4 points, and 3 are given.',
    ],
    [
      'matrix',
      { steps: '5,2000' },
      '--steps: 2000 steps were asked for, but the schedule has only 1000 timesteps.',
    ],
  ])('%s %j: %s', async (verb, flags, sentence) => {
    for (const dryRun of [true, false]) {
      const said: string[] = []
      const context = {
        terminal: { write: (text: string) => said.push(text) },
        version: '0',
        signal: new AbortController().signal,
      }
      // the engine is not what is refused
      const all = { engine: 'cpu', dryRun, output: ['test/.generated/never.png'], ...flags }
      expect(await verbs[verb](all, context)).toBe(exitCode.refused)
      expect(said).toEqual([`${sentence}\n`])
    }
  })
})
