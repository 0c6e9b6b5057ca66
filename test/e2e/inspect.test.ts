import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goldenPath } from '../support/goldens.ts'
import { build, type Command, makeRoom } from './command.ts'

let command: Command
let room: string
beforeAll(() => {
  command = build()
  room = makeRoom()
})
afterAll(() => {
  command[Symbol.dispose]()
  rmSync(room, { recursive: true })
})

describe('rxdiffusion inspect', () => {
  it('prints YAML on stdout, and nothing else', async () => {
    const { code, stdout, stderr } = await command.run(['inspect', goldenPath('onnx/class-labels-28')])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('sample: float32 [any, 1, 28, 28]')
    expect(stdout).toContain('\nkind: onnx\n')
  })

  it.each([
    [[], 'A path is needed: folder of a model, an .onnx file, or a model.json of tfjs.\n'],
    [['no'], "no can't be read: it does not exist.\n"],
    [['a', 'b'], 'inspect takes one path, and b is another.\n'],
    [['a', '--steps', '3'], 'There is no option --steps.\n'],
  ])('refuses %j in one sentence', async (args, sentence) => {
    expect(await command.run(['inspect', ...args])).toEqual({ code: 2, stdout: '', stderr: sentence })
  })
})

describe('rxdiffusion sample', () => {
  it('samples a network that a manifest describes, by its folder or its file', async () => {
    const model = goldenPath('onnx/class-labels-28')
    const [folder, file] = [join(room, 'folder.npy'), join(room, 'file.npy')]
    const common = ['sample', '--steps', '2', '--labels', '3,4', '--guidance', '2']
    expect(await command.run([...common, '--model', model, '-o', folder])).toMatchObject({ code: 0 })
    const named = await command.run([...common, '--model', join(model, 'model.onnx'), '-o', file])
    expect(named).toMatchObject({ code: 0 })
    expect([folder, file].map(existsSync)).toEqual([true, true])
  })
})
