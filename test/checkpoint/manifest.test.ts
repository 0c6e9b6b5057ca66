import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isNetworkManifest, parseManifest } from '../../src/checkpoint/manifest.ts'
import { manifestSchedule, type ScheduleSettings } from '../../src/checkpoint/manifest-schedule.ts'
import {
  cosineSchedule,
  linearSchedule,
  scheduleFromBetas,
  schedules,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { E } from '../../src/fp.ts'

const needed = {
  kind: 'onnx',
  shape: '[28, 28, 1]',
  schedule: '{ kind: linear }',
  prediction: 'epsilon',
}
/** A manifest with some settings said otherwise; those that are `undefined` are left out. */
const text = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries<string | undefined>({ ...needed, ...changes })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    .join('\n')

describe('a manifest of a network', () => {
  it('reads everything', () => {
    const said = `
      kind: tfjs-layers
      file: cats/model.json
      shape: [8, 8, 3]
      layout: NCHW
      range: [0, 1]
      schedule: { kind: cosine, trainedSteps: 300 }
      prediction: v_prediction
      time: { as: log-snr, scale: 0.25, offset: 1, shape: image }
      condition: { as: one-hot, classes: 4 }
      labels: [cat, dog]
      unconditional: 3
      inputs: { x: images, t: "time:0", labels: classes }
      output: noise
      decoder: { kind: onnx, file: d.onnx, layout: NHWC, range: [0, 255], scalingFactor: 0.2, input: z, output: y }`
    expect(parseManifest('m', said)).toEqual(
      E.right({
        kind: 'tfjs-layers',
        file: 'cats/model.json',
        shape: [8, 8, 3],
        layout: 'NCHW',
        range: [0, 1],
        schedule: { kind: 'cosine', trainedSteps: 300 },
        prediction: 'v_prediction',
        time: { as: 'log-snr', scale: 0.25, offset: 1, shape: 'image' },
        condition: { as: 'one-hot', classes: 4 },
        labels: ['cat', 'dog'],
        unconditional: 3,
        inputs: { x: 'images', t: 'time:0', labels: 'classes' },
        output: 'noise',
        decoder: {
          kind: 'onnx',
          file: 'd.onnx',
          layout: 'NHWC',
          range: [0, 255],
          scalingFactor: 0.2,
          input: 'z',
          output: 'y',
        },
      }),
    )
  })

  it('reads the one in the documentation', () => {
    const [, said = ''] = /```yaml\n([^`]*)```/.exec(readFileSync('docs/networks.md', 'utf8')) ?? []
    expect(parseManifest('m', said)).toMatchObject(E.right({ kind: 'tfjs-layers', unconditional: 2 }))
  })

  it('takes the name of a schedule for the schedule, and null for no range', () => {
    const read = parseManifest('m', text({ schedule: 'cosine', range: 'null' }))
    expect(read).toMatchObject(E.right({ schedule: { kind: 'cosine' }, range: null }))
  })

  it('tells networks from diffusers checkpoints', () => {
    const isNetwork = (said: string): boolean =>
      E.getOrElseW(() => expect.fail())(E.map(isNetworkManifest)(parseManifest('m', said)))
    expect(['', 'kind: diffusers', 'labels: [a]', text()].map(isNetwork)).toEqual([false, false, false, true])
  })

  it.each<readonly [Readonly<Record<string, string | undefined>>, string | RegExp]>([
    [
      { kind: 'onx' },
      'kind is "onx", not one of diffusers, onnx, tfjs-graph, tfjs-layers; the nearest is onnx',
    ],
    [{ shape: undefined }, 'shape is missing, not a list of one to 4 whole numbers, such as [28, 28, 1]'],
    [{ shape: '[28, 0, 1]' }, 'shape[1] is 0, not a whole number from 1'],
    [{ shape: '28' }, 'shape is 28, not a list of one to 4 whole numbers, such as [28, 28, 1]'],
    [{ shape: '[100000, 100000, 3]' }, /^shape is \[100000, 100000, 3\], more than the 2147483648 values/],
    [{ shape: '[1, 1, 1, 1, 1]' }, /^shape is .* not a list of one to 4 whole numbers, such as/],
    [
      { schedule: '{ kind: linear, trainedSteps: 1e12 }' },
      'schedule.trainedSteps is 1000000000000, not a whole number from 1 to 1000000',
    ],
    [{ layout: 'NHCW' }, 'layout is "NHCW", not one of NHWC, NCHW; the nearest is NHWC'],
    [{ range: '[1, -1]' }, 'range is [1,-1], not two numbers that rise, such as [-1, 1] or null'],
    [{ schedule: undefined }, /^schedule is missing, not a kind \(const, cosine, /],
    [
      { schedule: 'cosin' },
      /^schedule.kind is "cosin", not one of const, cosine, .*; the nearest is cosine$/,
    ],
    [{ schedule: '{ trainedSteps: 9 }' }, /^schedule.kind is missing, not one of const, /],
    [
      { schedule: '{ kind: cosine, T: 9 }' },
      /^schedule.T is 9, not a setting here \(there are kind, trainedSteps, /,
    ],
    [{ schedule: '{ kind: cosine, betaStart: 0.1 }' }, /^schedule.betaStart is 0.1, not a setting here/],
    [
      { schedule: '{ kind: linear, trainedSteps: 0 }' },
      'schedule.trainedSteps is 0, not a whole number from 1 to 1000000',
    ],
    [{ schedule: '{ kind: betas, betas: [0.1, 2] }' }, 'schedule.betas[1] is 2, not a number from 0 to 1'],
    [
      { prediction: 'eps' },
      'prediction is "eps", not one of epsilon, sample, v_prediction, flow; the nearest is epsilon',
    ],
    [{ time: '{ as: t/t }' }, /^time.as is "t\/t", not one of t, t\/T, /],
    [{ time: '{ shape: rows }' }, 'time.shape is "rows", not one of scalar, vector, column, image'],
    [{ time: '{ input: t }' }, 'time.input is "t", not a setting here (there are as, scale, offset, shape)'],
    [
      { condition: '{ as: onehot }' },
      'condition.as is "onehot", not one of integer, one-hot; the nearest is one-hot',
    ],
    [{ inputs: '{ image: a }' }, 'inputs.image is "a", not a setting here (there are x, t, labels)'],
    [
      { decoder: '{ kind: diffusers }' },
      'decoder.kind is "diffusers", not one of onnx, tfjs-graph, tfjs-layers',
    ],
    [{ labls: '[a]' }, /^labls is \["a"\], not a setting here .*; the nearest is labels$/],
    [{ prediction: 'flow' }, 'prediction is flow and schedule.kind linear, and a flow is both or neither'],
    [
      { prediction: 'flow', schedule: 'flow', time: '{ as: sigma }' },
      'time.as is sigma, and a flow is told its own time; scale and offset can be said of that',
    ],
    [{ labels: '[a, a]' }, 'labels has one name twice'],
    [{ condition: '{}' }, 'condition.classes is missing, and there are no labels that could be counted'],
    [
      { condition: '{ classes: 2 }', unconditional: '2' },
      'it speaks of 3 classes, and condition.classes says 2',
    ],
    [
      { range: '[0, 1]', learnedVariance: 'true' },
      'learnedVariance goes only with data in a range of width 2, such as [-1, 1]',
    ],
  ])('refuses %j', (changes, reason) => {
    const read = parseManifest('m', text(changes))
    const path = expect.stringMatching(/^m(:\d:\d+)?$/) as string
    expect(read).toMatchObject(E.left({ _tag: 'ConfigInvalid', path }))
    const said = E.isLeft(read) ? read.left.reason : ''
    if (typeof reason === 'string') expect(said).toBe(reason)
    else expect(said).toMatch(reason)
  })
})

describe('a manifest’s schedule', () => {
  const made = (settings: ScheduleSettings): readonly number[] =>
    E.getOrElseW(() => expect.fail())(
      E.map(({ alphaBars }: { alphaBars: Float64Array }) => [...alphaBars])(manifestSchedule(settings)),
    )

  it.each(Object.keys(schedules) as ReadonlyArray<keyof typeof schedules>)('knows %s', (kind) => {
    const options = { trainedSteps: 50, ...(kind === 'linear' ? { betaEnd: 0.1 } : {}) }
    expect(made({ kind, ...options })).toEqual([...schedules[kind](options).alphaBars])
  })

  it('knows tables, precision and zero terminal SNR', () => {
    expect(made({ kind: 'betas', betas: [0.1, 0.2] })).toEqual([...scheduleFromBetas([0.1, 0.2]).alphaBars])
    expect(made({ kind: 'alpha-bars', alphaBars: [0.5, 0.25] })).toEqual([0.5, 0.25])
    expect(made({ kind: 'cosine', precision: 'f32' })).toEqual([
      ...cosineSchedule({ precision: 'f32' }).alphaBars,
    ])
    expect(made({ kind: 'flow', trainedSteps: 4 })[1]).toBeCloseTo(0.5, 15)
    expect(made({ kind: 'linear', zeroTerminalSnr: true })).toEqual([
      ...zeroTerminalSnr(linearSchedule()).alphaBars,
    ])
  })

  it('refuses what makes no schedule', () => {
    expect(manifestSchedule({ kind: 'alpha-bars', alphaBars: [0.5, 0.6] })).toMatchObject(
      E.left({ _tag: 'ScheduleInvalid' }),
    )
  })
})
