import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { readOutput, readOutputs } from '../../src/cli/outputs.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { E } from '../../src/fp.ts'
import { pngText } from '../../src/media/format/png-text.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-outputs-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const model: Denoiser<Values64> = {
  algebra: float64,
  predicts: 'epsilon',
  schedule: linearSchedule(),
  shape: [4, 4, 1],
  predict: () => [{ output: float64.fromValues({ shape: [1, 4, 4, 1], data: new Float64Array(16) }) }],
}
const frames$ = respace(model.schedule, trailing(3)).pipe(
  denoise({ model, rule: ddim(), noise: philox({ seed: 1 }), clip: 'none' }),
)

/** What the sink of an output makes, by its looks. */
const kindOf = async (text: string): Promise<string> => {
  const output = readOutput(text)
  if (E.isLeft(output)) return output.left.message
  const { path, bytes } = await lastValueFrom(
    frames$.pipe(output.right.sink({ captions: ['one'], text: { Comment: 'here' } })),
  )
  const file = readFileSync(path)
  expect(file).toHaveLength(bytes)
  if (file.toString('latin1', 1, 6) === 'NUMPY') return 'npy'
  expect(pngText(file)).toMatchObject({ value: { Comment: 'here' } })
  // one picture, or three steps side by side
  return file.readUInt32BE(16) > file.readUInt32BE(20) ? 'strip' : 'grid'
}

describe('readOutput', () => {
  it.each([
    ['a.png', 'grid'],
    ['strip.png', 'strip'],
    ['my-Filmstrip.PNG', 'strip'],
    ['a.NPY', 'npy'],
    ['strip.npy', 'npy'],
  ])('writes %s as %s', async (name, kind) => {
    expect(await kindOf(join(room, name))).toBe(kind)
  })

  it('is told otherwise by a prefix', async () => {
    expect(await kindOf(`strip:${join(room, 'b.png')}`)).toBe('strip')
    expect(await kindOf(`grid:${join(room, 'strip2.png')}`)).toBe('grid')
  })

  it('judges by the name of the file, not of its folder', async () => {
    expect(await kindOf(join(room, 'strips', 'c.png'))).toBe('grid')
  })

  it.each(['', 'x', 'x.gif', '.png', 'png', 'grid:', 'grid:x.npy', 'x.png '])('refuses %j', (text) => {
    expect(readOutput(text)).toMatchObject(E.left({ _tag: 'Usage' }))
  })
})

describe('readOutputs', () => {
  it.each([[undefined], [[]]])('refuses %j', (texts) => {
    expect(readOutputs(texts)).toMatchObject(
      E.left({ message: 'The option -o, --output <file> is needed, such as -o grid.png.' }),
    )
  })

  it('keeps the order', () => {
    const read = readOutputs(['b.png', 'grid:a.png', 'a.npy'])
    expect(E.isRight(read) && read.right.map(({ path }) => path)).toEqual(['b.png', 'a.png', 'a.npy'])
  })

  it.each([[['a.png', 'a.png']], [['a.png', 'b/../a.png']], [['grid:a.png', 'x.npy', 'strip:a.png']]])(
    'refuses %j, where two are one file',
    (texts) => {
      expect(readOutputs(texts)).toMatchObject(
        E.left({ message: `-o names the same file twice: ${texts.join(', ')}.` }),
      )
    },
  )
})
