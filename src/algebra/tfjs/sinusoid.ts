/**
 * The positional embedding of time, on tensors.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Sinusoid } from '../algebra.ts'
import { frequencies } from '../sinusoid.ts'

/** What the backend webgpu shows of itself. */
interface WebGpuBackend {
  /** `values` are those that have not left for the device. */
  readonly tensorMap: { readonly get: (id: tf.DataId) => { readonly values?: ArrayLike<number> | null } }
  readonly makeTensorInfo: (shape: number[], dtype: 'float32', values: Float32Array) => tf.TensorInfo
}

const composed = (t: tf.Tensor, options: Sinusoid): tf.Tensor => {
  const w = frequencies(options)
  const args = tf.mul(tf.reshape(tf.cast(t, 'float32'), [-1, 1]), tf.tensor2d(w, [1, w.length]))
  const waves = options.flipSinToCos ? [tf.cos(args), tf.sin(args)] : [tf.sin(args), tf.cos(args)]
  return tf.pad(tf.concat(waves, 1), [
    [0, 0],
    [0, options.dim - 2 * w.length],
  ])
}

/** Rows of waves, each number rounded where torch rounds it. */
const computed = (t: ArrayLike<number>, options: Sinusoid): Float32Array => {
  const w = frequencies(options)
  const half = w.length
  const out = new Float32Array(t.length * options.dim)
  const [cosine, sine] = options.flipSinToCos ? [0, half] : [half, 0]
  for (let row = 0; row < t.length; row++)
    for (let k = 0; k < half; k++) {
      const arg = Math.fround(t[row]! * w[k]!)
      out[row * options.dim + cosine + k] = Math.cos(arg)
      out[row * options.dim + sine + k] = Math.sin(arg)
    }
  return out
}

/**
 * A GPU's own sine is right to 2⁻¹¹ only, by the specification of WebGPU, and a chain of steps makes that ten times worse. Timesteps
 * come from the host, so the waves are made there.
 */
const kernelName = 'Sinusoid'
/** tfjs-core's types don't admit that there may be none. */
const known = (): tf.KernelConfig | undefined => tf.getKernel(kernelName, 'webgpu')
// a module that is loaded twice (a bundle beside the sources) registers once
if (known() === undefined)
  tf.registerKernel({
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const { tensorMap, makeTensorInfo } = backend as WebGpuBackend
      const options = attrs as unknown as Sinusoid
      const values = tensorMap.get(inputs['t']!.dataId).values ?? []
      const shape = [values.length, options.dim]
      return makeTensorInfo.call(backend, shape, 'float32', computed(values, options))
    },
  })

/** Whether the numbers of a tensor are on this side still. */
const isAtHand = ({ dataId }: tf.Tensor): boolean =>
  (tf.backend() as unknown as WebGpuBackend).tensorMap.get(dataId).values != null

/**
 * Sines and cosines of each timestep, padded with zeros to the width asked for.
 *
 * @param t - `[rows]`; on WebGPU most exact while its numbers have not left for the device
 * @param options - the width, and which of the two halves comes first
 * @returns `[rows, dim]`, new
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const waves = sinusoid(tf.tensor1d([0]), { dim: 4, flipSinToCos: true, freqShift: 0 })
 * expect(waves.dataSync()).toEqual(Float32Array.of(1, 1, 0, 0))
 * ```
 */
export const sinusoid = (t: tf.Tensor, options: Sinusoid): tf.Tensor =>
  tf.getBackend() === 'webgpu' && isAtHand(t)
    ? tf.engine().runKernel(kernelName, { t }, { ...options })
    : tf.tidy(() => composed(t, options))
