/**
 * The embedded default: frames on tfjs's cpu backend, the network on onnxruntime.
 */
import { onnxParameters } from '../algebra/onnx.ts'
import { pipe, TE } from '../fp.ts'
import type { Engine } from './engine.ts'
import { onnxDenoiser } from './onnx.ts'
import { cpuEngine } from './tfjs-engine.ts'

/** onnxruntime on the CPU. */
export const onnxEngine = async (): Promise<Engine> => {
  const { env } = await import('onnxruntime-node')
  await cpuEngine()
  return {
    name: 'onnx',
    about: `onnxruntime ${env.versions.node ?? ''} on the CPU`,
    load: ({ config, weights, trained }) =>
      pipe(
        onnxDenoiser(config, onnxParameters(weights), trained),
        TE.map(({ release, ...denoiser }) => ({
          ...denoiser,
          [Symbol.dispose]: () => {
            void release()
          },
        })),
      ),
  }
}
