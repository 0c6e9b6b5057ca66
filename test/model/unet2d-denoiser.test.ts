import * as tf from '@tensorflow/tfjs-core'
import { firstValueFrom, from } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { tfjs, tfjsParameters } from '../../src/algebra/tfjs.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { E } from '../../src/fp.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { unet2dDenoiser } from '../../src/model/unet2d-denoiser.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  readJson,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const load = (name: string) => {
  const decoded = decodeUNet2DConfig(name)(readJson(goldenPath(`unet/${name}/config.json`)))
  if (E.isLeft(decoded)) throw decoded.left
  const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
  const tensors: tf.Tensor[] = []
  const parameter = tfjsParameters((tensor) => tensorOf(weights, tensor))
  const labels = decoded.right.num_class_embeds
  const model = unet2dDenoiser(
    decoded.right,
    (tensor, shape) => {
      const made = parameter(tensor, shape)
      tensors.push(made)
      return made
    },
    {
      predicts: 'epsilon',
      schedule: linearSchedule(),
      range: 1,
      ...(labels === null ? {} : { labels: { count: labels } }),
    },
  )
  const io = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
  const free = (): void => {
    tf.dispose(tensors)
  }
  return { model, io, free }
}
const options = { signal: new AbortController().signal }

describe.each(backends)('unet2dDenoiser on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  it('predicts what the network says, and leaves nothing else behind', async () => {
    const { model, io, free } = load('class-labels-28')
    expect(model).toMatchObject({ shape: [28, 28, 1], predicts: 'epsilon', range: 1, labels: { count: 11 } })
    const x = tfjs.fromValues(nchwToNhwc(tensorOf(io, 'sample')))
    const t = [...tensorOf(io, 'timestep').data]
    const labels = [...tensorOf(io, 'class_labels').data]
    const before = tf.memory().numTensors
    const { output, variance } = await firstValueFrom(from(model.predict(x, t, { labels }, options)))
    expect(variance).toBeUndefined()
    expect(tf.memory().numTensors).toBe(before + 1)
    const expected = nchwToNhwc(tensorOf(io, 'out'))
    expect(output.shape).toEqual(expected.shape)
    expect(maxAbsDifference(await output.data(), expected.data)).toBeLessThan(1e-5)
    tf.dispose([x, output])
    free()
  })

  it('parts the prediction from a learned variance', async () => {
    const { model, io, free } = load('learned-variance-3-levels')
    const x = tfjs.fromValues(nchwToNhwc(tensorOf(io, 'sample')))
    const t = [...tensorOf(io, 'timestep').data]
    const before = tf.memory().numTensors
    const { output, variance } = await firstValueFrom(from(model.predict(x, t, {}, options)))
    expect(tf.memory().numTensors).toBe(before + 2)
    const expected = nchwToNhwc(tensorOf(io, 'out')).data
    const [o, v] = [await output.data(), await variance!.data()]
    const joined = Array.from(expected, (_, k) => {
      const pixel = Math.floor(k / 6) * 3
      return k % 6 < 3 ? o[pixel + (k % 6)]! : v[pixel + (k % 6) - 3]!
    })
    expect(maxAbsDifference(joined, expected)).toBeLessThan(1e-5)
    tf.dispose([x, output, variance!])
    free()
  })
})

describe('unet2dDenoiser', () => {
  beforeAll(() => useBackend('cpu'))

  it('does nothing until somebody subscribes', () => {
    const { model, free } = load('no-attention')
    const x = tf.zeros([1, 16, 16, 3])
    const before = tf.memory().numTensors
    void model.predict(x, [1], {}, options)
    expect(tf.memory().numTensors).toBe(before)
    x.dispose()
    free()
  })

  it.each([
    ['class-labels-28', {}, 'LabelsMissing'],
    ['class-labels-28', { labels: [1] }, 'LabelCount'],
    ['class-labels-28', { labels: [1, 11] }, 'LabelUnknown'],
    ['class-labels-28', { labels: [1, 0.5] }, 'LabelUnknown'],
    ['no-attention', { labels: [1, 2] }, 'LabelsUnexpected'],
  ])('fails on %s with the condition %o: %s', async (name, condition, _tag) => {
    const { model, free } = load(name)
    const x = tf.zeros([2, ...model.shape])
    const before = tf.memory().numTensors
    await expect(firstValueFrom(from(model.predict(x, [1, 2], condition, options)))).rejects.toMatchObject({
      _tag,
    })
    expect(tf.memory().numTensors).toBe(before)
    x.dispose()
    free()
  })
})
