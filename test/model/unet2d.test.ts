import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TensorAlgebra } from '../../src/algebra/algebra.ts'
import { float64, float64Parameters } from '../../src/algebra/float64.ts'
import { tfjs, tfjsParameters } from '../../src/algebra/tfjs.ts'
import { E } from '../../src/fp.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { unet2d, type Network } from '../../src/model/unet2d.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  nhwcToNchw,
  readJson,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const cases = readdirSync(goldenPath('unet'))

const load = (name: string) => {
  const path = goldenPath(`unet/${name}/config.json`)
  const decoded = decodeUNet2DConfig(path)(readJson(path))
  if (E.isLeft(decoded)) throw decoded.left
  const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
  const io = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
  return { config: decoded.right, weights, io }
}

/** The largest absolute error of a network against the golden output. */
const errorOf = async <T>(
  algebra: TensorAlgebra<T>,
  network: Network<T>,
  io: ReturnType<typeof readSafetensors>,
): Promise<number> => {
  const x = algebra.fromValues(nchwToNhwc(tensorOf(io, 'sample')))
  const t = algebra.fromValues(tensorOf(io, 'timestep'))
  const labels = io.tensors.get('class_labels')
  const out = network(x, t, labels && algebra.fromValues(labels))
  return maxAbsDifference(nhwcToNchw(await algebra.toValues(out)).data, tensorOf(io, 'out').data)
}

// torch itself rounds to float32, so more agreement can't be asked for than that.
describe('unet2d in float64', () => {
  it.each(cases)('agrees with diffusers on %s to 5e-6', async (name) => {
    const { config, weights, io } = load(name)
    const parameter = float64Parameters((tensor) => tensorOf(weights, tensor))
    expect(await errorOf(float64, unet2d(config)(float64, parameter), io)).toBeLessThan(5e-6)
  })
})

describe.each(backends)('unet2d in tfjs on %s', (backend) => {
  it.each(cases)('agrees with diffusers on %s to 1e-5', async (name) => {
    await useBackend(backend)
    const { config, weights, io } = load(name)
    const parameter = tfjsParameters((tensor) => tensorOf(weights, tensor))
    const error = await errorOf(tfjs, unet2d(config)(tfjs, parameter), io)
    expect(error).toBeLessThan(1e-5)
  })
})
