import { describe, expect, it } from 'vitest'
import { checkTensors } from '../../src/checkpoint/check-tensors.ts'
import { currentName } from '../../src/checkpoint/key-names.ts'
import { parseManifest } from '../../src/checkpoint/manifest.ts'
import { decodeSchedulerConfig, schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { E } from '../../src/fp.ts'

describe('decodeSchedulerConfig', () => {
  const decode = decodeSchedulerConfig('s.json')

  it('takes diffusers’ defaults for what is left out, and ignores what it does not know', () => {
    expect(decode({})).toEqual(E.right(schedulerDefaults))
    expect(decode({ _diffusers_version: '0.6.0', skip_prk_steps: true })).toEqual(E.right(schedulerDefaults))
  })

  it('takes what is said', () => {
    const said = { trained_betas: [0.1, 0.2], prediction_type: 'v_prediction', set_alpha_to_one: false }
    expect(decode(said)).toEqual(E.right({ ...schedulerDefaults, ...said }))
  })

  it.each<readonly [Readonly<Record<string, unknown>>, string]>([
    [{ num_train_timesteps: 0 }, 'num_train_timesteps is 0, not a whole number from 1'],
    [{ num_train_timesteps: '1000' }, 'num_train_timesteps is "1000", not a whole number from 1'],
    [{ beta_start: -0.1 }, 'beta_start is -0.1, not a number from 0 to 1'],
    [{ beta_end: null }, 'beta_end is null, not a number from 0 to 1'],
    [{ trained_betas: [0.1, 2] }, 'trained_betas[1] is 2, not a number from 0 to 1'],
    [{ trained_betas: [] }, 'trained_betas is [], not a list of one or more βs or null'],
    [{ trained_betas: 0.1 }, 'trained_betas is 0.1, not a list of one or more βs or null'],
    [{ prediction_type: 'flow' }, 'prediction_type is "flow", not one of epsilon, sample, v_prediction'],
    [{ clip_sample: 1 }, 'clip_sample is 1, not true or false'],
    [{ clip_sample_range: -1 }, 'clip_sample_range is -1, not a number from 0'],
    [{ timestep_spacing: 'even' }, 'timestep_spacing is "even", not one of leading, trailing, linspace'],
    [
      { timestep_spacing: 'trailling' },
      'timestep_spacing is "trailling", not one of leading, trailing, linspace; the nearest is trailing',
    ],
    [{ steps_offset: 0.5 }, 'steps_offset is 0.5, not a whole number from 0'],
    [
      { variance_type: 'small' },
      'variance_type is "small", not one of fixed_small, fixed_small_log, fixed_large, fixed_large_log, learned, learned_range; the nearest is fixed_small',
    ],
  ])('refuses %j', (settings, reason) => {
    expect(decode(settings)).toMatchObject(
      E.left({ _tag: 'ConfigInvalid', message: `s.json is not usable: ${reason}.` }),
    )
  })
})

describe('parseManifest', () => {
  it.each<readonly [string, unknown]>([
    ['', {}],
    ['# nothing yet\n', {}],
    ['unconditional: 0', { unconditional: 0 }],
    ['labels: [a, "1"]\nunconditional: 2', { labels: ['a', '1'], unconditional: 2 }],
  ])('reads %j', (text, manifest) => {
    expect(parseManifest('model.yaml', text)).toEqual(E.right(manifest))
  })

  it.each([
    ['labels: [a]\nlabels: [b]', '2:1', 'it says labels twice'],
    ['- a', '1:1', 'it does not hold named settings'],
    [
      'names: [a]',
      '1:1',
      'names is ["a"], not a setting here (there are kind, labels, unconditional, decoder)',
    ],
    [
      '\n lables: [a]',
      '2:2',
      'lables is ["a"], not a setting here (there are kind, labels, unconditional, decoder); the nearest is labels',
    ],
    ['labels: []', '1:9', 'labels is [], not a list of one or more names'],
    ['labels: cat', '1:9', 'labels is "cat", not a list of one or more names'],
    ['labels: [cat, 1]', '1:15', 'labels[1] is 1, not text'],
    ['labels: [cat, ""]', '1:15', 'labels[1] is "", not text'],
    ['labels: ["", ""]', '1:10', 'labels[0] is "", not text'],
    ['unconditional: none', '1:16', 'unconditional is "none", not a whole number from 0'],
    ['unconditional: -1', '1:16', 'unconditional is -1, not a whole number from 0'],
  ])('refuses %j at %s', (text, place, reason) => {
    expect(parseManifest('model.yaml', text)).toMatchObject(
      E.left({ _tag: 'ConfigInvalid', message: `model.yaml:${place} is not usable: ${reason}.` }),
    )
  })

  it('refuses names that are not told apart', () => {
    expect(parseManifest('model.yaml', 'labels: [cat, dog, cat]')).toMatchObject(
      E.left({ message: 'model.yaml is not usable: labels has one name twice.' }),
    )
  })
})

describe('currentName', () => {
  it.each([
    ['down_blocks.1.attentions.0.query.weight', 'down_blocks.1.attentions.0.to_q.weight'],
    ['down_blocks.1.attentions.12.key.bias', 'down_blocks.1.attentions.12.to_k.bias'],
    ['mid_block.attentions.0.value.weight', 'mid_block.attentions.0.to_v.weight'],
    ['up_blocks.2.attentions.1.proj_attn.bias', 'up_blocks.2.attentions.1.to_out.0.bias'],
  ])('changes %s', (former, current) => {
    expect(currentName(former)).toBe(current)
    expect(currentName(current)).toBe(current)
  })

  it.each([
    'conv_in.weight',
    'attentions.0.group_norm.weight',
    'key.weight',
    'attentions.0.key_norm.weight',
    'attentions.0.query',
  ])('leaves %s', (name) => {
    expect(currentName(name)).toBe(name)
  })
})

describe('checkTensors', () => {
  const wanted = new Map([
    ['a', [1, 2]],
    ['b', []],
  ])

  it('hands out the wanted tensors in the wanted order, and no others', () => {
    const found = new Map([
      ['b', { shape: [], id: 1 }],
      ['extra', { shape: [9], id: 2 }],
      ['a', { shape: [1, 2], id: 3 }],
    ])
    const checked = checkTensors('m', wanted, found)
    expect(E.isRight(checked) && [...checked.right]).toEqual([
      ['a', { shape: [1, 2], id: 3 }],
      ['b', { shape: [], id: 1 }],
    ])
  })

  it('names the first tensor that is missing', () => {
    expect(checkTensors('m', wanted, new Map())).toMatchObject(
      E.left({ _tag: 'TensorMissing', message: 'm has no tensor a, which its config.json asks for.' }),
    )
  })

  it.each([[[2, 1]], [[1, 2, 1]], [[1]], [[]]])('refuses the shape %j', (shape) => {
    const found = new Map([
      ['a', { shape }],
      ['b', { shape: [] }],
    ])
    expect(checkTensors('m', wanted, found)).toMatchObject(
      E.left({
        _tag: 'TensorShape',
        message: `a in m has the shape [${shape.join(', ')}]; config.json asks for [1, 2].`,
      }),
    )
  })
})
