import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build, type Command } from './command.ts'

let command: Command
let room: string
beforeAll(() => {
  command = build()
  room = resolve(dirname(command.main), '../..')
  const example = resolve(import.meta.dirname, '../../examples/11-resume-after-a-kill.ts')
  const { outputText } = ts.transpileModule(readFileSync(example, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  })
  writeFileSync(join(room, 'run.mjs'), outputText.replace('rxdiffusion/node', './dist/node.js'))
}, 120_000)
afterAll(() => command[Symbol.dispose]())

/** Runs the example, and kills it as soon as it has said so much. */
const run = (killAt?: string): Promise<{ readonly said: string; readonly signal: string | null }> =>
  new Promise((done) => {
    const child = spawn(process.execPath, ['run.mjs'], { cwd: room })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (killAt !== undefined && said.includes(killAt)) child.kill('SIGKILL')
    })
    child.on('close', (_code, signal) => {
      done({ said, signal })
    })
  })

/** How many steps were left, of a run that says so and goes on with the next. */
const leftOf = (said: string): number => {
  const [, left = NaN, next = NaN] = /^(\d+) steps are left\nstep (\d+) of 40\n/.exec(said) ?? []
  expect(Number(left) + Number(next)).toBe(41)
  return Number(left)
}

describe('the folder of a run', () => {
  it('is one process’s, and the next one’s when that is killed', async () => {
    const [states, flags] = [join(room, 'states'), ['--output', 'x.npy']]
    const begin = ['sample', '--steps', '200', '--batch', '1', '--checkpoint', 'states', ...flags]
    const first = spawn(process.execPath, [command.main, ...begin], { cwd: room })
    const closed = new Promise((done) => first.on('close', done))
    let said = ''
    await new Promise<void>((enough) => {
      first.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('step 40 of 200')) enough()
      })
    })
    first.kill('SIGSTOP')
    const goOn = () => command.run(['sample', '--resume', 'states', ...flags], { cwd: room })
    const refused = await goOn()
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `states is in use by process ${String(first.pid)}; wait until it ends, or remove states/lock if it has.\n`,
    ])

    first.kill('SIGKILL')
    await closed
    expect(existsSync(join(states, 'lock'))).toBe(true)
    const resumed = await goOn()
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('wrote x.npy') as string])
    expect(existsSync(join(states, 'lock'))).toBe(false)
  }, 120_000)
})

describe('a run that is killed', () => {
  const state = (): string => join(room, 'out/11-state.safetensors')
  const grid = (): string => join(room, 'out/11-grid.png')

  it('goes on where it was, and ends with the same images to the last byte', async () => {
    // by then the state after 20 steps is whole, and that after 25 may be
    const first = await run('step 27 of 40')
    expect(first.signal).toBe('SIGKILL')
    expect(first.said).toMatch(/^from noise\n/)
    expect([existsSync(state()), existsSync(grid())]).toEqual([true, false])

    // once more, in the middle of what is left
    const second = await run('step 37 of 40')
    expect(second.signal).toBe('SIGKILL')
    expect(leftOf(second.said)).toBeLessThanOrEqual(20)

    const third = await run()
    expect(leftOf(third.said)).toBeLessThanOrEqual(10)
    expect(existsSync(state())).toBe(false)
    const resumed = readFileSync(grid())

    rmSync(grid())
    expect((await run()).said).toMatch(/^from noise\n/)
    expect(readFileSync(grid()).equals(resumed)).toBe(true)
  }, 120_000)
})
