/**
 * A network from an ONNX file, in onnxruntime.
 */
import * as tf from '@tensorflow/tfjs-core'
import type * as Library from 'onnxruntime-node'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { defer, from, map } from 'rxjs'
import { type FailureOf, fail } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Network, NetworkFeed, NetworkPort } from './network.ts'
import { type OnnxFailure, onnxLibrary, type OnnxOptions, rejected, sessionOptions } from './onnx-session.ts'

/** The element types that can be fed, and how numbers become them. */
const arrays = {
  float32: (data) => Float32Array.from(data),
  float64: (data) => Float64Array.from(data),
  int32: (data) => Int32Array.from(data, Math.round),
  int64: (data) => BigInt64Array.from(data, (value) => BigInt(Math.round(value))),
} as const satisfies Readonly<Record<string, (data: ArrayLike<number>) => Tensor['data']>>

const isFed = (dtype: string): dtype is keyof typeof arrays => Object.hasOwn(arrays, dtype)

const portOf = (port: InferenceSession.ValueMetadata): NetworkPort =>
  port.isTensor
    ? {
        name: port.name,
        dtype: port.type,
        shape: port.shape.map((extent) => (typeof extent === 'number' && extent >= 0 ? extent : undefined)),
      }
    : { name: port.name, dtype: 'no tensor' }

/** Refuses what could be opened and never run. */
const checkPorts = (inputs: readonly NetworkPort[]): E.Either<FailureOf<'ModelRejected'>, void> => {
  const strange = inputs.find(({ dtype }) => !isFed(dtype))
  return strange === undefined
    ? E.right(undefined)
    : E.left(
        fail('ModelRejected', {
          engine: 'onnx',
          reason: `its input ${strange.name} is ${strange.dtype}, and only ${Object.keys(arrays).join(', ')} can be fed`,
        }),
      )
}

const network = (
  { Tensor: Fed }: typeof Library,
  session: InferenceSession,
  inputs: readonly NetworkPort[],
): Network => {
  const dtypes = new Map(inputs.map(({ name, dtype }) => [name, dtype]))
  const feed = async (name: string, value: NetworkFeed): Promise<readonly [string, Tensor]> => {
    const dtype = dtypes.get(name) ?? ''
    const shape = [...value.shape]
    const data = value instanceof tf.Tensor ? await value.data() : value.data
    const array = isFed(dtype) ? arrays[dtype](data) : Float32Array.from(data)
    return [name, new Fed(array as Float32Array, shape)]
  }
  const infer = async (
    feeds: ReadonlyMap<string, NetworkFeed>,
    output: string,
    signal: AbortSignal,
  ): Promise<{ readonly shape: number[]; readonly data: Float32Array }> => {
    signal.throwIfAborted()
    // read at once, before anybody disposes of them
    const fed = await Promise.all([...feeds].map(([name, value]) => feed(name, value)))
    signal.throwIfAborted()
    const results = await session.run(Object.fromEntries<Tensor>(fed), [output]).catch((error: unknown) => {
      throw rejected(error)
    })
    const answer = results[output]
    if (!(answer?.data instanceof Float32Array)) throw rejected(`its output ${output} is not float32`)
    return { shape: [...answer.dims], data: answer.data }
  }
  return {
    inputs,
    outputs: session.outputMetadata.map(portOf),
    run: (feeds, output, { signal }) =>
      defer(() => from(infer(feeds, output, signal))).pipe(
        // here, and not in the promise: an answer that nobody takes any more is numbers for the collector, no tensor
        map(({ shape, data }) => tf.tensor(data, shape)),
      ),
    [Symbol.dispose]: () => {
      void session.release()
    },
  }
}

/**
 * Opens an ONNX file; weights that lie beside it are found.
 *
 * @param path - of the file
 * @param options - threads and providers
 * @returns the network; or EngineUnavailable where onnxruntime does not load, or ModelRejected with its complaint
 *
 * @example
 * ```ts
 * expect(await openOnnxFile('no/such.onnx')()).toMatchObject(E.left({ _tag: 'ModelRejected' }))
 * ```
 */
export const openOnnxFile = (path: string, options: OnnxOptions = {}): TE.TaskEither<OnnxFailure, Network> =>
  pipe(
    onnxLibrary,
    TE.chainW((library) =>
      pipe(
        TE.tryCatch(() => library.InferenceSession.create(path, sessionOptions(options)), rejected),
        TE.chainEitherKW((session) => {
          const inputs = session.inputMetadata.map(portOf)
          return pipe(
            checkPorts(inputs),
            E.map(() => network(library, session, inputs)),
          )
        }),
      ),
    ),
  )
