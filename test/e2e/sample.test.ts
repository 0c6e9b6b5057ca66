import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { engineNames, type Model } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { E, O } from '../../src/fp.ts'
import { grid } from '../../src/media/picture/grid.ts'
import { decodeNpy } from '../../src/media/format/npy.ts'
import { pngText } from '../../src/media/format/png-text.ts'
import { encodePng } from '../../src/media/format/png.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { torch, torchList } from '../../src/noise/torch.ts'
import { orThrow } from '../../src/or-throw.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { maxAbsDifference, nhwcToNchw } from '../support/goldens.ts'
import { build, type Command, makeRoom } from './command.ts'

let command: Command
let model: Model
let room: string
beforeAll(async () => {
  command = build()
  model = await orThrow(loadModel(await orThrow(openEngine('onnx'))))
  room = makeRoom()
})
afterAll(() => {
  model[Symbol.dispose]()
  command[Symbol.dispose]()
  rmSync(room, { recursive: true })
})

const file = (name: string): Buffer => readFileSync(join(room, name))
const npy = (name: string): Values => {
  const decoded = decodeNpy(name)(file(name))
  if (E.isLeft(decoded)) throw decoded.left
  return decoded.right
}

/** Samples into a file of numbers, and reads it. */
let made = 0
const sampled = async (...flags: readonly string[]): Promise<Values> => {
  const name = `${String(made++)}.npy`
  const { code, stderr } = await command.run(['sample', ...flags, '-o', name], { cwd: room })
  expect(code, stderr).toBe(0)
  return npy(name)
}

/** What the library samples in three steps. */
type Config = DenoiseConfig<Parameters<Model['algebra']['dispose']>[0]>
const expected = async (config: Pick<Config, 'rule' | 'noise'> & Partial<Config>): Promise<Values> => {
  const { xt } = await finalSnapshot(respace(model.schedule, trailing(3)).pipe(denoise({ model, ...config })))
  return xt
}
const labels = (...classes: readonly number[]) => ({ condition: { labels: classes } })

