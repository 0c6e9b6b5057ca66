import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDiffusersFolder } from '../../src/checkpoint/diffusers-folder.ts'
import type { DiffusersFolder } from '../../src/checkpoint/diffusers-folder.ts'
import { encodeSafetensors } from '../../src/checkpoint/encode-safetensors.ts'
import { schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { E } from '../../src/fp.ts'
import { goldenPath, readJson } from '../support/goldens.ts'

const defaultModel = fileURLToPath(new URL('../../pipelines/models/fashion-mnist', import.meta.url))

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'diffusers-'))
})
afterAll(() => rm(root, { recursive: true }))

const WEIGHTS = 'diffusion_pytorch_model.safetensors'
const weights = (...names: readonly string[]): Uint8Array =>
  encodeSafetensors(new Map(names.map((name) => [name, { shape: [1], data: Float32Array.of(1) }])))

/** A folder with the files named; a sound one, unless they say otherwise. */
let made = 0
const folder = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
  const path = join(root, String(made++))
  await mkdir(path)
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), contents)
  }
  return path
}
const sound = { 'config.json': '{}', [WEIGHTS]: weights('conv_in.bias') }

const opened = async (path: string): Promise<DiffusersFolder> => {
  const result = await openDiffusersFolder(path)()
  if (E.isLeft(result)) throw result.left
  return result.right
}

