/** Models in folders of their own, and the chains that they make. */
import type * as tf from '@tensorflow/tfjs-core'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { ddim, type Rule } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { decodeUNet2DConfig, type UNet2DConfig } from '../../src/model/unet2d-config.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { goldenPath, maxAbsDifference, readJson, readSafetensors, tensorOf } from '../support/goldens.ts'

const rooms = mkdtempSync(join(tmpdir(), 'rxdiffusion-networks-'))
afterAll(() => {
  rmSync(rooms, { recursive: true })
})

let made = 0
/** A folder with a manifest and files. */
export const room = (
  manifest: string | undefined,
  files: Readonly<Record<string, Uint8Array | string>> = {},
): string => {
  const folder = join(rooms, String(made++))
  mkdirSync(folder)
  if (manifest !== undefined) writeFileSync(join(folder, 'model.yaml'), manifest)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

/** The last images of a chain; every step counts in them, and every draw. */
export const chain = async (
  model: Denoiser<tf.Tensor>,
  { labels, rule = ddim({ eta: 0.5 }) }: { labels?: readonly number[]; rule?: Rule } = {},
): Promise<Values> => {
  const condition = labels === undefined ? {} : { condition: { labels } }
  const config = { model, rule, noise: philox({ seed: 7 }), batch: 2, ...condition }
  const { xt } = await finalSnapshot(respace(model.schedule, trailing(4)).pipe(denoise(config)))
  return xt
}

/** The largest difference of two chains. */
export const apart = async (...chains: readonly [Promise<Values>, Promise<Values>]): Promise<number> => {
  const [a, b] = await Promise.all(chains)
  return maxAbsDifference(a.data, b.data)
}

/** A diffusers UNet among the goldens. */
export const unet = (
  name: string,
): { readonly config: UNet2DConfig; readonly read: (tensor: string) => Values } => {
  const path = goldenPath(`unet/${name}/config.json`)
  const config = E.getOrElseW((failure: Error) => {
    throw failure
  })(decodeUNet2DConfig(path)(readJson(path)))
  const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
  return { config, read: (tensor) => tensorOf(weights, tensor) }
}
