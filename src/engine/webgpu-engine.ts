/**
 * tfjs on any GPU with a driver for Vulkan, Metal or Direct3D 12, from plain Node: Dawn, which Chromium has, brings WebGPU.
 */
import * as tf from '@tensorflow/tfjs-core'
import { catchError, defer, from, map, throwError } from 'rxjs'
import { fail, type Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import type { Engine, EngineName, Model } from './engine.ts'
import { isGpuSeen, noGpuSeen } from './gpu-seen.ts'
import { reasonOf } from './reason.ts'
import { loadTfjs, useBackend } from './tfjs-engine.ts'

const libraries = 'webgpu @tensorflow/tfjs-backend-webgpu'

const optional = async <A>(load: () => Promise<A>): Promise<A> => {
  try {
    return await load()
  } catch (error) {
    throw new Error(`${reasonOf(error)}; type \`npm install ${libraries}\``, { cause: error })
  }
}

/** Dawn's door to the GPUs, for as long as the process lives: what it has made dies with it. */
let gpu: GPU | undefined

/** Makes Node look like a browser that has WebGPU, which is where the backend looks for it. */
const openGpu = async (): Promise<GPU> => {
  if (gpu !== undefined) return gpu
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  gpu = create([])
  // Node 20 has no navigator, and Node 21's has no room for another property but by definition
  const navigator = (globalThis as { navigator?: object }).navigator
  if (navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  else Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

/** The most that the adapter has of what the backend makes use of. */
const limitsOf = ({ limits }: GPUAdapter): Record<string, number> => ({
  maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
  maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  maxBufferSize: limits.maxBufferSize,
  maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
  maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
})

/** What has happened to a device, if anything: it is gone for good, or something did not fit into it. */
interface Mishap {
  failure: Failure | undefined
}

/** Listens for what WebGPU tells nobody who asked. */
const watch = (device: GPUDevice, engine: EngineName): Mishap => {
  const mishap: Mishap = { failure: undefined }
  void device.lost.then(({ message, reason }) => {
    mishap.failure = fail('DeviceLost', {
      engine,
      reason: message === '' ? reason : reasonOf(message.replaceAll('\n', ' ')),
    })
  })
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault()
    const { error } = event
    const what = error instanceof GPUOutOfMemoryError ? 'out of memory: ' : ''
    mishap.failure ??= fail('ModelRejected', { engine, reason: `${what}${reasonOf(error.message)}` })
  })
  return mishap
}

/** A model that says what has become of its device, instead of answering with the zeros that WebGPU makes then. */
const watched =
  ({ algebra }: Pick<Model, 'algebra'>, mishap: Mishap) =>
  (model: Model): Model => ({
    ...model,
    predict: (x, t, condition, options) =>
      defer(() => {
        if (mishap.failure !== undefined) return throwError(() => mishap.failure)
        return from(model.predict(x, t, condition, options)).pipe(
          map((prediction) => {
            if (mishap.failure === undefined) return prediction
            algebra.dispose(prediction.output)
            if (prediction.variance !== undefined) algebra.dispose(prediction.variance)
            throw mishap.failure
          }),
          catchError((error: unknown) => throwError(() => mishap.failure ?? error)),
        )
      }),
  })

/** The device of the backend that there is, to be given back before another takes its place. */
let current: GPUDevice | undefined

/**
 * The engine on WebGPU.
 *
 * @param name - `webgpu` takes hardware only, `webgpu:software` also what computes on the CPU, for tests
 */
export const webgpuEngine = async (
  name: Extract<EngineName, 'webgpu' | 'webgpu:software'>,
): Promise<Engine> => {
  if (!isGpuSeen()) throw new Error(noGpuSeen)
  const { WebGPUBackend } = await optional(async () => {
    await import('@tensorflow/tfjs-backend-cpu')
    const door = await openGpu()
    // its own choice of an adapter is registered if it finds that door, and ours takes its place
    const library = await import('@tensorflow/tfjs-backend-webgpu')
    return { ...library, door }
  })
  const adapter = await (await openGpu()).requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null)
    throw new Error('WebGPU finds no GPU; see what `vulkaninfo --summary` says of its driver for Vulkan')
  const { info } = adapter
  const title = [info.device || info.vendor, info.description].filter((part) => part !== '').join(', ')
  if (info.isFallbackAdapter && name === 'webgpu')
    throw new Error(
      `WebGPU finds only ${title}, which is no GPU; --engine webgpu:software takes that, slowly`,
    )
  const requiredFeatures = (['timestamp-query', 'shader-f16'] as const).filter((feature) =>
    adapter.features.has(feature),
  )
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: limitsOf(adapter) })
  const mishap = watch(device, name)

  tf.enableProdMode()
  tf.removeBackend('webgpu')
  current?.destroy()
  current = device
  tf.registerBackend('webgpu', () => {
    const backend = new WebGPUBackend(device, info)
    const read = backend.read.bind(backend)
    backend.read = async (id: object) => {
      try {
        return await read(id)
      } catch (error) {
        throw mishap.failure ?? error
      }
    }
    return backend
  })
  await useBackend('webgpu')
  const load = loadTfjs(name)
  return {
    name,
    about: `WebGPU on ${title}`,
    limits: `tensors to ${(adapter.limits.maxStorageBufferBindingSize / 2 ** 30).toFixed(1)} GB${requiredFeatures.includes('shader-f16') ? ', half precision' : ''}`,
    load: (checkpoint) =>
      pipe(
        load(checkpoint),
        TE.map((model) => watched(model, mishap)(model)),
      ),
  }
}
