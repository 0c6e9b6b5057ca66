import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeSafetensors } from '../../src/checkpoint/encode-safetensors.ts'
import { goldenPath, readJson, readSafetensors } from '../support/goldens.ts'
import { build, type Command, makeRoom } from './command.ts'

let command: Command
let rooms: string
beforeAll(() => {
  command = build()
  rooms = makeRoom()
})
afterAll(() => {
  command[Symbol.dispose]()
  rmSync(rooms, { recursive: true })
})

const labels =
  '0 (t-shirt), 1 (trouser), 2 (pullover), 3 (dress), 4 (coat), 5 (sandal), 6 (shirt), 7 (sneaker), 8 (bag), 9 (boot), 10 (none)'
const engines =
  '--engine takes one of auto, tensorflow-gpu, webgpu, onnx, tensorflow, wasm, cpu, webgpu:software, onnx:cuda, onnx:webgpu, onnx:coreml, onnx:dml, onnx:half, onnx:cuda:half, onnx:webgpu:half, onnx:dml:half'

const samplers =
  '--sampler takes one of ddim, ddpm, dpm2, dpmpp-2m, dpmpp-2m-sde, dpmpp-3m, dpmpp-3m-sde, euler, euler-ancestral, heun, lcm, plms, unipc'

/** What people type after `rxdiffusion`, and the one sentence that they get. */
const lines: ReadonlyArray<readonly [line: readonly string[], sentence: string]> = [
  [['sampel', '-o', 'x.png'], 'There is no command sampel; the nearest is sample.'],
  [['levitate'], 'There is no command levitate.'],
  [['txt2img'], 'There is no command txt2img; here it is sample.'],
  [['ls'], 'A list is needed: models, schedules, spacings, samplers, experiments or outputs.'],
  [['run'], 'A file is needed: pipeline.yaml, .json, .ts or .mjs, or - for standard input.'],
  [['sample', '--stepz', '3', '-o', 'x.png'], 'There is no option --stepz; the nearest is --steps.'],
  [['sample', '--etta=0.5', '-o', 'x.png'], 'There is no option --etta; the nearest is --eta.'],
  [['sample', '-o', 'x.png', '-x'], 'There is no option -x.'],
  [['doctor', '--verbose'], 'There is no option --verbose; all there is to know is told by --json.'],
  [['edit', 'photo.png'], 'There is no command edit; here it is img2img.'],
  [['resume', 'run'], 'There is no command resume; here it is sample --resume.'],
  [
    ['img2img', 'photo.png', '-o', 'x.png'],
    'img2img takes only options, and photo.png belongs to none; perhaps --images photo.png.',
  ],
  [['plot'], 'A what is needed: schedule, spacing or coefficients.'],
  [['sample', '--quux', '3'], 'There is no option --quux.'],
  [['sample', '--stepz', '3'], 'There is no option --stepz; the nearest is --steps.'],
  [['sample', '3'], 'sample takes only options, and 3 belongs to none; lists have no spaces.'],
  [['sample'], 'The option -o, --output <file> is needed, such as -o grid.png.'],
  [['sample', '-o'], 'The option -o, --output <file> needs a value.'],
  [['sample', '-o', 'x.png', '--steps'], 'The option --steps <S> needs a value.'],
  [
    ['sample', '-o', 'x.png', '--labels', 'sneaker,', 'bag'],
    'sample takes only options, and bag belongs to none; lists have no spaces.',
  ],
  [['setup', 'tensorrt'], 'setup takes tensorflow, not tensorrt.'],
  [['setup', 'tensorflow', '--version', 'new'], '--version takes a version such as 2.15.1, not new.'],
  [['setup'], 'A what is needed: tensorflow.'],
  [['doctor', 'onnx'], 'doctor takes only options, and onnx belongs to none; lists have no spaces.'],
]

const endings =
  'names of outputs end in .png, / (a folder), .mp4, .av1.mp4, .webm, .mkv, .webp, .gif, .apng, .npy, .npz, .safetensors, .html.'

