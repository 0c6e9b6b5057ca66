/**
 * Kernels of our own for tfjs's backend webgpu: a few lines of WGSL each, in the frame that the backend puts around its own.
 *
 * Registration is by the backend's name, as for {@link registerHostKernel}, so the backend needn't be installed.
 */
import * as tf from '@tensorflow/tfjs-core'
import { sizeOf } from '../shape.ts'
import { isRegistered } from './own-kernel.ts'

/** Numbers that a program is told at each run; they have to be declared in this order. */
export interface Uniform {
  readonly name: string
  readonly type: 'f32' | 'i32' | 'u32'
  readonly value: number
}

/** One dispatch. */
export interface GpuProgram {
  /** What the code depends on besides the ranks of its inputs: programs of one key are compiled once. */
  readonly key: string
  /** The names under which the code finds the inputs, arrays that are laid out row by row. */
  readonly inputs: readonly string[]
  readonly uniforms: readonly Uniform[]
  /** How many invocations there are in all, at least; the code leaves out those beyond. */
  readonly invocations: number
  /** How many of them share memory: at most 256, and 64 where nobody cares. */
  readonly workgroup?: number
  /** What is declared beside the entry point. */
  readonly declarations?: string
  /** The body of the entry point; `index` (i32) is the number of the invocation, `result` the array to fill. */
  readonly body: string
}

/** What the backend shows of itself; tfjs-core types a backend as `{}`. */
interface WebGpuBackend {
  readonly makeTensorInfo: (
    shape: readonly number[],
    dtype: 'float32' | 'int32',
    values?: Float32Array | Int32Array,
  ) => tf.TensorInfo
  readonly disposeData: (id: tf.DataId) => boolean
  readonly runWebGPUProgram: (
    program: object,
    inputs: readonly tf.TensorInfo[],
    dtype: 'float32' | 'int32',
    uniforms: ReadonlyArray<{ readonly type: string; readonly data: number[] }>,
  ) => tf.TensorInfo
}

const typeOf = { f32: 'float32', i32: 'int32', u32: 'uint32' } as const

/** The program as the backend takes it; it writes a key and a dispatch of its own into what it is given. */
const framed = (
  { key, inputs, uniforms, invocations, workgroup = 64, declarations = '', body }: GpuProgram,
  name: string,
  shape: readonly number[],
): object => ({
  // profilers know it by the name of its class
  constructor: { name },
  shaderKey: `${name} ${key}`,
  variableNames: [...inputs],
  outputShape: [...shape],
  uniforms: uniforms.map((uniform) => `${uniform.name} : ${uniform.type},`).join(' '),
  dispatchLayout: { x: shape.map((_, axis) => axis) },
  dispatch: [Math.ceil(invocations / workgroup), 1, 1],
  workgroupSize: [workgroup, 1, 1],
  getUserCode: () => `${declarations}\nfn main(index : i32) {\n${body}\n}`,
})

/** What a kernel is called with. */
export interface GpuCall {
  /** Those given, without those that were left out. */
  readonly inputs: readonly tf.TensorInfo[]
  readonly attributes: tf.NamedAttrMap
  /** Runs a program that fills a new tensor, float32 unless told. */
  readonly run: (
    program: GpuProgram,
    inputs: readonly tf.TensorInfo[],
    shape: readonly number[],
    dtype?: 'int32',
  ) => tf.TensorInfo
  /** Lends numbers to the function, as one more input; an upload. */
  readonly lend: (
    values: Float32Array | Int32Array,
    use: (input: tf.TensorInfo) => tf.TensorInfo,
  ) => tf.TensorInfo
  /** Frees what was made on the way. */
  readonly free: (made: tf.TensorInfo) => void
}

/**
 * Registers a kernel with the backend webgpu.
 *
 * @param name - the kernel's, to all backends that have it
 * @param kernel - makes its result of its inputs
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core'
 * registerGpuKernel('Thrice', ({ inputs, run }) =>
 *   run({ key: '', inputs: ['x'], uniforms: [], invocations: 8, body: 'if (index < 8) { result[index] = 3.0 * x[index]; }' }, inputs, [8]))
 * expect(tf.getKernel('Thrice', 'webgpu').kernelName).toBe('Thrice')
 * ```
 */
export const registerGpuKernel = (name: string, kernel: (call: GpuCall) => tf.TensorInfo): void => {
  if (isRegistered(name, 'webgpu')) return
  tf.registerKernel({
    kernelName: name,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend, attrs = {} }) => {
      const gpu = backend as WebGpuBackend
      const free = ({ dataId }: tf.TensorInfo): void => {
        gpu.disposeData(dataId)
      }
      return kernel({
        inputs: Object.values(inputs).filter((info) => info !== undefined),
        attributes: attrs,
        run: (program, given, shape, dtype) =>
          gpu.runWebGPUProgram(
            framed(program, name, shape),
            given,
            dtype ?? 'float32',
            program.uniforms.map(({ type, value }) => ({ type: typeOf[type], data: [value] })),
          ),
        lend: (values, use) => {
          const lent = gpu.makeTensorInfo(
            [values.length],
            values instanceof Float32Array ? 'float32' : 'int32',
            values,
          )
          try {
            return use(lent)
          } finally {
            free(lent)
          }
        },
        free,
      })
    },
  })
}

/** How many numbers a tensor has. */
export const countOf = ({ shape }: tf.TensorInfo): number => sizeOf(shape)
