import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeNpy } from '../../src/media/format/npy.ts'
import { build, makeRoom, type Command, type Ran } from './command.ts'

let command: Command
let room: string

const recipe = `
steps: 16
batch: 4
warmup: 3
checkpointEvery: 4
sampleEvery: 100
network:
  sample_size: 8
  block_out_channels: [8, 8]
  down_block_types: [DownBlock2D, DownBlock2D]
  up_block_types: [UpBlock2D, UpBlock2D]
  norm_num_groups: 4
  layers_per_block: 1
  mid_block_type: null
`

/** A grey picture whose pixels depend on a number. */
const picture = (i: number, size = 8): Buffer => {
  const png = new PNG({ width: size, height: size })
  for (let p = 0; p < size * size; p++)
    png.data.set([...Array<number>(3).fill((37 * i * p) % 256), 255], 4 * p)
  return PNG.sync.write(png)
}

beforeAll(() => {
  command = build()
  room = makeRoom()
  writeFileSync(join(room, 'recipe.yaml'), recipe)
  for (const [label, name] of ['cats', 'dogs'].entries()) {
    mkdirSync(join(room, 'data', name), { recursive: true })
    for (let i = 0; i < 5; i++)
      writeFileSync(join(room, 'data', name, `${String(i)}.png`), picture(2 * i + label))
  }
}, 120_000)
afterAll(() => {
  command[Symbol.dispose]()
  rmSync(room, { recursive: true })
})

const train = (
  out: string,
  more: readonly string[] = [],
  watch?: (said: string, pid: number) => void,
): Promise<Ran> =>
  command.run(
    ['train', '--data', 'data', '--config', 'recipe.yaml', '--engine', 'cpu', '--out', out, ...more],
    {
      cwd: room,
      watch: (child) => {
        let said = ''
        child.stderr?.on('data', (chunk: Buffer) => {
          said += chunk.toString()
          watch?.(said, child.pid!)
        })
      },
    },
  )
const losses = (out: string): string => readFileSync(join(room, out, 'losses.csv'), 'utf8')
const weights = (out: string): Buffer => readFileSync(join(room, out, 'diffusion_pytorch_model.safetensors'))