/** What people type after `rxdiffusion sample -o x.png`. */
const flags: ReadonlyArray<readonly [flags: readonly string[], sentence: string]> = [
  [['--steps', '0'], '--steps takes a whole number from 1 to 1000000, not 0.'],
  [['--steps', '2000'], '2000 steps were asked for, but the schedule has only 1000 timesteps.'],
  [['--steps', 'abc'], '--steps takes a whole number from 1 to 1000000, not abc.'],
  [['--steps', '2.5'], '--steps takes a whole number from 1 to 1000000, not 2.5.'],
  [['--steps', ''], '--steps takes a whole number from 1 to 1000000, not "".'],
  [['--steps', '5\n6'], '--steps takes a whole number from 1 to 1000000, not "5\\n6".'],
  [
    ['--spacing', 'traling'],
    '--spacing takes one of exponential, karras, leading, linspace, polyexponential, quadratic, trailing, explicit, not traling; the nearest is trailing.',
  ],
  [['--sampler', 'magic'], `${samplers}, not magic.`],
  [['--sampler', 'DDIM'], `${samplers}, not DDIM; the nearest is ddim.`],
  [['--sampler', 'dpm++-2m'], `${samplers}, not dpm++-2m; the nearest is dpmpp-2m.`],
  [['--eta', '1.5'], '--eta takes a number from 0 to 1, not 1.5.'],
  [['--eta', 'NaN'], '--eta takes a number from 0 to 1, not NaN.'],
  [
    ['--eta', '0.5', '--sampler', 'ddpm'],
    '--eta belongs to --sampler ddim and euler-ancestral; ddpm has --variance.',
  ],
  [['--variance', 'fixed-large'], '--variance belongs to --sampler ddpm; ddim has --eta.'],
  [
    ['--variance', 'learned', '--sampler', 'ddpm'],
    'ddpm(learned) needs a model that has learned a variance, and this one predicts none.',
  ],
  [
    ['--variance', 'large', '--sampler', 'ddpm'],
    '--variance takes one of fixed-small, fixed-large, learned, learned-range, not large; the nearest is fixed-large.',
  ],
  [
    ['--clip', 'eps'],
    '--clip takes one of none, x0, x0+eps, threshold, threshold+eps, not eps; the nearest is x0+eps.',
  ],
  [
    ['--preset', 'openay'],
    '--preset takes one of ermon, diffusers, openai, not openay; the nearest is openai.',
  ],
  [['--seed', '-1'], '--seed takes a whole number from 0 to 9007199254740991, not -1.'],
  [['--seed', '1.5'], '--seed takes a whole number from 0 to 9007199254740991, not 1.5.'],
  [
    ['--seed', '1', '--seeds', '1'],
    '--seed (one for the batch) and --seeds (one for each sample) exclude each other.',
  ],
  [['--seeds', '5-1'], '--seeds takes ranges that rise, such as 1-5, not 5-1.'],
  [['--seeds', '0-99999999'], '--seeds takes at most 4096 numbers, and 0-99999999 has more.'],
  [['--seeds', '1,,2'], '--seeds takes whole numbers and ranges such as 0-63 or 1,4,9, not 1,,2.'],
  [['--seeds', ''], '--seeds takes whole numbers and ranges such as 0-63 or 1,4,9, not "".'],
  [['--seeds', '1,2', '--batch', '3'], '--seeds names 2 samples, and --batch asks for 3.'],
  [['--rng', 'numpy'], '--rng takes one of philox, torch, not numpy.'],
  [['--batch', '0'], '--batch takes a whole number from 1 to 4096, not 0.'],
  [['--batch', '100000'], '--batch takes a whole number from 1 to 4096, not 100000.'],
  [
    ['--labels', 'sneeker'],
    `The model has no label sneeker; it knows ${labels}, and the nearest is sneaker.`,
  ],
  [['--labels', '11'], `The model has no label 11; it knows ${labels}.`],
  [['--labels', '-1'], `The model has no label -1; it knows ${labels}.`],
  [['--labels', 'bag,,boot'], `The model has no label ""; it knows ${labels}.`],
  [['--guidance', '-1'], '--guidance takes a number from 0 to 1000, not -1.'],
  [['--guidance', '1e308'], '--guidance takes a number from 0 to 1000, not 1e308.'],
  [['--guidance', 'abc'], '--guidance takes a number from 0 to 1000, not abc.'],
  [['--guidance', 'Infinity'], '--guidance takes a number from 0 to 1000, not Infinity.'],
  [['--engine', 'wasn'], `${engines}, not wasn; the nearest is wasm.`],
  [['--engine', ''], `${engines}, not "".`],
  [['--model', ''], '--model takes a path, not "".'],
  [['--model', 'nowhere'], "nowhere can't be read: it does not exist."],
  [['-o', 'x.jpg'], `x.jpg can't be written: ${endings}`],
  [['-o', 'grid'], `grid can't be written: ${endings}`],
  [['-o', 'grid:x.npy'], "x.npy can't be written: the name of a grid ends in .png."],
  [['-o', ''], `"" can't be written: ${endings}`],
  [['-o', './x.png'], '-o names the same file twice: x.png, ./x.png.'],
  [['-o', 'strip:x.png'], '-o names the same file twice: x.png, strip:x.png.'],
  [['-o', '/dev/null/y.png'], "/dev/null/y.png can't be written: its directory is a file."],
  [['-o', '/proc/y.png'], "/proc/y.png can't be written: files cannot be made there."],
]

