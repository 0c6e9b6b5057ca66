/**
 * onnxruntime, loaded when it is first needed, and one model in it.
 */
import { env } from 'node:process'
import type * as Library from 'onnxruntime-node'
import type { InferenceSession } from 'onnxruntime-node'
import type { Precision } from '../algebra/onnx/compile.ts'
import { fail, type FailureOf } from '../failure.ts'
import { TE, pipe } from '../fp.ts'
import { reasonOf } from './reason.ts'

/** How a model is run. */
export interface OnnxOptions {
  /** Threads that share one call; as many as the machine has physical cores unless told. */
  readonly threads?: number
  /** Where to run, the first that can: `'cuda'`, `'coreml'`, `'dml'`, `'webgpu'`, `'cpu'`; the CPU unless told. */
  readonly providers?: readonly string[]
  /** Of a network that is compiled here; `'single'` unless told. */
  readonly precision?: Precision
}

/** Why a model could not be opened. */
export type OnnxFailure = FailureOf<'EngineUnavailable' | 'ModelRejected'>

/** Numbers of a call, by the name of the model's input. */
export type OnnxInput = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array | BigInt64Array }>
>

/** What the model says. */
export interface OnnxOutput {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A model that is ready to run. */
export interface OnnxSession {
  /** Runs the model on the next turn of the event loop; it occupies this thread meanwhile. */
  readonly run: (input: OnnxInput) => Promise<OnnxOutput>
  /** Frees the model. */
  readonly release: () => Promise<void>
}

const engine = 'onnx'

/**
 * onnxruntime reports to its makers, and leaves an identifier and a database in the user's cache for that. Only the
 * environment stops it, and only before it loads; whoever wants to be counted says 0 there. The second name is that of
 * versions to come.
 */
const withoutTelemetry = (): void => {
  env['ORT_DISABLE_TELEMETRY'] ??= '1'
  env['ORT_TELEMETRY_DISABLED'] ??= env['ORT_DISABLE_TELEMETRY']
}

/** onnxruntime itself; EngineUnavailable where its package or its native library is missing. */
export const onnxLibrary: TE.TaskEither<FailureOf<'EngineUnavailable'>, typeof Library> = TE.tryCatch(
  async () => {
    withoutTelemetry()
    const library = await import('onnxruntime-node')
    // what it finds wrong is thrown as well
    library.env.logLevel = 'fatal'
    return library
  },
  (error) => fail('EngineUnavailable', { engine, reason: reasonOf(error) }),
)

/** onnxruntime's names for the options. */
export const sessionOptions = ({ threads, providers }: OnnxOptions): InferenceSession.SessionOptions => ({
  graphOptimizationLevel: 'all',
  // its advice is for the makers of models, and stderr belongs to the user
  logSeverityLevel: 4,
  ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  ...(providers === undefined ? {} : { executionProviders: providers }),
})

/** onnxruntime's complaint as a failure. */
export const rejected = (error: unknown): FailureOf<'ModelRejected'> =>
  fail('ModelRejected', { engine, reason: reasonOf(error) })

const ready = ({ Tensor }: typeof Library, session: InferenceSession): OnnxSession => {
  const [answer = ''] = session.outputNames
  const tensorOf = ({ shape, data }: OnnxInput[string]) =>
    data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape)
  return {
    // between two calls of the network nothing else is in the processor's caches: what is short here is quick
    run: async (input) => {
      const feeds: Record<string, InferenceSession.FeedsType[string]> = {}
      for (const name in input) feeds[name] = tensorOf(input[name]!)
      let output: InferenceSession.ReturnType[string] | undefined
      try {
        output = (await session.run(feeds))[answer]
      } catch (error) {
        throw rejected(error)
      }
      if (!(output?.data instanceof Float32Array)) throw rejected('its output is not float32')
      return { shape: output.dims, data: output.data }
    },
    release: () => session.release(),
  }
}

/**
 * Opens a model.
 *
 * @param bytes - of the model's file; its one output is float32
 * @param options - see {@link OnnxOptions}
 * @returns the model; or EngineUnavailable where onnxruntime does not load, or ModelRejected with its complaint
 *
 * @example
 * ```ts
 * const model = compileOnnx([{ name: 'x', type: 'float32', shape: [2] }], (algebra, x) => [algebra.affine(x, 2, 1)])
 * const session = await orThrow(openOnnx(model))
 * const { data } = await session.run({ x: { shape: [1, 2], data: Float32Array.of(3, 4) } })
 * expect(data).toEqual(Float32Array.of(7, 9))
 * await session.release()
 * ```
 */
export const openOnnx = (
  bytes: Uint8Array,
  options: OnnxOptions = {},
): TE.TaskEither<OnnxFailure, OnnxSession> =>
  pipe(
    onnxLibrary,
    TE.chainW((ort) =>
      pipe(
        TE.tryCatch(() => ort.InferenceSession.create(bytes, sessionOptions(options)), rejected),
        TE.map((session) => ready(ort, session)),
      ),
    ),
  )
