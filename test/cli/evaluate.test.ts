import { describe, expect, it } from 'vitest'
import { evaluateCommand, type EvaluateFlags } from '../../src/cli/evaluate.ts'
import { evaluateBits } from '../../src/cli/evaluate-bits.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { defaultImages } from '../../src/data/open-images.ts'

const plain: EvaluateFlags = { batch: '64', engine: 'wasm' }
const run = async (flags: Partial<EvaluateFlags>) => {
  const said: string[] = []
  const printed: string[] = []
  const code = await evaluateCommand(
    { ...plain, ...flags },
    {
      print: (text) => printed.push(text),
      terminal: { write: (text: string) => said.push(text) },
      signal: new AbortController().signal,
    },
  )
  return { code, said, printed }
}

describe('evaluate', () => {
  it('finds no distance between images and themselves', async () => {
    const { code, said, printed } = await run({ samples: defaultImages, limit: '64' })
    expect(code).toBe(exitCode.ok)
    expect(said[0]).toMatch(/^64 samples of .* against 64 images of /)
    expect(printed.map((line) => line.slice(0, 18).trim())).toEqual([
      'Fréchet distance',
      'kernel distance',
      'precision',
      'recall',
    ])
    const figures = printed.map((line) => Number.parseFloat(line.slice(18)))
    expect(figures[0]).toBeCloseTo(0, 3)
    expect(figures.slice(2)).toEqual([1, 1])
  })

  it.each<readonly [flags: Partial<EvaluateFlags>, sentence: string]>([
    [{}, 'The option --samples <path> is needed: a .npy, an IDX file or PNG files; or --bits, for a model.'],
    [{ samples: 'nope.npy' }, "nope.npy can't be read: it does not exist."],
    [{ samples: defaultImages, limit: '2' }, '--limit takes a whole number from 4 up, not 2.'],
    [{ samples: defaultImages, batch: '0' }, '--batch takes a whole number from 1 to 4096, not 0.'],
  ])('refuses %j', async (flags, sentence) => {
    expect(await run(flags)).toEqual({ code: exitCode.refused, said: [`${sentence}\n`], printed: [] })
  })
})

describe('evaluate --bits', () => {
  const bits = async (flags: Partial<EvaluateFlags>) => {
    const said: string[] = []
    const printed: string[] = []
    const code = await evaluateBits(
      { batch: '64', bits: true, ...flags },
      {
        print: (text) => printed.push(text),
        terminal: { write: (text: string) => said.push(text) },
        signal: new AbortController().signal,
      },
    )
    return { code, said, printed }
  }

  it('needs fewer bits than pixels have for clothes, and more for noise', async () => {
    const { code, said, printed } = await bits({ steps: '4,20', limit: '3' })
    expect(code).toBe(exitCode.ok)
    expect(said[0]).toMatch(/^3 images of .*, bits per dimension at most, /)
    const figures = printed.map((line) => line.trim().split(/ +/))
    expect(figures.map(([steps]) => steps)).toEqual(['S', '4', '20'])
    const [few, more] = figures.slice(1).map((cells) => Number(cells[1]))
    expect(few).toBeGreaterThan(more!)
    expect(more).toBeLessThan(8)
  })

  it.each<readonly [flags: Partial<EvaluateFlags>, sentence: string]>([
    [{ samples: 'some.npy' }, '--bits measures a model and not --samples: they exclude each other.'],
    [{ steps: '0' }, '--steps takes a whole number from 1 to 1000000, not 0.'],
    [{ seed: 'x' }, '--seed takes a whole number from 0 up, not x.'],
    [{ model: 'nope' }, "nope can't be read: it does not exist."],
    [{ steps: '2000' }, '2000 steps were asked for, but the schedule has only 1000 timesteps.'],
  ])('refuses %j', async (flags, sentence) => {
    expect(await bits(flags)).toEqual({ code: exitCode.refused, said: [`${sentence}\n`], printed: [] })
  })
})
