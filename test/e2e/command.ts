/**
 * The command line as people have it: compiled, in a folder of its own, run as a process.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { copyFileSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'

const root = resolve(import.meta.dirname, '../..')

/** What a process said, and how it ended. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A compiled package. */
export interface Command extends Disposable {
  /** `dist/cli/main.js`, as the bin has it. */
  readonly main: string
  /** Runs the command; `watch` sees the process while it lives. */
  readonly run: (
    args: readonly string[],
    options?: {
      readonly cwd?: string
      readonly node?: readonly string[]
      readonly env?: Readonly<Record<string, string>>
      readonly watch?: (child: ChildProcess) => void
    },
  ) => Promise<Ran>
  /** Runs a line of bash, in which `$rxdiffusion` is the command. */
  readonly bash: (line: string, cwd: string) => Promise<Ran>
}

/** A folder that is nobody's. */
export const makeRoom = (): string => realpathSync(mkdtempSync(join(tmpdir(), 'rxdiffusion-e2e-')))

// vitest's own settings are not to reach the process
const { PATH, HOME } = process.env
const env = { PATH, HOME }

const ended = async (child: ChildProcess): Promise<Ran> => {
  const code = new Promise<number | null>((done) => child.on('close', done))
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)])
  return { code: await code, stdout, stderr }
}

/** Compiles the sources as `npm run build` does, away from the dist/ that others may be making. */
export const build = (): Command => {
  const room = makeRoom()
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const quick = ['--noCheck', '--declaration', 'false', '--isolatedDeclarations', 'false']
  const project = join(root, 'tsconfig.build.json')
  execFileSync(process.execPath, [tsc, '-p', project, ...quick, '--outDir', join(room, 'dist')])
  copyFileSync(join(root, 'package.json'), join(room, 'package.json'))
  for (const folder of ['node_modules', 'pipelines']) symlinkSync(join(root, folder), join(room, folder))
  const main = join(room, 'dist/cli/main.js')
  return {
    main,
    run: (args, { cwd = room, node = [], env: more, watch } = {}) => {
      const child = spawn(process.execPath, [...node, main, ...args], { cwd, env: { ...env, ...more } })
      watch?.(child)
      return ended(child)
    },
    bash: (line, cwd) =>
      ended(
        spawn('bash', ['-c', line], { cwd, env: { ...env, rxdiffusion: `${process.execPath} ${main}` } }),
      ),
    [Symbol.dispose]: () => {
      rmSync(room, { recursive: true })
    },
  }
}
