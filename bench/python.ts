/**
 * The Python in which diffusers runs: one that is given, one that was made before, or a new one.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const requirements = join('bench', 'python', 'requirements.txt')

/** The program that speaks for diffusers. */
export const rivalScript: string = join('bench', 'python', 'rival.py')

/** The variable that names a Python which has everything. */
export const pythonVariable = 'RXDIFFUSION_BENCH_PYTHON'

/** A Python, or why there is none. */
export type Found = { readonly python: string } | { readonly missing: string }

const succeeds = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

const checked = (python: string): Found =>
  succeeds(python, [rivalScript, 'check'])
    ? { python }
    : { missing: `${python} can't import what bench/python/requirements.txt lists` }

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

const oldEnough = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

const make = (folder: string, python: string): Found => {
  const base = ['python3', 'python'].find((name) => succeeds(name, ['-c', oldEnough]))
  if (base === undefined) return { missing: 'there is no Python ≥ 3.11 with venv and pip' }
  process.stderr.write(
    `Making a Python environment in ${folder}, once. It downloads torch and diffusers: 2.5 GB on Linux, where PyPI's ` +
      `torch can't be imported without NVIDIA's libraries, and 4.2 GB when unpacked. \`--no-python\` does without; ` +
      `${pythonVariable} names a Python that has them.\n`,
  )
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const pip = ['-m', 'pip', 'install', '--no-deps', '--disable-pip-version-check', '-r', requirements]
  const made =
    succeeds(base, ['-m', 'venv', folder]) &&
    // its progress is for people, and stdout is for the table
    spawnSync(python, pip, { stdio: ['ignore', process.stderr, process.stderr] }).status === 0
  return made ? checked(python) : { missing: 'pip could not install torch and diffusers; see above' }
}

/**
 * Finds or makes a Python with torch and diffusers.
 *
 * @param folder - where to make it
 */
export const findPython = (folder: string): Found => {
  const given = process.env[pythonVariable]
  if (given !== undefined) return checked(given)
  const python = join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  )
  // it is complete when it says for which requirements it was made
  const stamp = join(folder, 'made-for.txt')
  const wanted = readFileSync(requirements, 'utf8')
  if (read(stamp) === wanted) return checked(python)
  const made = make(folder, python)
  if ('python' in made) writeFileSync(stamp, wanted)
  return made
}
