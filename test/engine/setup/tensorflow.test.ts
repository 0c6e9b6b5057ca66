import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { setUpTensorflow } from '../../../src/engine/setup/tensorflow.ts'
import { complaintOf, unready } from '../../../src/engine/setup/tool.ts'
import { E, TE } from '../../../src/fp.ts'

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-setup-'))
  mkdirSync(join(room, 'bin'))
  vi.stubEnv('PATH', join(room, 'bin'))
  vi.stubEnv('RXDIFFUSION_HOME', join(room, 'home'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(room, { recursive: true })
})

/** Programs that do what a line of shell does; `cases` branch on all arguments. */
const programs = (lines: Readonly<Record<string, string>>): void => {
  for (const [name, line] of Object.entries(lines))
    writeFileSync(join(room, 'bin', name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${line}\n`, { mode: 0o755 })
}

/** npm that brings the sources of the binding. */
const npm = `mkdir -p "$3/node_modules/@tensorflow/tfjs-node/binding"`

/** A wheel as pip would leave it; \`tamper\` changes a file after its checksum was taken. */
const wheelScript = (tamper: boolean): string => `
import base64, hashlib, sys, zipfile
files = {'tensorflow/libtensorflow_cc.so.2': b'cc', 'tensorflow/libtensorflow_framework.so.2': b'fw',
  'tensorflow/include/tensorflow/c/c_api.h': b'//', 'tensorflow/python.py': b'left where it is'}
sums = {n: 'sha256=' + base64.urlsafe_b64encode(hashlib.sha256(b).digest()).rstrip(b'=').decode() for n, b in files.items()}
if ${tamper ? 'True' : 'False'}: files['tensorflow/include/tensorflow/c/c_api.h'] = b'/*'
with zipfile.ZipFile(sys.argv[1] + '/tensorflow_cpu-2.15.1-py3.whl', 'w') as w:
  for n, b in files.items(): w.writestr(n, b)
  w.writestr('t.dist-info/METADATA', 'Name: t')
  w.writestr('t.dist-info/RECORD', ''.join(n + ',' + s + ',1\\n' for n, s in sums.items()))
`

/** Python whose pip leaves a wheel, or says something. */
const python = (pip: string): string => `case "$*" in
*--version*) echo pip 24;;
*download*) ${pip};;
*) exec ${PYTHON} "$@";;
esac`
const PYTHON = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'python3'))
  .find((path) => existsSync(path))

const leaving = (tamper = false): string => {
  const file = join(room, 'wheel.py')
  writeFileSync(file, wheelScript(tamper))
  return `while [ "$1" != --dest ]; do shift; done; mkdir -p "$2"; ${PYTHON ?? ''} ${file} "$2"`
}

const setUp = (options: Partial<Parameters<typeof setUpTensorflow>[0]> = {}) =>
  setUpTensorflow({
    parts: 'tensorflow',
    signal: new AbortController().signal,
    told: () => undefined,
    check: () => TE.right('all agree'),
    ...options,
  })()

const sentence = async (options?: Parameters<typeof setUp>[0]): Promise<string> => {
  const done = await setUp(options)
  return E.isLeft(done) ? done.left.message : 'it was set up'
}

/** What lies in the home, working folders too. */
const lying = (): readonly string[] => readdirSync(join(room, 'home')).sort()

const gcc = { 'g++': 'exit 0' }

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('setting up TensorFlow', () => {
  it('puts it there whole, with its record', async () => {
    programs({ ...gcc, npm, python3: python(leaving()) })
    const told: string[] = []
    const done = await setUp({ told: (words) => told.push(words) })
    expect(done).toMatchObject(E.right({ requirement: 'tensorflow-cpu 2.15.1' }))
    expect(lying()).toEqual(['tensorflow'])
    const own = join(room, 'home/tensorflow/node_modules/@tensorflow/tfjs-node')
    expect(readdirSync(join(own, 'deps/lib')).sort()).toEqual([
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ])
    expect(told.join('\n')).toMatch(/207 MB[^]*3 files[^]*every checksum agrees[^]*all agree/)
  })

  it.each<[what: string, programs: () => Readonly<Record<string, string>>, sentence: RegExp]>([
    ['no compiler', () => ({}), /there is no g\+\+; type `sudo apt-get install g\+\+`/],
    ['no Python', () => gcc, /there is no python3; type `sudo apt-get install python3/],
    ['no pip', () => ({ ...gcc, python3: 'exit 1' }), /no pip here; type `sudo apt-get install python3-pip`/],
    ['no npm', () => ({ ...gcc, python3: python('exit 1') }), /there is no npm, which comes with Node/],
    [
      'npm that is cut off',
      () => ({ ...gcc, python3: python('exit 1'), npm: 'echo npm error network ENOTFOUND; exit 1' }),
      /npm could not fetch @tensorflow\/tfjs-node \(network ENOTFOUND\); see whether `npm view/,
    ],
    [
      'pip that is cut off',
      () => ({
        ...gcc,
        npm,
        python3: python(
          'echo "WARNING: Retrying after connection broken"; echo "ERROR: No matching distribution found"; exit 1',
        ),
      }),
      /PyPI, the index of Python's packages, can't be reached for tensorflow-cpu==2\.15\.1; see whether/,
    ],
    [
      'a version that there is not',
      () => ({ ...gcc, npm, python3: python('echo "ERROR: No matching distribution found"; exit 1') }),
      /there is no tensorflow-cpu==2\.15\.1 for this machine; name another with --version/,
    ],
    [
      'a download that is another',
      () => ({
        ...gcc,
        npm,
        python3: python('echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"; exit 1'),
      }),
      /is not what the index says it is; type this again/,
    ],
    [
      'a wheel that was tampered with',
      () => ({ ...gcc, npm, python3: python(leaving(true)) }),
      /the checksum of tensorflow\/include\/tensorflow\/c\/c_api\.h is not the one in the wheel's RECORD; type/,
    ],
    [
      'headers that do not fit',
      () => ({
        'g++': 'case "$1" in --version) ;; *) echo "x.cc:3:1: error: no TF_Version"; exit 1;; esac',
        npm,
        python3: python(leaving()),
      }),
      /does not compile against it \(.*no TF_Version\); type this again with --version 2\.15\.1/,
    ],
  ])('says what to type for %s, and leaves what was there', async (_, given, expected) => {
    mkdirSync(join(room, 'home/tensorflow'), { recursive: true })
    writeFileSync(join(room, 'home/tensorflow/setup.json'), 'mine')
    programs(given())
    const said = await sentence()
    expect(said).toMatch(expected)
    expect(said).toMatch(/^TensorFlow could not be set up: [^\n]+[^.]\.$/)
    expect(lying()).toEqual(['tensorflow'])
    expect(readdirSync(join(room, 'home/tensorflow'))).toEqual(['setup.json'])
  })

  it('takes nothing away for what fails its check, and everything for what passes', async () => {
    programs({ ...gcc, npm, python3: python(leaving()) })
    mkdirSync(join(room, 'home/tensorflow'), { recursive: true })
    writeFileSync(join(room, 'home/tensorflow/former'), '')
    const places: string[] = []
    const said = await sentence({
      check: (place) => {
        places.push(...readdirSync(place))
        return TE.left(unready('TensorFlow', 'softmax comes out wrong'))
      },
    })
    expect(said).toContain('softmax comes out wrong')
    expect(places).toContain('tensorflow')
    expect(existsSync(join(room, 'home/tensorflow/former'))).toBe(true)
    await setUp()
    expect(existsSync(join(room, 'home/tensorflow/former'))).toBe(false)
    expect(lying()).toEqual(['tensorflow'])
  })

  it('sweeps up after one that was killed, and not after one that is at work', async () => {
    programs(gcc)
    const gone = '.building-999999999-x'
    const atWork = `.building-${String(process.pid)}-x`
    for (const name of [gone, atWork]) mkdirSync(join(room, 'home', name), { recursive: true })
    await sentence()
    expect(lying()).toEqual([atWork])
  })

  it('stops when it is told to, and leaves nothing', async () => {
    programs({ ...gcc, npm: 'sleep 20', python3: python('exit 1') })
    const controller = new AbortController()
    const said = await sentence({
      signal: controller.signal,
      told: () => void setTimeout(() => controller.abort(), 50),
    })
    expect(said).toBe('TensorFlow could not be set up: it was interrupted.')
    expect(lying()).toEqual([])
  })

  it.runIf(!existsSync('/proc/driver/nvidia/version'))('wants a driver before it fetches CUDA', async () => {
    symlinkSync('/bin/true', join(room, 'bin', 'g++'))
    expect(await sentence({ parts: 'tensorflow-gpu' })).toBe(
      'TensorFlow for the GPU could not be set up: there is no NVIDIA driver here; install the one for your card, or type this without --gpu.',
    )
  })
})

describe('complaintOf', () => {
  it.each([
    ['one\ntwo error: it broke.\nthree\n', 'two error: it broke'],
    ['npm error code E404\n', 'code E404'],
    ['last words\n\n', 'last words'],
    ['', 'it said nothing'],
  ])('finds in %j what matters', (printed, complaint) => {
    expect(complaintOf(printed)).toBe(complaint)
  })
})