/** One line, one full stop at its end, no stack, no defect. */
const isSentence = /^(?!Unexpected|error)\S[^\n]*[^.?!\n]\.\n$/

describe.concurrent('what is refused', () => {
  it.each([
    ...lines,
    ...flags.map(([more, sentence]) => [['sample', '-o', 'x.png', ...more], sentence] as const),
  ])('%j: %s', async (line, sentence) => {
    const cwd = join(rooms, JSON.stringify(line).replace(/\W/g, '_'))
    mkdirSync(cwd)
    const ran = await command.run(line, { cwd })
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` })
    expect(ran.stderr).toMatch(isSentence)
    expect(readdirSync(cwd)).toEqual([])
  })

  it('is an event besides, for programs', async () => {
    const { code, stdout, stderr } = await command.run(['sample', '--json', '--stepz', '3'])
    const reason = 'There is no option --stepz; the nearest is --steps.'
    expect([code, stderr]).toEqual([2, `${reason}\n`])
    expect(JSON.parse(stdout)).toEqual({ event: 'refused', kind: 'Usage', reason, code: 2 })
  })

  it('shows the help on stderr where there is no command', async () => {
    const { code, stdout, stderr } = await command.run([])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: rxdiffusion /)
  })

  it.each([
    ['tensorflow', 'rxdiffusion setup tensorflow'],
    ['tensorflow-gpu', 'rxdiffusion setup tensorflow --gpu'],
  ])('says what the engine %s lacks, and what to type', async (engine, line) => {
    // an empty home, wherever it may have been set up
    const env = { RXDIFFUSION_HOME: join(rooms, 'home') }
    expect(await command.run(['sample', '--engine', engine, '-o', 'x.png'], { env })).toEqual({
      code: 2,
      stdout: '',
      stderr: `The engine ${engine} can't run here: it is not set up; type \`${line}\`.\n`,
    })
  })
})

const WEIGHTS = 'diffusion_pytorch_model.safetensors'

/** Edits a sound checkpoint without labels, in a folder `m`. */
type Edit = (folder: string) => void
const rewrite =
  (file: string, contents: string | Uint8Array): Edit =>
  (folder) =>
    writeFileSync(join(folder, file), contents)
const config =
  (changes: Readonly<Record<string, unknown>>): Edit =>
  (folder) => {
    const path = join(folder, 'config.json')
    writeFileSync(path, JSON.stringify({ ...(readJson(path) as object), ...changes }))
  }
const tensors =
  (change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void): Edit =>
  (folder) => {
    const path = join(folder, WEIGHTS)
    const all = new Map(
      [...readSafetensors(path).tensors].map(([name, { shape, data }]) => [
        name,
        { shape, data: Float32Array.from(data) },
      ]),
    )
    change(all)
    writeFileSync(path, encodeSafetensors(all))
  }
/** A header over this many bytes of data. */
const safetensors = (header: unknown, bytes: number): Uint8Array => {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(bytes)])
}

/** A pipe into which nobody writes, in the place of a file or of the folder itself. */
const pipe =
  (file: string): Edit =>
  (folder) => {
    const path = join(folder, file)
    rmSync(path, { recursive: true, force: true })
    execFileSync('mkfifo', [path])
  }

