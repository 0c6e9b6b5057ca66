import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clips } from '../../src/diffusion/clip-settings.ts'
import { rules } from '../../src/diffusion/solver.ts'
import { spacings } from '../../src/diffusion/spacing.ts'
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

const module = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`
/** Writes the address of every module that is loaded into the file $WITNESS. */
const hooks = module(`
  import { appendFileSync } from 'node:fs'
  export const load = (url, context, next) => {
    appendFileSync(process.env.WITNESS, url + '\\n')
    return next(url, context)
  }`)
const witness = module(`import { register } from 'node:module'; register(${JSON.stringify(hooks)})`)

/** The packages that a run of the command imports, and what it answers. */
let runs = 0
const witnessed = async (...args: readonly string[]) => {
  const seen = join(room, String(runs++))
  const ran = await command.run(args, { node: ['--import', witness], env: { WITNESS: seen } })
  const urls = readFileSync(seen, 'utf8').trimEnd().split('\n')
  const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  return { ...ran, packages: [...new Set(packages)].toSorted() }
}

describe('the command line loads nothing that it does not need', () => {
  it.each([['--help'], ['--version'], ['doctor', '--help'], ['sampel']])(
    '%s %s: commander alone',
    async (...args) => {
      const { packages } = await witnessed(...args.filter((arg) => typeof arg === 'string'))
      expect(packages).toEqual(['commander'])
    },
  )

  it('sample --help: what names the choices', async () => {
    const { packages } = await witnessed('sample', '--help')
    expect(packages).toEqual(['commander', 'fp-ts', 'io-ts'])
  })

  it('draws with vega, and prints numbers without', async () => {
    const { code, stdout, packages } = await witnessed('plot', 'schedule', 'cosine')
    expect([code, stdout.slice(0, 9)]).toEqual([0, 'schedule,'])
    expect(packages).toEqual(['commander', 'fp-ts', 'io-ts', 'yaml'])
    const drawn = await witnessed('plot', 'schedule', 'cosine', '-o', join(room, 'x.svg'))
    expect(drawn.packages).toEqual(expect.arrayContaining(['vega', 'vega-lite']))
  })

  it('refuses a flag before any engine is loaded', async () => {
    const { code, packages } = await witnessed('sample', '--steps', '0', '-o', 'x.png')
    expect(code).toBe(2)
    expect(packages).toContain('rxjs')
    expect(packages.filter((name) => /tensorflow|onnx/.test(name))).toEqual([])
  })

  it.each([['validate'], ['explain'], ['run', '--dry-run']])(
    '%s reads a pipeline, and its model’s facts, without tensors',
    async (...args) => {
      const { code, packages } = await witnessed(...args, 'pipelines/fork.yaml')
      expect(code).toBe(0)
      expect(packages).toEqual(expect.arrayContaining(['io-ts', 'yaml']))
      expect(packages.filter((name) => /tensorflow|onnx/.test(name))).toEqual([])
    },
  )

  it('samples on onnx without wasm', async () => {
    const { code, packages } = await witnessed(
      'sample',
      '--steps',
      '1',
      '--batch',
      '1',
      '-o',
      join(room, 'x.npy'),
    )
    expect(code).toBe(0)
    expect(packages).toContain('onnxruntime-node')
    expect(packages).not.toContain('@tensorflow/tfjs-backend-wasm')
  })
})

describe('the help', () => {
  it('goes to stdout where it was asked for', async () => {
    const { code, stdout, stderr } = await command.run(['sample', '--help'])
    expect([code, stderr]).toEqual([0, ''])
    const flags = [
      'model',
      'steps',
      'spacing',
      'sampler',
      'eta',
      'variance',
      'clip',
      'final-level',
      'preset',
      'seed',
      'seeds',
    ]
    for (const name of [...Object.keys(rules), ...Object.keys(spacings), ...Object.keys(clips)])
      expect(stdout).toMatch(new RegExp(`^  ${name.replace('+', '\\+')}(  |$)`, 'm'))
    for (const flag of [...flags, 'rng', 'batch', 'labels', 'guidance', 'engine', 'output'])
      expect(stdout).toContain(`--${flag} `)
  })

  it('knows the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await command.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})
