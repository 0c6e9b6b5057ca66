/**
 * Kernels of our own, for the tfjs backends that compute in memory which JavaScript reads: cpu and wasm.
 *
 * There, one loop over typed arrays does in a single pass what a composition of tfjs ops does in many. Registration is by
 * the backend's name, so neither backend has to be imported, or even installed.
 */
import * as tf from '@tensorflow/tfjs-core'
import { sizeOf } from '../shape.ts'
import { isRegistered, type OwnKernel, registerOwn } from './own-kernel.ts'

/** Numbers as both backends keep them. */
export type HostArray = Float32Array | Int32Array | Uint8Array

/** What cpu and wasm show of themselves; tfjs-core types a backend as `{}`. */
interface CpuBackend {
  readonly data: { readonly get: (id: tf.DataId) => { readonly values: HostArray } }
  readonly makeTensorInfo: (shape: number[], dtype: 'float32', values: Float32Array) => tf.TensorInfo
}
interface WasmBackend {
  readonly makeOutput: (shape: number[], dtype: 'float32') => tf.TensorInfo
  readonly typedArrayFromHeap: (info: tf.TensorInfo) => HostArray
}

/** A kernel whose result has the shape of its first input, in float32. */
export interface HostKernel extends OwnKernel {
  /** Fills `out`, which starts as anything. */
  readonly fill: (
    out: Float32Array,
    inputs: readonly HostArray[],
    attributes: tf.NamedAttrMap,
    shape: readonly number[],
  ) => void
}

const inputsOf = (named: tf.NamedTensorInfoMap): readonly tf.TensorInfo[] =>
  Object.values(named).filter((info) => info !== undefined)

/** How a backend makes a float32 result, and shows the numbers behind a tensor. */
interface Host {
  readonly make: (backend: unknown, shape: number[]) => tf.TensorInfo
  readonly read: (backend: unknown, info: tf.TensorInfo) => HostArray
}

const hosts: Readonly<Record<string, Host>> = {
  cpu: {
    make: (backend, shape) =>
      (backend as CpuBackend).makeTensorInfo(shape, 'float32', new Float32Array(sizeOf(shape))),
    read: (backend, { dataId }) => (backend as CpuBackend).data.get(dataId).values,
  },
  wasm: {
    make: (backend, shape) => (backend as WasmBackend).makeOutput(shape, 'float32'),
    read: (backend, info) => (backend as WasmBackend).typedArrayFromHeap(info),
  },
}

const onHost =
  ({ fill }: HostKernel, { make, read }: Host): tf.KernelFunc =>
  ({ inputs, backend, attrs = {} }) => {
    const infos = inputsOf(inputs)
    const shape = infos[0]?.shape ?? []
    const out = make(backend, shape)
    // Allocating may move wasm's heap, so views are taken afterwards.
    const arrays = infos.map((info) => read(backend, info))
    fill(read(backend, out) as Float32Array, arrays, attrs, shape)
    return out
  }

/**
 * Registers a kernel with the backends cpu and wasm, and its gradient with tfjs.
 *
 * @param kernel - what it computes
 * @returns runs it on the current backend, or gives `undefined` on one that it isn't registered with
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * const twice = registerHostKernel({
 *   name: 'Twice',
 *   fill: (out, [x]) => out.forEach((_, i) => (out[i] = 2 * x![i]!)),
 *   gradient: (dy) => [() => tf.mul(dy, 2)],
 *   kept: 0,
 * })
 * await tf.setBackend('cpu')
 * expect([...(await twice([tf.tensor1d([1, 2])], {})!.data())]).toEqual([2, 4])
 * ```
 */
export const registerHostKernel = (kernel: HostKernel): ReturnType<typeof registerOwn> => {
  for (const [backendName, host] of Object.entries(hosts))
    if (!isRegistered(kernel.name, backendName))
      tf.registerKernel({ kernelName: kernel.name, backendName, kernelFunc: onHost(kernel, host) })
  return registerOwn(kernel)
}