/** Exact where the words are the engine's; where they are the decoder's, what matters in them. */
const checkpoints: ReadonlyArray<readonly [title: string, edit: Edit, sentence: string | RegExp]> = [
  [
    'is a file',
    (m) => {
      rmSync(m, { recursive: true })
      writeFileSync(m, '')
    },
    "m can't be read: it is a file, not the folder of a model.",
  ],
  ['has no config', (m) => rmSync(join(m, 'config.json')), "m/config.json can't be read: it does not exist."],
  ['has no weights', (m) => rmSync(join(m, WEIGHTS)), `m/${WEIGHTS} can't be read: it does not exist.`],
  ['is a pipe', pipe(''), "m can't be read: it is a pipe or a device, not a model."],
  [
    'has a pipe for its config',
    pipe('config.json'),
    "m/config.json can't be read: it is a pipe or a device, not a file.",
  ],
  [
    'has a pipe for its weights',
    pipe(WEIGHTS),
    `m/${WEIGHTS} can't be read: it is a pipe or a device, not a file.`,
  ],
  [
    'has a pipe for its scheduler',
    pipe('scheduler_config.json'),
    "m/scheduler_config.json can't be read: it is a pipe or a device, not a file.",
  ],
  [
    'has a pipe for its manifest',
    pipe('model.yaml'),
    "m/model.yaml can't be read: it is a pipe or a device, not a file.",
  ],
  [
    'has a device for its weights',
    (m) => {
      rmSync(join(m, WEIGHTS))
      symlinkSync('/dev/zero', join(m, WEIGHTS))
    },
    `m/${WEIGHTS} can't be read: it is a pipe or a device, not a file.`,
  ],
  [
    'is a network whose file is a pipe',
    (m) => {
      rmSync(m, { recursive: true })
      mkdirSync(m)
      pipe('model.onnx')(m)
      const says = 'kind: onnx\nshape: [8, 8, 3]\nschedule: { kind: linear }\nprediction: epsilon\n'
      rewrite('model.yaml', says)(m)
    },
    /\/m\/model\.onnx can't be read: it is a pipe or a device, not a file\.\n$/,
  ],
  [
    'has a config that is no JSON',
    rewrite('config.json', '{"sample_size": 16,'),
    'm/config.json is not usable: it is not valid JSON.',
  ],
  ['has a config that is a list', rewrite('config.json', '[]'), /^m\/config\.json is not usable: .+\.\n$/],
  [
    'has a block that nobody knows',
    config({ down_block_types: ['DownBlock2D', 'DownBlok2D'] }),
    /^m\/config\.json is not usable: down_block_types\[1\] is "?DownBlok2D.* nearest is DownBlock2D\.\n$/,
  ],
  [
    'has a size that does not halve',
    config({ sample_size: 15 }),
    'm/config.json is not usable: sample_size is 15×15, and has to be a multiple of 2 for 2 levels.',
  ],
  [
    'is truncated',
    (m) => writeFileSync(join(m, WEIGHTS), readFileSync(join(m, WEIGHTS)).subarray(0, 20_000)),
    `m/${WEIGHTS} is not a sound safetensors file: down_blocks.0.resnets.0.conv1.weight ends at byte 6508 of the data, but there are only 5488.`,
  ],
  [
    'is truncated in its header',
    (m) => writeFileSync(join(m, WEIGHTS), readFileSync(join(m, WEIGHTS)).subarray(0, 100)),
    `m/${WEIGHTS} is not a sound safetensors file: its header is said to have 14504 bytes, but only 92 follow.`,
  ],
  [
    'has no bytes',
    rewrite(WEIGHTS, ''),
    `m/${WEIGHTS} is not a sound safetensors file: it has 0 bytes, too few for a header.`,
  ],
  [
    'has tensors that overlap',
    rewrite(
      WEIGHTS,
      safetensors(
        {
          a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          b: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
        },
        12,
      ),
    ),
    `m/${WEIGHTS} is not a sound safetensors file: b begins at byte 4 of the data, within another tensor.`,
  ],
  [
    'lacks a tensor',
    tensors((all) => all.delete('conv_out.bias')),
    `m/${WEIGHTS} has no tensor conv_out.bias, which its config.json asks for.`,
  ],
  [
    'has a tensor of another shape',
    tensors((all) => all.set('conv_in.weight', { shape: [8, 1, 3, 3], data: new Float32Array(72) })),
    `conv_in.weight in m/${WEIGHTS} has the shape [8, 1, 3, 3]; config.json asks for [8, 3, 3, 3].`,
  ],
  [
    'has a schedule without noise',
    rewrite('scheduler_config.json', '{"beta_start": 0}'),
    'm/scheduler_config.json is not usable: The schedule is not usable: β is 0 at t = 0, outside (0, 1].',
  ],
  [
    'has a schedule that nobody knows',
    rewrite('scheduler_config.json', '{"beta_schedule": "cosine"}'),
    /^m\/scheduler_config\.json is not usable: beta_schedule is "cosine".*scaled_linear.*\.\n$/,
  ],
  [
    'has a scheduler that is not supported',
    rewrite('scheduler_config.json', '{"_class_name": "FlowMatchEulerDiscreteScheduler"}'),
    'm/scheduler_config.json is not usable: _class_name FlowMatchEulerDiscreteScheduler is not supported.',
  ],
  [
    'has zero terminal SNR, and predicts ε',
    rewrite('scheduler_config.json', '{"rescale_betas_zero_snr": true}'),
    'At t = 999 nothing of the image is left (ᾱ = 0), so a prediction of ε says nothing about x₀; use a model that predicts v or x₀.',
  ],
  [
    'has a broken model.yaml',
    rewrite('model.yaml', 'labels: [a, b'),
    'm/model.yaml:1:14 is not usable: it is not valid YAML (Flow sequence in block collection must be sufficiently indented and end with a ]).',
  ],
  [
    'names an unconditional class too far',
    (m) => {
      config({ num_class_embeds: 3 })(m)
      tensors((all) => all.set('class_embedding.weight', { shape: [3, 32], data: new Float32Array(96) }))(m)
      rewrite('model.yaml', 'unconditional: 3')(m)
    },
    'm/model.yaml is not usable: it speaks of more classes than the 3 of config.json.',
  ],
]

