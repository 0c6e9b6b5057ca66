import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { encodeSafetensors } from '../../src/checkpoint/encode-safetensors.ts'
import { linearSchedule, scaledLinearSchedule } from '../../src/diffusion/schedule.ts'
import type { Engine, Model } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { defaultModel, loadModel } from '../../src/engine/load-model.ts'
import { fail, type Failure } from '../../src/failure.ts'
import { E, TE } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'
import { goldenPath, readJson, readSafetensors } from '../support/goldens.ts'

const WEIGHTS = 'diffusion_pytorch_model.safetensors'

let engine: Engine
let rooms: string
beforeAll(async () => {
  engine = await orThrow(openEngine('cpu'))
  rooms = mkdtempSync(join(tmpdir(), 'rxdiffusion-model-'))
})
afterAll(() => {
  rmSync(rooms, { recursive: true })
})

type Files = Readonly<Record<string, string | Uint8Array>>
type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>

/** A copy of a golden checkpoint with some of its files replaced. */
let made = 0
const copy = (network: string, files: Files = {}): string => {
  const folder = join(rooms, String(made++))
  cpSync(goldenPath(`unet/${network}`), folder, { recursive: true })
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents)
  return folder
}
const plain = 'no-attention'
const config = (changes: object): Files => ({
  'config.json': JSON.stringify({
    ...(readJson(goldenPath(`unet/${plain}/config.json`)) as object),
    ...changes,
  }),
})
const weights = (change: (tensors: Tensors) => void): Files => {
  const { tensors } = readSafetensors(goldenPath(`unet/${plain}/${WEIGHTS}`))
  const all: Tensors = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  )
  change(all)
  return { [WEIGHTS]: encodeSafetensors(all) }
}

const loaded = (path?: string): Promise<Model> => orThrow(loadModel(engine, path))
const refused = async (path: string): Promise<Failure> => {
  const result = await loadModel(engine, path)()
  if (E.isRight(result)) throw new Error('it was loaded')
  return result.left
}

