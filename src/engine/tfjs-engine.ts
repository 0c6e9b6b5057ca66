/**
 * Engines that run the whole network in tfjs, each on a backend of its own.
 */
import * as tf from '@tensorflow/tfjs-core'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { tfjsParameters } from '../algebra/tfjs.ts'
import { unet2dDenoiser } from '../model/unet2d-denoiser.ts'
import { fail, type Failure } from '../failure.ts'
import { flow, TE } from '../fp.ts'
import type { Checkpoint, Engine, EngineName, Model } from './engine.ts'
import { reasonOf } from './reason.ts'

const require = createRequire(import.meta.url)

/** The weights are tensors here: they are collected, so that they can be freed with the model. */
export const loadTfjs =
  (engine: EngineName) =>
  ({ config, weights, trained }: Checkpoint): TE.TaskEither<Failure, Model> => {
    const tensors: tf.Tensor[] = []
    const collect = (tensor: tf.Tensor): tf.Tensor => {
      tensors.push(tensor)
      return tensor
    }
    return TE.tryCatch(
      () => {
        const denoiser = unet2dDenoiser(config, flow(tfjsParameters(weights), collect), trained)
        return Promise.resolve({
          ...denoiser,
          [Symbol.dispose]: () => {
            tf.dispose(tensors)
          },
        })
      },
      (error) => fail('ModelRejected', { engine, reason: reasonOf(error) }),
    )
  }

/** Switches tfjs to a backend that has been registered. */
export const useBackend = async (backend: string): Promise<void> => {
  // tfjs greets people on stderr, and checks every result for NaN, unless it is told that this is for real
  tf.enableProdMode()
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not start its backend ${backend}`)
  await tf.ready()
}

/** tfjs in plain JavaScript. */
export const cpuEngine = async (): Promise<Engine> => {
  await import('@tensorflow/tfjs-backend-cpu')
  await useBackend('cpu')
  return { name: 'cpu', about: `tfjs ${tf.version_core} in plain JavaScript`, load: loadTfjs('cpu') }
}

/** tfjs on WebAssembly. */
export const wasmEngine = async (): Promise<Engine> => {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), sep))
  await useBackend('wasm')
  return { name: 'wasm', about: `tfjs ${tf.version_core} on WebAssembly`, load: loadTfjs('wasm') }
}
