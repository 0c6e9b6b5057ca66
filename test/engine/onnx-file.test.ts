/** ONNX files, each through its manifest: the chain of the native path. */
import type * as tf from '@tensorflow/tfjs-core'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileOnnx } from '../../src/algebra/onnx/compile.ts'
import { onnxParameters } from '../../src/algebra/onnx.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { cosineSchedule, linearSchedule } from '../../src/diffusion/schedule.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { unet2dOnnx } from '../../src/engine/onnx.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { denoiserOf } from '../../src/model/denoiser-of.ts'
import { flowDenoiser } from '../../src/model/flow.ts'
import { guided } from '../../src/model/guided.ts'
import { orThrow } from '../../src/or-throw.ts'
import { goldenPath } from '../support/goldens.ts'
import { apart, chain, room, unet } from './room.ts'

let engine: Engine
beforeAll(async () => {
  engine = await orThrow(openEngine('cpu'))
})

const LABELLED = { labels: [3, 10] }

describe('a diffusers UNet as an ONNX file', () => {
  it('of our own compiler: NHWC, real times', async () => {
    const { config, read } = unet('class-labels-28')
    const folder = room(
      `
      kind: onnx
      file: clothes.onnx
      shape: [28, 28, 1]
      layout: NHWC
      schedule: linear
      prediction: epsilon
      condition: { classes: 11 }
      unconditional: 10`,
      { 'clothes.onnx': unet2dOnnx(config, onnxParameters(read)) },
    )
    using native = await orThrow(
      loadModel(await orThrow(openEngine('onnx')), goldenPath('unet/class-labels-28')),
    )
    using model = await orThrow(loadModel(engine, folder))
    using named = await orThrow(loadModel(engine, join(folder, 'clothes.onnx')))
    expect(model).toMatchObject({ shape: [28, 28, 1], labels: native.labels, range: 1, predicts: 'epsilon' })
    expect(await apart(chain(model, LABELLED), chain(native, LABELLED))).toBe(0)
    expect(await apart(chain(named, LABELLED), chain(native, LABELLED))).toBe(0)
  })

  it('of torch’s exporter: NCHW, whole times, the file as it was written', async () => {
    using native = await orThrow(loadModel(engine, goldenPath('unet/class-labels-28')))
    using model = await orThrow(loadModel(engine, goldenPath('onnx/class-labels-28')))
    expect(await apart(chain(model, LABELLED), chain(native, LABELLED))).toBeLessThan(2e-5)
    const strong = guided({ weight: 2 })
    expect(
      await apart(chain(strong(model), { labels: [3, 7] }), chain(strong(native), { labels: [3, 7] })),
    ).toBeLessThan(2e-5)
  })
})

describe('two models of different making', () => {
  /** RGB, NHWC, T = 300, t/T as a vector; x is scaled by the time. */
  const bytes = (channels: number): Uint8Array =>
    compileOnnx(
      [
        { name: 'images', type: 'float32', shape: [8, 8, channels] },
        { name: 'moments', type: 'float32', shape: [1] },
      ],
      (algebra, x, t) => {
        const wide = algebra.dense(
          t,
          { kind: 'weights', dims: [channels, 1], data: new Float32Array(channels).fill(0.5) },
          { kind: 'weights', dims: [channels], data: new Float32Array(channels).fill(0.1) },
        )
        return [algebra.modulate(algebra.activate('relu', x), wide, wide)]
      },
    )
  const byHand = (
    channels: number,
    description: object,
    time: (t: number) => number,
  ): Denoiser<tf.Tensor> => {
    const known = { algebra: tfjs, shape: [8, 8, channels], ...description }
    return denoiserOf(known as never, (x, times) => {
      const row = x.data.length / times.length
      const data = x.data.map((value, i) => {
        const shift = 0.5 * time(times[Math.floor(i / row)]!) + 0.1
        return Math.max(0, value) * (1 + shift) + shift
      })
      return { shape: x.shape, data }
    })
  }

  it('cosine, T = 300, RGB, t/T', async () => {
    const folder = room(
      `
      kind: onnx
      shape: [8, 8, 3]
      layout: NHWC
      schedule: { kind: cosine, trainedSteps: 300 }
      prediction: epsilon
      time: { as: t/T, shape: column }`,
      { 'model.onnx': bytes(3) },
    )
    using model = await orThrow(loadModel(engine, folder))
    expect(model.schedule.alphaBars).toEqual(cosineSchedule({ trainedSteps: 300 }).alphaBars)
    const schedule = cosineSchedule({ trainedSteps: 300 })
    const same = byHand(3, { schedule, predicts: 'epsilon', range: [-1, 1] }, (t) => t / 300)
    expect(await apart(chain(model), chain(same))).toBeLessThan(1e-5)
  })

  it('linear, T = 1000, grey, log-SNR, data in [0, 1], x₀', async () => {
    const folder = room(
      `
      kind: onnx
      shape: [8, 8, 1]
      layout: NHWC
      range: [0, 1]
      schedule: linear
      prediction: sample
      time: { as: log-snr, scale: 0.25 }`,
      { 'model.onnx': bytes(1) },
    )
    using model = await orThrow(loadModel(engine, folder))
    const schedule = linearSchedule()
    const logSnr = (t: number): number => Math.log(schedule.alphaBars[t]! / (1 - schedule.alphaBars[t]!)) / 4
    const same = byHand(1, { schedule, predicts: 'sample', range: [0, 1] }, logSnr)
    expect(await apart(chain(model), chain(same))).toBeLessThan(1e-5)
  })

  it('a flow, T = 100, told 2·s − ½, in its own coordinates', async () => {
    const folder = room(
      `
      kind: onnx
      shape: [8, 8, 3]
      layout: NHWC
      schedule: { kind: flow, trainedSteps: 100, shift: 3 }
      prediction: flow
      time: { scale: 2, offset: -0.5 }`,
      { 'model.onnx': bytes(3) },
    )
    using model = await orThrow(loadModel(engine, folder))
    const network = byHand(3, { schedule: linearSchedule(), predicts: 'epsilon' }, (s) => s)
    const known = { algebra: tfjs, shape: [8, 8, 3], range: 1, trainedSteps: 100, shift: 3 }
    const same = flowDenoiser<tf.Tensor>(known, (x, s, ...rest) =>
      network.predict(
        x,
        s.map((each) => 2 * each - 0.5),
        ...rest,
      ),
    )
    expect(await apart(chain(model), chain(same))).toBeLessThan(1e-5)
  })
})
