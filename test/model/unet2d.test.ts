import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { float64, float64Parameters } from '../../src/algebra/float64.ts'
import { E } from '../../src/fp.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { unet2d } from '../../src/model/unet2d.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  nhwcToNchw,
  readJson,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'

const cases = readdirSync(goldenPath('unet'))

const load = (name: string) => {
  const path = goldenPath(`unet/${name}/config.json`)
  const decoded = decodeUNet2DConfig(path)(readJson(path))
  if (E.isLeft(decoded)) throw decoded.left
  const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
  const io = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
  return { config: decoded.right, weights, io, labels: io.tensors.get('class_labels') }
}

describe('unet2d in float64', () => {
  it.each(cases)('agrees with diffusers on %s to 1e-4', (name) => {
    const { config, weights, io, labels } = load(name)
    const network = unet2d(config)(
      float64,
      float64Parameters((tensor) => tensorOf(weights, tensor)),
    )
    const x = nchwToNhwc(tensorOf(io, 'sample'))
    const out = network(x, tensorOf(io, 'timestep'), labels)
    const error = maxAbsDifference(nhwcToNchw(out).data, tensorOf(io, 'out').data)
    expect(error).toBeLessThan(1e-4)
  })
})
