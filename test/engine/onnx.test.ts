import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { firstValueFrom, from, lastValueFrom, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onnxParameters } from '../../src/algebra/onnx.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { openOnnx } from '../../src/engine/onnx-session.ts'
import { onnxDenoiser, type OnnxDenoiser } from '../../src/engine/onnx.ts'
import { E } from '../../src/fp.ts'
import { ask } from '../../src/model/ask.ts'
import type { Trained } from '../../src/model/tensor-denoiser.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  nhwcToNchw,
  readJson,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'
import { useBackend } from '../support/tensorflow.ts'

const right = <A>(either: E.Either<Error, A>): A =>
  E.getOrElseW((failure: Error) => {
    throw failure
  })(either)

/** A golden network as a denoiser, and what it was asked and answered. */
const open = async (name: string, trained: Partial<Trained> = {}) => {
  const path = goldenPath(`unet/${name}/config.json`)
  const config = right(decodeUNet2DConfig(path)(readJson(path)))
  const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
  const io = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
  const model = right(
    await onnxDenoiser(
      config,
      onnxParameters((tensor) => tensorOf(weights, tensor)),
      { predicts: 'epsilon', schedule: linearSchedule(), ...trained },
    )(),
  )
  const sample = nchwToNhwc(tensorOf(io, 'sample'))
  return {
    model,
    x: tf.tensor(Float32Array.from(sample.data), [...sample.shape]),
    t: [...tensorOf(io, 'timestep').data],
    labels: [...(io.tensors.get('class_labels')?.data ?? [])],
    out: tensorOf(io, 'out'),
  }
}

const live = () => new AbortController().signal

describe('a UNet on onnxruntime', () => {
  let golden: Awaited<ReturnType<typeof open>>
  let model: OnnxDenoiser
  beforeAll(async () => {
    await useBackend('cpu')
    golden = await open('class-labels-28', { labels: { count: 11, unconditional: 10 } })
    model = golden.model
  })
  afterAll(() => model.release())

  it('answers as diffusers does, on NHWC tensors', async () => {
    const { x, t, labels, out } = golden
    const { output, variance } = await firstValueFrom(ask(model, { x, t, condition: { labels } }))
    expect(output.shape).toEqual(x.shape)
    expect(variance).toBeUndefined()
    const data = nhwcToNchw({ shape: output.shape, data: output.dataSync() }).data
    expect(maxAbsDifference(data, out.data)).toBeLessThan(2e-4)
    output.dispose()
  })

  it('emits one prediction and completes, and leaves no other tensor behind', async () => {
    const { x, t, labels } = golden
    const before = tf.memory().numTensors
    for (let call = 0; call < 5; call++) {
      const answers = await lastValueFrom(
        from(model.predict(x, t, { labels }, { signal: live() })).pipe(toArray()),
      )
      expect(answers).toHaveLength(1)
      answers.forEach(({ output }) => output.dispose())
    }
    expect(tf.memory().numTensors).toBe(before)
  })

  it('starts on subscription: asked and never subscribed to, it does nothing', async () => {
    const { t, labels } = golden
    const x = tf.zeros([t.length, 28, 28, 1])
    let reads = 0
    const watched = Object.assign(Object.create(x) as tf.Tensor, {
      dataSync: () => {
        reads++
        return x.dataSync()
      },
    })
    const call = from(model.predict(watched, t, { labels }, { signal: live() }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(reads).toBe(0)
    const answers = [await firstValueFrom(call), await firstValueFrom(call)]
    expect(reads).toBe(2)
    answers.forEach(({ output }) => output.dispose())
    x.dispose()
  })

  it('never runs a call that was aborted before it started', async () => {
    const { x, t, labels } = golden
    const before = tf.memory().numTensors
    const controller = new AbortController()
    const reason = new Error('nobody waits')
    const call = from(model.predict(x, t, { labels }, { signal: controller.signal }))
    controller.abort(reason)
    await expect(firstValueFrom(call)).rejects.toBe(reason)
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each([0, 1, 2, 5])('drops the answer of a call that is aborted %i turns later', async (turns) => {
    const { x, t, labels } = golden
    const before = tf.memory().numTensors
    const answers: unknown[] = []
    const subscription = ask(model, { x, t, condition: { labels } }).subscribe((answer) =>
      answers.push(answer),
    )
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    subscription.unsubscribe()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(answers).toEqual([])
    expect(tf.memory().numTensors).toBe(before)
  })

  it('errors when a call is aborted while onnxruntime runs', async () => {
    const { x, t, labels } = golden
    const before = tf.memory().numTensors
    const controller = new AbortController()
    const call = firstValueFrom(from(model.predict(x, t, { labels }, { signal: controller.signal })))
    setImmediate(() => controller.abort())
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses labels that do not fit', async () => {
    const { x, t } = golden
    const asked = (labels?: readonly number[]) =>
      firstValueFrom(ask(model, { x, t, condition: labels === undefined ? {} : { labels } }))
    await expect(asked()).rejects.toMatchObject({ _tag: 'LabelsMissing' })
    await expect(asked([1])).rejects.toMatchObject({ _tag: 'LabelCount' })
    await expect(asked([1, 2, 11])).rejects.toMatchObject({ _tag: 'LabelUnknown', label: '11' })
  })

  it('says so when onnxruntime refuses a batch', async () => {
    const { t, labels } = golden
    const x = tf.zeros([t.length, 14, 14, 1])
    await expect(firstValueFrom(ask(model, { x, t, condition: { labels } }))).rejects.toMatchObject({
      _tag: 'ModelRejected',
      engine: 'onnx',
    })
    x.dispose()
  })
})

describe('a UNet that learned its variance', () => {
  it('answers with both halves of its channels', async () => {
    await useBackend('cpu')
    const { model, x, t, out } = await open('learned-variance-3-levels')
    const before = tf.memory().numTensors
    const { output, variance } = await firstValueFrom(ask(model, { x, t, condition: {} }))
    expect(tf.memory().numTensors).toBe(before + 2)
    const both = tf.concat([output, variance!], 3)
    const data = nhwcToNchw({ shape: both.shape, data: both.dataSync() }).data
    expect(maxAbsDifference(data, out.data)).toBeLessThan(2e-4)
    await model.release()
  })
})

describe('a model in onnxruntime', () => {
  it('is refused in one sentence where its bytes are no model', async () => {
    const opened = await openOnnx(Uint8Array.of(1, 2, 3))()
    expect(opened).toMatchObject(E.left({ _tag: 'ModelRejected', engine: 'onnx' }))
    expect(E.isLeft(opened) && opened.left.message).toMatch(
      /^The engine onnx could not run the model: .+[^.]\.$/,
    )
  })
})
