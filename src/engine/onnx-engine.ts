/**
 * Frames on tfjs's cpu backend, the network on onnxruntime: on the CPU, which is the embedded default, or where else the
 * installed onnxruntime can.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compileOnnx } from '../algebra/onnx/compile.ts'
import { onnxParameters } from '../algebra/onnx.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Engine, EngineName } from './engine.ts'
import { isGpuSeen, noGpuSeen } from './gpu-seen.ts'
import { onnxDenoiser } from './onnx.ts'
import { onnxLibrary, openOnnx, type OnnxOptions } from './onnx-session.ts'
import { reasonOf } from './reason.ts'
import { cpuEngine } from './tfjs-engine.ts'

/** Where onnxruntime runs a network; it calls them execution providers. */
export type Provider = 'cpu' | 'cuda' | 'webgpu' | 'coreml' | 'dml'

const places: Readonly<Record<Provider, string>> = {
  cpu: 'the CPU',
  cuda: 'the GPU, by CUDA',
  webgpu: 'the GPU, by WebGPU',
  coreml: 'Apple silicon, by Core ML',
  dml: 'the GPU, by DirectML',
}

/** What can be asked for: Core ML chooses its precision by itself. */
export type OnnxChoice = readonly [Provider, 'single'] | readonly [Exclude<Provider, 'coreml'>, 'half']

const nameOf = ([provider, precision]: OnnxChoice): EngineName => {
  if (precision === 'single') return provider === 'cpu' ? 'onnx' : `onnx:${provider}`
  return provider === 'cpu' ? 'onnx:half' : `onnx:${provider}:half`
}

/** What to type where a provider is there and does not start. */
const toType: Readonly<Partial<Record<Provider, string>>> = {
  cuda: 'it takes CUDA 12, cuDNN 9, and `npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12` for its own part',
  webgpu: 'see what `vulkaninfo --summary` says of a GPU',
}

/** What onnxruntime-node fetches for CUDA when it is installed, unless it is told not to. */
const cudaPart = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    ...['bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'],
  )

const right = async <A>(task: TE.TaskEither<Error, A>): Promise<A> => {
  const either = await task()
  if (E.isLeft(either)) throw either.left
  return either.right
}

/** Whether a provider starts, seen by the smallest of models; onnxruntime says so no earlier. */
const tryProvider = async (provider: Provider, options: OnnxOptions): Promise<void> => {
  const { listSupportedBackends } = await right(onnxLibrary)
  const there = listSupportedBackends().map(({ name }) => name)
  if (!there.includes(provider))
    throw new Error(
      `the onnxruntime that is installed has ${there.join(', ')} on this platform, and not ${provider}`,
    )
  if (provider === 'webgpu' && !isGpuSeen()) throw new Error(noGpuSeen)
  if (provider === 'cuda' && !existsSync(cudaPart()))
    throw new Error(`its own part is missing; ${toType.cuda ?? ''}`)
  const model = compileOnnx([{ name: 'x', type: 'float32', shape: [2] }], (algebra, x) => [
    algebra.affine(x, 2, 1),
  ])
  const session = await openOnnx(model, options)()
  if (E.isLeft(session)) {
    const { reason } = session.left
    throw new Error([reasonOf(reason), toType[provider] ?? []].flat().join('; '))
  }
  await session.right.release()
}

/** onnxruntime with a provider, whose graph's numbers are of a precision. */
export const onnxEngine = async (...choice: OnnxChoice): Promise<Engine> => {
  const [provider, precision] = choice
  const { env } = await right(onnxLibrary)
  const options: OnnxOptions = { precision, ...(provider === 'cpu' ? {} : { providers: [provider] }) }
  if (provider !== 'cpu') await tryProvider(provider, options)
  await cpuEngine()
  return {
    name: nameOf(choice),
    about: `onnxruntime ${env.versions.node ?? ''} on ${places[provider]}${precision === 'half' ? ', in half precision' : ''}`,
    load: ({ config, weights, trained }) =>
      pipe(
        onnxDenoiser(config, onnxParameters(weights), trained, options),
        TE.map(({ release, ...denoiser }) => ({
          ...denoiser,
          [Symbol.dispose]: () => {
            void release()
          },
        })),
      ),
  }
}