describe('loadModel', () => {
  it('knows all of the default model', async () => {
    using model = await loaded()
    expect(model).toMatchObject({ predicts: 'epsilon', shape: [28, 28, 1], range: 1 })
    expect(model.schedule.alphaBars).toEqual(linearSchedule().alphaBars)
    expect(model.labels).toMatchObject({ count: 11, unconditional: 10 })
    expect(model.labels?.names?.slice(7)).toEqual(['sneaker', 'bag', 'boot'])
    using same = await loaded(defaultModel)
    expect(same.labels).toEqual(model.labels)
  })

  it('takes the last class for "none" where nobody says', async () => {
    using model = await loaded(goldenPath('unet/class-labels-28'))
    expect(model.labels).toEqual({ count: 11, unconditional: 10 })
    expect(model.guesses).toEqual([
      `The last of the 11 classes is taken for "none"; ${goldenPath('unet/class-labels-28')}/model.yaml can say otherwise (unconditional: N).`,
    ])
    expect(model).not.toHaveProperty('scheduler')
  })

  it.each([
    ['unconditional: 10', 10],
    ['labels: [a, b, c, d, e, f, g, h, i, j, k]', undefined],
    ['labels: [a, b, c, d, e, f, g, h, i, j, k]\nunconditional: 3', 3],
  ])('guesses nothing where the manifest says %j', async (manifest, unconditional) => {
    using model = await loaded(copy('class-labels-28', { 'model.yaml': manifest }))
    expect(model.labels?.unconditional).toBe(unconditional)
    expect(model.guesses).toEqual([])
  })

  it('has no labels for an unconditional model', async () => {
    using model = await loaded(copy(plain))
    expect(model).not.toHaveProperty('labels')
  })

  it('reads what the network predicts, on which noise, in which range', async () => {
    const scheduler = {
      _class_name: 'EulerDiscreteScheduler',
      beta_schedule: 'scaled_linear',
      beta_start: 0.00085,
      beta_end: 0.012,
      num_train_timesteps: 100,
      prediction_type: 'v_prediction',
      clip_sample: false,
    }
    using model = await loaded(copy(plain, { 'scheduler_config.json': JSON.stringify(scheduler) }))
    expect(model.predicts).toBe('v_prediction')
    expect(model.scheduler).toEqual({ ...schedulerDefaults, ...scheduler })
    expect(model).not.toHaveProperty('range')
    expect(model.schedule.alphaBars).toEqual(
      scaledLinearSchedule({ betaStart: 0.00085, betaEnd: 0.012, trainedSteps: 100 }).alphaBars,
    )
  })

  it.each<readonly [title: string, files: () => Files, failure: Readonly<Record<string, unknown>>]>([
    [
      'config that is no JSON',
      () => ({ 'config.json': '{' }),
      { _tag: 'ConfigInvalid', file: 'config.json' },
    ],
    [
      'block that nobody knows',
      () => config({ up_block_types: ['UpBlock2D', 'UpBlock3D'] }),
      { _tag: 'ConfigInvalid', file: 'config.json', reason: expect.stringContaining('UpBlock3D') as string },
    ],
    [
      'size that no machine has room for',
      () => config({ sample_size: 1e6 }),
      {
        _tag: 'ConfigInvalid',
        file: 'config.json',
        reason: expect.stringMatching(
          /^sample_size is 1000000×1000000, and for a single image a layer takes \S+ GB, more than the \S+ GB of this machine$/,
        ) as string,
      },
    ],
    [
      'schedule of half a million impossible βs',
      () => ({ 'scheduler_config.json': `{"trained_betas": [${'9,'.repeat(5e5)}9]}` }),
      {
        _tag: 'ConfigInvalid',
        file: 'scheduler_config.json',
        reason: 'trained_betas[0] is 9, not a number from 0 to 1',
      },
    ],
    [
      'file of weights cut short',
      () => ({ [WEIGHTS]: readFileSync(goldenPath(`unet/${plain}/${WEIGHTS}`)).subarray(0, -1) }),
      { _tag: 'SafetensorsInvalid', file: WEIGHTS },
    ],
    [
      'tensor missing',
      () => weights((all) => all.delete('conv_in.bias')),
      { _tag: 'TensorMissing', file: WEIGHTS, tensor: 'conv_in.bias' },
    ],
    [
      'tensor of another shape',
      () => weights((all) => all.set('conv_in.bias', { shape: [7], data: new Float32Array(7) })),
      { _tag: 'TensorShape', file: WEIGHTS, tensor: 'conv_in.bias', expected: [8], found: [7] },
    ],
    [
      'schedule without noise',
      () => ({ 'scheduler_config.json': '{"beta_start": 0}' }),
      {
        _tag: 'ConfigInvalid',
        file: 'scheduler_config.json',
        reason: 'The schedule is not usable: β is 0 at t = 0, outside (0, 1]',
      },
    ],
    ...[
      'FlowMatchEulerDiscreteScheduler',
      'EDMEulerScheduler',
      'ScoreSdeVeScheduler',
      'DDPMWuerstchenScheduler',
    ].map(
      (peer) =>
        [
          `process of its own, ${peer}`,
          () => ({ 'scheduler_config.json': JSON.stringify({ _class_name: peer }) }),
          {
            _tag: 'ConfigInvalid',
            file: 'scheduler_config.json',
            reason: `_class_name ${peer} is not supported`,
          },
        ] as const,
    ),
  ])('refuses a %s', async (_, files, { file, ...facts }) => {
    const folder = copy(plain, files())
    expect(await refused(folder)).toMatchObject({ path: join(folder, String(file)), ...facts })
  })

  it.each(['unconditional: 11', 'labels: [a, b, c, d, e, f, g, h, i, j, k, l]'])(
    'refuses a manifest that speaks of more classes than there are: %s',
    async (manifest) => {
      const folder = copy('class-labels-28', { 'model.yaml': manifest })
      expect(await refused(folder)).toMatchObject({
        _tag: 'ConfigInvalid',
        path: join(folder, 'model.yaml'),
        reason: 'it speaks of more classes than the 11 of config.json',
      })
    },
  )

  it('refuses classes without number', async () => {
    const folder = copy('option-class-as-time')
    expect(await refused(folder)).toMatchObject({
      _tag: 'ConfigInvalid',
      path: join(folder, 'config.json'),
      reason: 'class_embed_type is timestep, and num_class_embeds does not say how many classes there are',
    })
  })

  it('refuses a folder that is not there', async () => {
    expect(await refused(join(rooms, 'nowhere'))).toMatchObject({ _tag: 'FileUnreadable' })
  })

  it('passes on what the engine refuses, once all is read', async () => {
    const failure = fail('ModelRejected', { engine: 'cpu', reason: 'it is full' })
    const names: string[] = []
    const full: Engine = {
      ...engine,
      load: ({ weights: read }) => {
        names.push(...read('conv_in.bias', [8]).shape.map(String))
        return TE.left(failure)
      },
    }
    expect(await loadModel(full, copy(plain))()).toEqual(E.left(failure))
    expect(names).toEqual(['8'])
  })
})