describe('training from the command line', () => {
  it('writes a model that sample takes, its checkpoints, losses and samples', async () => {
    const { code, stderr } = await train('whole')
    expect(stderr).toContain('update 16 of 16')
    expect(code).toBe(0)
    expect(losses('whole').trim().split('\n')).toHaveLength(17)
    expect(readdirSync(join(room, 'whole/checkpoints'))).toHaveLength(3)
    expect(readFileSync(join(room, 'whole/loss.svg'), 'utf8')).toContain('<svg')
    expect(readdirSync(join(room, 'whole/samples'))).toEqual(['step-00000016.png'])
    const sampled = await command.run(
      ['sample', '--model', 'whole', '--labels', 'dogs', '--steps', '2', '--engine', 'cpu', '-o', 'dog.png'],
      { cwd: room },
    )
    expect(sampled.code).toBe(0)
  })

  it('killed in the middle, goes on to the same losses and weights to the last bit', async () => {
    const first = await train('killed', [], (said, pid) => {
      if (said.includes('update 7 of 16')) process.kill(pid, 'SIGKILL')
    })
    expect(first.code).toBe(null)
    const { code, stderr } = await train('killed', ['--resume'])
    expect(stderr).toMatch(/from update (4|8)/)
    expect(code).toBe(0)
    expect(losses('killed')).toBe(losses('whole'))
    expect(weights('killed').equals(weights('whole'))).toBe(true)
  })

  it('goes on to the same bits in another process on wasm', async () => {
    const wasm = ['--engine', 'wasm']
    expect((await train('straight', wasm)).code).toBe(0)
    cpSync(join(room, 'straight'), join(room, 'twice'), { recursive: true })
    for (const name of ['step-00000012.safetensors', 'step-00000016.safetensors'])
      rmSync(join(room, 'twice/checkpoints', name))
    rmSync(join(room, 'twice/diffusion_pytorch_model.safetensors'))
    const { code, stderr } = await train('twice', [...wasm, '--resume'])
    expect(stderr).toContain('8 updates of 4, from update 8, wasm')
    expect(code).toBe(0)
    expect(losses('twice')).toBe(losses('straight'))
    expect(weights('twice').equals(weights('straight'))).toBe(true)
  })

  it('interrupted, keeps what it has, and goes on from there', async () => {
    const first = await train('interrupted', [], (said, pid) => {
      if (said.includes('update 6 of 16') && !said.includes('update 7')) process.kill(pid, 'SIGINT')
    })
    expect(first.code).toBe(130)
    expect(first.stderr).toMatch(
      /Interrupted: interrupted\/checkpoints\/step-0000000[6-9]\.safetensors is kept/,
    )
    expect((await train('interrupted', ['--resume'])).code).toBe(0)
    expect(losses('interrupted')).toBe(losses('whole'))
  })

  it('refuses what can’t go on, in one sentence each', async () => {
    const said = async (...args: Parameters<typeof train>): Promise<string> => {
      const { code, stderr, stdout } = await train(...args)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr.trim().split('\n')).toHaveLength(1)
      return stderr
    }
    expect(await said('whole')).toContain('whole holds a training already; --resume goes on with it')
    expect(await said('nowhere', ['--resume'])).toContain('there is no checkpoint in it to go on from')
    expect(await said('whole', ['--resume', '--batch', '5'])).toContain(
      'the batch that it was made with, 4, and not with 5',
    )
    expect(await said('recipe.yaml')).toContain("recipe.yaml can't be written: it is a file")
    mkdirSync(join(room, 'empty'))
    expect(await said('x', ['--data', 'empty'])).toContain('there are no PNG files in it')
    expect(await said('x', ['--engine', 'onnx'])).toContain("onnx can't train")

    cpSync(join(room, 'data'), join(room, 'mixed'), { recursive: true })
    writeFileSync(join(room, 'mixed/dogs/9.png'), picture(1, 9))
    expect(await said('x', ['--data', 'mixed'])).toContain('mixed/dogs/9.png')

    cpSync(join(room, 'data'), join(room, 'rotten'), { recursive: true })
    truncateSync(join(room, 'rotten/cats/3.png'), 60)
    expect(await said('x', ['--data', 'rotten'])).toContain('rotten/cats/3.png')
    writeFileSync(join(room, 'few.yaml'), `${recipe}  num_class_embeds: 1\n`)
    expect(await said('x', ['--config', 'few.yaml'])).toContain(
      'label 1 is among its labels, and the model knows 0 to 0',
    )
    writeFileSync(join(room, 'odd.yaml'), `${recipe}  out_channels: 2\n`)
    expect(await said('x', ['--config', 'odd.yaml'])).toContain(
      'out_channels is 2, and with in_channels 1 and the variance fixed-small it has to be 1',
    )
    writeFileSync(join(room, 'wrong.yaml'), 'stepps: 3\n')
    expect(await said('x', ['--config', 'wrong.yaml'])).toContain('wrong.yaml:1:1')
  })

  it('learns a variance, from moved and mirrored images, and says the loss of what it holds out', async () => {
    const more = 'variance: learned-range\nflip: true\ncrop: 2\nholdOut: 0.3\n'
    writeFileSync(join(room, 'more.yaml'), `${recipe}${more}`)
    const { code, stderr } = await train('more', ['--config', 'more.yaml', '--steps', '5'])
    expect(stderr).toContain('7 images of data, 3 held out')
    expect(stderr).toMatch(/update 5: L_simple of what is held out \d\.\d{4}/)
    expect(code).toBe(0)
    const rows = readFileSync(join(room, 'more/held-out.csv'), 'utf8').trim().split('\n')
    expect(rows.map((row) => row.split(',')[0])).toEqual(['step', '4', '5'])
    expect(rows.slice(1).every((row) => Number(row.split(',')[1]) > 0)).toBe(true)

    const json = (name: string): unknown => JSON.parse(readFileSync(join(room, 'more', name), 'utf8'))
    expect(json('config.json')).toMatchObject({ in_channels: 1, out_channels: 2 })
    expect(json('scheduler_config.json')).toMatchObject({ variance_type: 'learned_range' })
    const sampled = await command.run(
      [
        'sample',
        '--model',
        'more',
        '--variance',
        'learned-range',
        '--sampler',
        'ddpm',
        '--steps',
        '2',
        '--engine',
        'cpu',
        '-o',
        'more.png',
      ],
      { cwd: room },
    )
    expect([sampled.code, sampled.stderr]).toEqual([0, expect.any(String)])
  })

  it('leaves out what is damaged, where it is told to', async () => {
    writeFileSync(join(room, 'skip.yaml'), `${recipe}damaged: skip\n`)
    const { code, stderr } = await train('skipped', [
      '--data',
      'rotten',
      '--config',
      'skip.yaml',
      '--steps',
      '1',
    ])
    expect(stderr).toContain("left out: rotten/cats/3.png can't be read")
    expect(stderr).toContain('9 images')
    expect(code).toBe(0)
  })

  it('stops at a loss that is no number, and keeps the last good checkpoint', async () => {
    writeFileSync(
      join(room, 'wild.yaml'),
      `${recipe}rate: 1.0e+30\nclip: 0\ncheckpointEvery: 1\n`
        .replace('checkpointEvery: 4\n', '')
        .replace('warmup: 3', 'warmup: 0'),
    )
    const { code, stderr } = await train('wild', ['--config', 'wild.yaml'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/The loss is (NaN|Infinity) at step \d+, so training has stopped/)
    expect(stderr).toContain('The last good checkpoint is wild/checkpoints/step-')
  })

  it('says that the disk is full', async () => {
    const data = { shape: [4, 8, 8, 1], data: new Float32Array(256) }
    writeFileSync(join(room, 'four.npy'), encodeNpy(data))
    const line = `ulimit -f 20; $rxdiffusion train --data four.npy --config recipe.yaml --engine cpu --out full --steps 1`
    const { code, stderr } = await command.bash(`trap '' XFSZ; ${line}`, room)
    expect(code).toBe(1)
    expect(stderr).toContain("can't be written: it would be too large for the file system")
  })
})