describe('openDiffusersFolder', () => {
  it('opens the default model', async () => {
    const model = await opened(defaultModel)
    expect(model.path).toBe(defaultModel)
    expect(model.config).toEqual(readJson(join(defaultModel, 'config.json')))
    expect(model.scheduler).toEqual({ ...schedulerDefaults, _class_name: 'DDPMScheduler' })
    expect(model.manifest).toEqual({
      labels: [
        't-shirt',
        'trouser',
        'pullover',
        'dress',
        'coat',
        'sandal',
        'shirt',
        'sneaker',
        'bag',
        'boot',
      ],
      unconditional: 10,
    })
    const sizes = [...model.tensors.values()].map(({ shape }) => shape.reduce((n, extent) => n * extent, 1))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_624_577)
    expect(model.tensors.get('conv_in.weight')?.shape).toEqual([32, 1, 3, 3])
    expect(model.tensors.get('class_embedding.weight')?.shape).toEqual([11, 128])
  })

  it('has neither scheduler nor manifest where a folder has none', async () => {
    const model = await opened(goldenPath('unet/class-defaults'))
    expect(model).not.toHaveProperty('scheduler')
    expect(model.manifest).toEqual({})
  })

  it('opens the folder of a pipeline', async () => {
    const path = await folder({
      'model_index.json': '{}',
      'unet/config.json': '{"sample_size": 8}',
      [`unet/${WEIGHTS}`]: weights('conv_in.bias'),
      'unet/model.yaml': 'unconditional: 3',
      'scheduler/scheduler_config.json': '{"num_train_timesteps": 50}',
    })
    const model = await opened(path)
    expect(model.config).toEqual({ sample_size: 8 })
    expect(model.configPath).toBe(join(path, 'unet', 'config.json'))
    expect(model.weightsPath).toBe(join(path, 'unet', WEIGHTS))
    expect(model.scheduler?.num_train_timesteps).toBe(50)
    expect(model.manifest).toEqual({ unconditional: 3 })
    expect([...model.tensors.keys()]).toEqual(['conv_in.bias'])
  })

  it('gives attention weights of 2022 their names of today', async () => {
    const path = await folder({
      'config.json': '{}',
      [WEIGHTS]: weights('mid_block.attentions.0.query.weight', 'mid_block.attentions.0.proj_attn.bias'),
    })
    const { tensors } = await opened(path)
    expect([...tensors.keys()].toSorted()).toEqual([
      'mid_block.attentions.0.to_out.0.bias',
      'mid_block.attentions.0.to_q.weight',
    ])
    expect(await tensors.get('mid_block.attentions.0.to_q.weight')?.read()).toEqual(
      E.right(Float32Array.of(1)),
    )
  })

  it('refuses a path at which nothing is', async () => {
    const path = join(root, 'nowhere')
    expect(await openDiffusersFolder(path)()).toMatchObject(
      E.left({ _tag: 'FileUnreadable', message: `${path} can't be read: it does not exist.` }),
    )
  })

  it('refuses a file', async () => {
    const path = join(await folder(sound), WEIGHTS)
    expect(await openDiffusersFolder(path)()).toMatchObject(
      E.left({ message: `${path} can't be read: it is a file, not the folder of a model.` }),
    )
  })

  it.each<readonly [string, Readonly<Record<string, string | Uint8Array>>, string]>([
    ['no config', { [WEIGHTS]: weights('w') }, "config.json can't be read: it does not exist."],
    ['nothing in it', {}, "config.json can't be read: it does not exist."],
    [
      'a config that is a folder',
      { 'config.json/x': '' },
      "config.json can't be read: it is a folder, not a file.",
    ],
    [
      'a config that is not JSON',
      { ...sound, 'config.json': '{' },
      'config.json is not usable: it is not valid JSON.',
    ],
    ['a config and no weights', { 'config.json': '{}' }, `${WEIGHTS} can't be read: it does not exist.`],
    [
      'weights of other kinds only',
      {
        'config.json': '{}',
        'diffusion_pytorch_model.bin': '',
        'diffusion_pytorch_model.fp16.safetensors': '',
      },
      `${WEIGHTS} can't be read: it does not exist; the folder has diffusion_pytorch_model.bin, diffusion_pytorch_model.fp16.safetensors instead.`,
    ],
    [
      'weights that are not sound',
      { ...sound, [WEIGHTS]: 'version https://git-lfs' },
      `${WEIGHTS} is not a sound safetensors file: its header is said to have 2336927755350992246 bytes, more than the 100000000 that are allowed.`,
    ],
    [
      'an attention weight twice',
      { ...sound, [WEIGHTS]: weights('attentions.0.query.bias', 'attentions.0.to_q.bias') },
      `${WEIGHTS} is not a sound safetensors file: it has an attention weight under two names, an old and a new one.`,
    ],
    [
      'a scheduler that is not JSON',
      { ...sound, 'scheduler_config.json': 'beta' },
      'scheduler_config.json is not usable: it is not valid JSON.',
    ],
    [
      'a scheduler that is a list',
      { ...sound, 'scheduler_config.json': '[]' },
      'scheduler_config.json is not usable: it does not hold named settings.',
    ],
    [
      'a schedule that nobody knows',
      { ...sound, 'scheduler_config.json': '{"beta_schedule": "cosine"}' },
      'scheduler_config.json is not usable: beta_schedule is "cosine", not one of linear, scaled_linear, squaredcos_cap_v2, sigmoid, laplace.',
    ],
    [
      'a manifest with an unknown setting',
      { ...sound, 'model.yaml': 'label: [a]' },
      'model.yaml:1:1 is not usable: label is ["a"], not a setting here (there are kind, labels, unconditional, decoder); the nearest is labels.',
    ],
    [
      'a config of more than 1 MB',
      { ...sound, 'config.json': ' '.repeat(2 ** 20 + 1) },
      "config.json can't be read: it has 1048577 bytes, more than the 1048576 that are allowed.",
    ],
    [
      'a manifest of more than 256 KB',
      { ...sound, 'model.yaml': ' '.repeat(2 ** 18 + 1) },
      "model.yaml can't be read: it has 262145 bytes, more than the 262144 that are allowed.",
    ],
    [
      'a manifest in another encoding',
      { ...sound, 'model.yaml': Uint8Array.of(0x61, 0x3a, 0x20, 0xff) },
      "model.yaml can't be read: it is not UTF-8 text.",
    ],
  ])('refuses a folder with %s', async (_, files, sentence) => {
    const path = await folder(files)
    expect(await openDiffusersFolder(path)()).toMatchObject(E.left({ message: join(path, sentence) }))
  })

  it('names the file below unet/ where a pipeline lacks it', async () => {
    const path = await folder({ 'model_index.json': '{}' })
    expect(await openDiffusersFolder(path)()).toMatchObject(
      E.left({ message: `${join(path, 'unet', 'config.json')} can't be read: it does not exist.` }),
    )
  })
})