describe.concurrent('a checkpoint is refused that', () => {
  it.each(checkpoints)('%s', async (title, edit, sentence) => {
    const cwd = join(rooms, title.replace(/\W/g, '_'))
    cpSync(goldenPath('unet/no-attention'), join(cwd, 'm'), { recursive: true })
    edit(join(cwd, 'm'))
    const ran = await command.run(['sample', '--model', 'm', '-o', 'x.png'], { cwd })
    const stderr: unknown = typeof sentence === 'string' ? `${sentence}\n` : expect.stringMatching(sentence)
    expect(ran).toEqual({ code: 2, stdout: '', stderr })
    expect(ran.stderr).toMatch(isSentence)
    expect(readdirSync(cwd)).toEqual(['m'])
  })

  it.each([
    [['--guidance', '2'], 'Guidance needs a label that stands for "none", and the model has none.'],
    [['--labels', '1'], 'Labels were given, but the model is not conditioned on labels.'],
  ])('has no labels, with %j', async (more, sentence) => {
    const model = goldenPath('unet/no-attention')
    const ran = await command.run(['sample', '--model', model, '-o', 'x.png', ...more])
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` })
  })
})

describe('a file that cannot be written', () => {
  it.each([
    ['its directory is a file', (cwd: string) => writeFileSync(join(cwd, 'd'), '')],
    ['it is a directory', (cwd: string) => mkdirSync(join(cwd, 'd/x.png'), { recursive: true })],
  ])('is refused before anything runs: %s', async (reason, make) => {
    const cwd = makeRoom()
    make(cwd)
    const ran = await command.run(['sample', '-o', 'y.npy', '-o', 'd/x.png'], { cwd })
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `d/x.png can't be written: ${reason}.\n` })
    expect(readdirSync(cwd)).toEqual(['d'])
    rmSync(cwd, { recursive: true })
  })

  it('fails the run when the disk fills up, and the other files are there', async () => {
    const cwd = makeRoom()
    symlinkSync('/dev/full', join(cwd, 'full.npy'))
    const args = ['sample', '--steps', '2', '--batch', '1', '-o', 'full.npy', '-o', 'grid.png']
    const { code, stdout, stderr } = await command.run(args, { cwd })
    expect([code, stdout]).toEqual([1, ''])
    const [wrote, complaint, ...rest] = stderr.split('\n').slice(-3)
    expect(wrote).toMatch(/^wrote grid\.png \(\d+ bytes\)$/)
    expect([complaint, ...rest]).toEqual(["full.npy can't be written: the disk is full.", ''])
    expect(readdirSync(cwd).toSorted()).toEqual(['full.npy', 'grid.png'])
    rmSync(cwd, { recursive: true })
  })
})