describe('rxdiffusion sample', () => {
  it('writes grid, strip and numbers in one pass, as the library has them', async () => {
    const flags = '--steps 3 --labels sneaker,bag --batch 3 --seed 7 --guidance 2'.split(' ')
    const files = ['made/grid.png', 'strip.png', 'x.npy']
    const ran = await command.run(['sample', ...flags, ...files.flatMap((path) => ['-o', path])], {
      cwd: room,
    })
    expect([ran.code, ran.stdout]).toEqual([0, ''])
    const said = ran.stderr.split('\n')
    expect(said.slice(0, 3).map((line) => line.replace(/, .*$/, ''))).toEqual([
      'step 1 of 3',
      'step 2 of 3',
      'step 3 of 3',
    ])
    expect(said[3]).toMatch(
      /^3 samples, 3 steps of ddim\(eta 0\), trailing\(3\), guidance 2: .* s, \d+ ms a step, onnx/,
    )
    expect(said.slice(4).map((line) => line.replace(/ \(.*$/, ''))).toEqual([
      ...files.map((path) => `wrote ${path}`),
      '',
    ])

    const xt = await expected({
      model: guided({ weight: 2 })(model),
      rule: ddim(),
      noise: philox({ seed: 7 }),
      ...labels(7, 8, 7),
    })
    const { shape, data } = nhwcToNchw(xt)
    expect(shape).toEqual([3, 1, 28, 28])
    expect(npy('x.npy')).toEqual({ shape, data: Float32Array.from(data) })

    const picture = PNG.sync.read(file('made/grid.png'))
    const wanted = PNG.sync.read(
      Buffer.from(encodePng()(grid({ captions: ['sneaker', 'bag', 'sneaker'] })(xt))),
    )
    expect([picture.width, picture.height]).toEqual([wanted.width, wanted.height])
    expect(Buffer.compare(picture.data, wanted.data)).toBe(0)
    // three rows of samples, three columns of steps
    const strip = PNG.sync.read(file('strip.png'))
    expect(strip.height).toBeGreaterThan(3 * 2 * 28)
    expect(strip.width).toBeGreaterThan(3 * 28)

    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    for (const name of ['made/grid.png', 'strip.png'])
      expect(pngText(file(name))).toMatchObject(
        O.some({
          Software: `rxdiffusion ${version}`,
          Description: expect.stringMatching(
            /^ddim\(eta 0\), trailing\(3\), guidance 2, philox, seed 7, onnxruntime /,
          ) as string,
        }),
      )
  })

  const five = ['--steps', '3', '--batch', '2', '--labels', '5']
  it.each<readonly [flags: readonly string[], config: () => Parameters<typeof expected>[0]]>([
    [[], () => ({ rule: ddim(), noise: philox({ seed: 0 }) })],
    [['--eta', '0.5'], () => ({ rule: ddim({ eta: 0.5 }), noise: philox({ seed: 0 }) })],
    [
      ['--sampler', 'ddpm', '--variance', 'fixed-large'],
      () => ({ rule: ddpm({ variance: 'fixed-large' }), noise: philox({ seed: 0 }) }),
    ],
    [['--clip', 'none'], () => ({ rule: ddim(), noise: philox({ seed: 0 }), clip: 'none' as const })],
    [['--seeds', '3,9'], () => ({ rule: ddim(), noise: philox({ seeds: [3, 9] }) })],
    [['--rng', 'torch', '--seed', '4'], () => ({ rule: ddim(), noise: torch({ seed: 4 }) })],
    [['--rng', 'torch', '--seeds', '3,9'], () => ({ rule: ddim(), noise: torchList({ seeds: [3, 9] }) })],
  ])('does with %j what the library does', async (flags, config) => {
    const xt = await expected({ ...config(), ...labels(5, 5) })
    expect(await sampled(...five, ...flags)).toEqual({
      shape: [2, 1, 28, 28],
      data: Float32Array.from(nhwcToNchw(xt).data),
    })
  })

  it.each([
    ['--seed 3', '--seed 3'],
    ['--sampler ddpm --rng torch', '--sampler ddpm --rng torch'],
    ['--seeds 5', '--seed 5 --batch 1'],
    ['--seeds 1-3 --labels bag', '--seeds 1,2,3 --labels bag,bag,bag'],
    ['--labels sneaker,bag --batch 4', '--labels 7,8,7,8'],
    ['--labels Boot', '--labels 9'],
    ['--labels 10', '--labels 0 --guidance 0'],
    ['--batch 10', '--labels 0,1,2,3,4,5,6,7,8,9'],
    ['--preset ermon --sampler ddpm', '--spacing leading --clip x0 --sampler ddpm --variance fixed-large'],
    ['--preset diffusers', '--spacing leading --clip x0'],
    ['--preset openai --sampler ddpm', '--spacing linspace --sampler ddpm --variance fixed-large'],
  ])('makes the same of %s and of %s', async (one, other) => {
    const [a, b] = [
      await sampled('--steps', '3', ...one.split(' ')),
      await sampled('--steps', '3', ...other.split(' ')),
    ]
    expect(a.shape).toEqual(b.shape)
    expect(a.shape.slice(1)).toEqual([1, 28, 28])
    expect(maxAbsDifference(a.data, b.data)).toBe(0)
    expect(a.data.every(Number.isFinite)).toBe(true)
  })

  it('heeds every flag', async () => {
    const run = (...flags: readonly string[]) => sampled('--steps', '3', '--batch', '1', ...flags)
    const plain = await run()
    const flags = ['--seed 1', '--eta 1', '--sampler ddpm', '--clip x0', '--spacing leading', '--labels bag']
    for (const flag of [...flags, '--rng torch', '--guidance 2', '--steps 4'])
      expect(maxAbsDifference((await run(...flag.split(' '))).data, plain.data), flag).toBeGreaterThan(1e-3)
  })

  it('gives sample i of a seed whatever the batch', async () => {
    const run = (batch: string) =>
      sampled('--steps', '5', '--eta', '1', '--labels', 'sneaker,bag', '--batch', batch)
    const [four, two] = [await run('4'), await run('2')]
    expect(maxAbsDifference(four.data.subarray(0, two.data.length), two.data)).toBeLessThan(1e-5)
  })

  it('tells what is left in ten lines where stderr is no terminal', async () => {
    const flags = ['--steps', '40', '--batch', '1', '-o', 'ten.npy']
    const { code, stderr } = await command.run(['sample', ...flags], { cwd: room })
    expect(code).toBe(0)
    const steps = stderr.split('\n').filter((line) => line.startsWith('step '))
    expect(steps).toHaveLength(10)
    expect(steps.every((line, i) => line.startsWith(`step ${String(4 * (i + 1))} of 40, `))).toBe(true)
    expect(steps.every((line) => /, \d+(\.\d)? s left$/.test(line))).toBe(true)
  })

  it('leaves nothing but its files: no identifier, no database, no log', async () => {
    const home = makeRoom()
    const ran = await command.run('sample --steps 1 --batch 1 -o x.npy'.split(' '), {
      cwd: home,
      env: { HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache') },
    })
    expect(ran.code, ran.stderr).toBe(0)
    expect(readdirSync(home).toSorted()).toEqual(['x.npy', 'x.npy.json'])
    rmSync(home, { recursive: true })
  })

  it('runs on wasm what it runs on onnx', async () => {
    const run = (engine: string) => sampled('--steps', '3', '--batch', '1', '--engine', engine)
    expect(maxAbsDifference((await run('wasm')).data, (await run('onnx')).data)).toBeLessThan(2e-4)
  })
})

/** Presses Ctrl-C, or ends it otherwise, when so many lines have been said. */
const interruptAfter =
  (lines: number, signal: NodeJS.Signals = 'SIGINT') =>
  (child: ChildProcess): void => {
    let said = 0
    const listen = (chunk: Buffer): void => {
      said += chunk.toString().split('\n').length - 1
      if (said < lines) return
      child.stderr?.off('data', listen)
      child.kill(signal)
    }
    child.stderr?.on('data', listen)
  }

describe('Ctrl-C', () => {
  it('stops at once when pressed again, whoever keeps the files from being finished', async () => {
    // nobody reads what it writes, so it can't finish
    const flags = ['sample', '--batch', '16', '--steps', '200', '-o', '-', '--format', 'raw']
    const child = spawn(process.execPath, [command.main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = new Promise<readonly unknown[]>((done) => {
      child.on('close', (...how: readonly unknown[]) => {
        done(how)
      })
    })
    child.stdout.once('readable', () => {
      child.kill('SIGINT')
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (!said.includes('Ctrl-C again stops at once.')) return
      child.kill('SIGINT')
      child.stdout.resume()
    })
    expect(await closed).toEqual([null, 'SIGINT'])
  })

  it('leaves no file half made when pressed again', async () => {
    const home = join(room, 'twice')
    let pressed = false
    const ran = await command.run(
      ['sample', '--steps', '500', '--batch', '16', '-o', 'twice/film.gif', '-o', 'twice/all.npz'],
      {
        cwd: room,
        watch: (child) => {
          child.stderr?.on('data', () => {
            if (pressed) return
            pressed = true
            expect(readdirSync(home).some((name) => name.endsWith('.part'))).toBe(true)
            child.kill('SIGINT')
            child.kill('SIGTERM')
          })
        },
      },
    )
    expect(ran.code).toBe(null)
    expect(readdirSync(home)).toEqual([])
  })

  it.each(['SIGTERM', 'SIGHUP'] as const)('is what %s does, too', async (signal) => {
    const home = join(room, signal)
    const files = ['x.npy', 'film.mp4', 'film.gif', 'frames/']
    const ran = await command.run(
      ['sample', '--steps', '500', '--batch', '1', ...files.map((path) => `--output=${signal}/${path}`)],
      { cwd: room, watch: interruptAfter(1, signal) },
    )
    expect([ran.code, ran.stderr]).toEqual([130, expect.stringContaining('Interrupted: ') as string])
    expect(readdirSync(home).toSorted()).toEqual(['film.gif', 'film.mp4', 'frames', 'x.npy', 'x.npy.json'])
    expect(readdirSync(join(home, 'frames')).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('ends a run with its files', async () => {
    const files = ['c.npy', 'c-grid.png', 'c-strip.png', 'c.mp4', 'c.gif']
    const ran = await command.run(
      [
        'sample',
        '--sampler',
        'ddpm',
        '--steps',
        '500',
        '--batch',
        '2',
        ...files.flatMap((path) => ['-o', path]),
      ],
      { cwd: room, watch: interruptAfter(1) },
    )
    expect([ran.code, ran.stdout]).toEqual([130, ''])
    const [summary, ...rest] = ran.stderr.split('\n').slice(-8)
    const done = Number(/^2 samples, (\d+) of 500 steps of ddpm/.exec(summary!)?.[1])
    expect(done).toBeGreaterThanOrEqual(50)
    expect(done).toBeLessThan(500)
    expect(rest.map((line) => line.replace(/ \(.*$/, ''))).toEqual([
      ...files.map((path) => `wrote ${path}`),
      'Interrupted: the files show the run as far as it came.',
      '',
    ])
    expect(npy('c.npy').shape).toEqual([2, 1, 28, 28])
    const counted = 'ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0'
    for (const name of files.slice(3))
      expect(Number((await command.bash(`${counted} ${name}`, room)).stdout)).toBeGreaterThanOrEqual(done)
    for (const name of files.slice(1, 3)) expect(PNG.sync.read(file(name)).width).toBeGreaterThan(28)
    expect(readdirSync(room).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

describe('a pipe that is closed early', () => {
  it('is no failure of doctor', async () => {
    const ran = await command.bash('$rxdiffusion doctor --quick | head -c 1; echo " ${PIPESTATUS[0]}"', room)
    expect(ran).toEqual({ code: 0, stdout: 'm 0\n', stderr: '' })
  })

  it('is no failure of sample, whose files are made', async () => {
    const line = '$rxdiffusion sample --steps 40 --batch 1 -o e.npy 2>&1 | head -n 1; echo ${PIPESTATUS[0]}'
    const { stdout, stderr } = await command.bash(line, room)
    expect(stdout).toMatch(/^step 4 of 40, .*\n0\n$/)
    expect(stderr).toBe('')
    expect(existsSync(join(room, 'e.npy'))).toBe(true)
  })
})

describe('standard input', () => {
  it('is a pipeline for run, explain and validate', async () => {
    const text =
      'version: 1\\nbatch: 1\\nsteps: { kind: trailing, count: 2 }\\noutputs: [{ kind: grid, path: in/grid.png }]'
    const ran = await command.bash(`printf '${text}' | $rxdiffusion run -`, room)
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('wrote in/grid.png') as string])
    expect(existsSync(join(room, 'in/grid.png'))).toBe(true)
    const explained = await command.bash(`printf '${text}' | $rxdiffusion explain -`, room)
    expect(explained.stdout).toContain('respace(model.schedule, trailing(2))')
    const wrong = await command.bash(`printf '${text}\\nseed: 1' | $rxdiffusion validate -`, room)
    expect([wrong.code, wrong.stderr.slice(0, 45)]).toEqual([
      2,
      '<stdin>:5:1 seed: there is no such setting he',
    ])
  })
})

describe('standard output', () => {
  it('is a film for ffmpeg, and its words go elsewhere', async () => {
    const line =
      '$rxdiffusion sample --steps 4 --batch 1 -o - --format y4m --fps 4 2>words | ffmpeg -v error -i - piped.mkv; echo ${PIPESTATUS[@]}'
    expect(await command.bash(line, room)).toEqual({ code: 0, stdout: '0 0\n', stderr: '' })
    expect(file('words').toString()).toMatch(/\nwrote to standard output \(\d+ kB\)\n$/)
    const count = 'ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 piped.mkv'
    // four steps, the last of which is held for a second
    expect((await command.bash(count, room)).stdout).toBe('8\n')
  })

  it('can be closed early, which ends the run', async () => {
    const line =
      '$rxdiffusion sample --steps 500 --batch 1 -o - --format y4m 2>words | head -c 1000 | wc -c; echo ${PIPESTATUS[@]}'
    expect(await command.bash(line, room)).toEqual({ code: 0, stdout: '1000\n0 0 0\n', stderr: '' })
    expect(file('words').toString()).toMatch(/1 sample, \d{1,2} of 500 steps/)
    expect(file('words').toString()).toMatch(/\nwrote to standard output until its reader went away\n$/)
  })

  it('fails with a sentence where it is full', async () => {
    const line = '$rxdiffusion sample --steps 2 --batch 1 -o - --format npy >/dev/full; echo $?'
    const { stdout, stderr } = await command.bash(line, room)
    expect(stdout).toBe('1\n')
    expect(stderr).toMatch(/\nStandard output can't be written: the disk is full\.\n$/)
    const events = await command.bash(
      '$rxdiffusion sample --steps 2 --batch 1 --json -o f.npy >/dev/full; echo $?',
      room,
    )
    expect(events).toEqual({
      code: 0,
      stdout: '1\n',
      stderr: "Standard output can't be written: the disk is full.\n",
    })
  })
})

describe('an encoder that is missing', () => {
  it('is told before anything runs, with what works instead', async () => {
    const env = { FFMPEG_PATH: '/no/such/ffmpeg' }
    const ran = await command.run(['sample', '-o', 'x.png', '-o', 'x.mp4'], { cwd: room, env })
    const reason = "FFMPEG_PATH names /no/such/ffmpeg, which can't be run"
    const instead = '.gif, .apng and .png are written without it'
    expect(ran).toEqual({ code: 3, stdout: '', stderr: `x.mp4 needs ffmpeg, and ${reason}; ${instead}.\n` })
    expect(existsSync(join(room, 'x.png'))).toBe(false)
  })
})

describe('rxdiffusion doctor', () => {
  it('says of every engine what it is, or why not', async () => {
    const { code, stdout, stderr } = await command.run(['doctor', '--quick'])
    expect([code, stderr]).toEqual([0, ''])
    const said = stdout.trimEnd().split('\n')
    expect(said.map((line) => line.split(' ')[0])).toEqual(['machine', 'gpu', ...engineNames])
    const of = (engine: string): string | undefined => said.find((line) => line.startsWith(`${engine} `))
    expect(of('onnx')).toMatch(/^onnx +ready +onnxruntime \S+ on the CPU\b/)
    expect(of('wasm')).toMatch(/^wasm +ready +tfjs \S+ on WebAssembly$/)
    expect(of('cpu')).toMatch(/^cpu +ready +tfjs \S+ in plain JavaScript$/)
  })
})
