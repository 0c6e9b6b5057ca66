// Packs the package and uses it as a stranger would, in a folder of its own (`npm run test:pack`).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const desk = mkdtempSync(join(tmpdir(), 'rxdiffusion-pack-'))
const home = join(desk, 'stranger')
const started = Date.now()

/** Runs a command and returns what it printed; without success, shows that and ends this script. */
const run = (/** @type {string} */ command, /** @type {readonly string[]} */ args, cwd = home) => {
  const { status, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 0) return stdout
  console.error(stdout)
  throw new Error(`without success: ${command} ${args.join(' ')}`)
}

/** @type {(holds: boolean, promise: string) => void} */
const check = (holds, promise) => {
  if (!holds) throw new Error(`not so: ${promise}`)
  console.log(`✓ ${promise.trimEnd()}`)
}

/** The exceptions to a promise, in words. */
const listed = (/** @type {readonly string[]} */ paths) =>
  paths.length === 0 ? '' : `(but: ${paths.join(', ')})`

const consumer = `
import { fail, isFailure } from 'rxdiffusion'
import type { Failure } from 'rxdiffusion'
import * as node from 'rxdiffusion/node'

const failure: Failure = fail('EtaOutOfRange', { eta: 2 })
export const known: boolean = isFailure(failure)
export const doors: number = Object.keys(node).length
`

try {
  mkdirSync(home)

  // --- what is inside
  /** @typedef {{ filename: string, unpackedSize: number, files: { path: string }[] }} Packed */
  const [packed] = /** @type {Packed[]} */ (
    JSON.parse(run('npm', ['pack', '--json', '--silent', '--pack-destination', desk], root))
  )
  if (!packed) throw new Error('npm pack made nothing')
  const paths = packed.files.map(({ path }) => path)
  const megabytes = packed.unpackedSize / 2 ** 20
  const doors = ['index.js', 'index.d.ts', 'node.js', 'node.d.ts', 'cli/main.js'].map(
    (file) => `dist/${file}`,
  )
  const model = [
    'README.md',
    'config.json',
    'diffusion_pytorch_model.safetensors',
    'scheduler_config.json',
  ].map((file) => `pipelines/models/fashion-mnist/${file}`)
  const absent = [...doors, ...model, 'README.md', 'LICENSE'].filter((path) => !paths.includes(path))
  check(
    absent.length === 0,
    `the package has its doors, the default model, README.md, LICENSE ${listed(absent)}`,
  )
  const strange = paths.filter(
    (path) => !/^(dist\/[\w/-]+(\.d)?\.[jt]s|pipelines\/.*|README\.md|LICENSE|package\.json)$/.test(path),
  )
  check(strange.length === 0, `and nothing that is nobody's business ${listed(strange)}`)
  check(megabytes < 20, `it unpacks to less than 20 MiB (${megabytes.toFixed(1)}, ${paths.length} files)`)
  run(join(root, 'node_modules/.bin/publint'), ['run', '--strict', '--pack', 'false'], root)
  check(true, 'publint has nothing to say')

  // --- a stranger installs it
  writeFileSync(join(home, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  const tarball = join(desk, packed.filename)
  run('npm', [
    'install',
    '--silent',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    tarball,
  ])
  check(existsSync(join(home, 'node_modules/rxdiffusion')), 'it installs without install scripts')

  // --- imports it
  writeFileSync(
    join(home, 'use.js'),
    consumer.replace(/import type.*|: \w+(?= =)/g, '') + 'console.log(known, doors > 0)',
  )
  check(
    run(process.execPath, ['use.js']).trim() === 'true true',
    'Node imports rxdiffusion and rxdiffusion/node',
  )

  writeFileSync(join(home, 'use.ts'), consumer)
  writeFileSync(
    join(home, 'tsconfig.json'),
    '{ "compilerOptions": { "strict": true, "module": "nodenext", "target": "es2023", "skipLibCheck": true, "noEmit": true, "types": [] }, "files": ["use.ts"] }',
  )
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', home])
  check(true, 'its types serve under moduleResolution nodenext')

  // --- and runs it
  const bin = join(home, 'node_modules/.bin/rxdiffusion')
  check(run(bin, ['--help']).includes('sample'), 'rxdiffusion --help names its commands')
  run(bin, ['sample', '--steps', '2', '-o', 'out/grid.png'])
  const png = join(home, 'out/grid.png')
  check(
    existsSync(png) && statSync(png).size > 1000,
    `rxdiffusion sample writes a PNG of ${statSync(png).size} bytes`,
  )

  console.log(`the package is sound (${((Date.now() - started) / 1000).toFixed(1)} s)`)
} finally {
  rmSync(desk, { recursive: true, force: true })
}
