/**
 * A network of tfjs, a graph or layers, on whatever backend is current. The libraries are loaded when they are needed,
 * and are optional.
 */
import * as tf from '@tensorflow/tfjs-core'
import { defer, Observable, of } from 'rxjs'
import type { TfjsFolder } from '../checkpoint/tfjs-folder.ts'
import { fail, type Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import type { Network, NetworkFeed, NetworkPort } from './network.ts'
import { reasonOf } from './reason.ts'

/** How the library reads a model: what we have read already. */
const handlerOf = (json: unknown, data: ArrayBuffer): tf.io.IOHandler => ({
  load: () =>
    tf.io.getModelArtifactsForJSON(json as tf.io.ModelJSON, (manifest) =>
      Promise.resolve([manifest.flatMap(({ weights }) => weights), data]),
    ),
})

const portOf = (
  name: string,
  dtype: string | undefined,
  shape: ReadonlyArray<number | null> | null | undefined,
): NetworkPort => ({
  name,
  dtype: dtype ?? 'float32',
  ...(shape == null
    ? {}
    : { shape: shape.map((extent) => (extent === null || extent < 0 ? undefined : extent)) }),
})

/** What an input is given, as a tensor of its type; to be freed with all that a scope makes. */
const tensorOf = (value: NetworkFeed, dtype: string): tf.Tensor => {
  const wanted = dtype === 'int32' || dtype === 'bool' ? dtype : 'float32'
  if (value instanceof tf.Tensor) return value.dtype === wanted ? value : tf.cast(value, wanted)
  const { shape, data } = value
  return wanted === 'float32'
    ? tf.tensor(Float32Array.from(data), [...shape], wanted)
    : tf.tensor(Int32Array.from(data, Math.round), [...shape], wanted)
}

/** A promise's tensor, freed where nobody takes it any more. */
const owned = (late: () => Promise<tf.Tensor>): Observable<tf.Tensor> =>
  new Observable((subscriber) => {
    late().then(
      (tensor) => {
        if (subscriber.closed) tensor.dispose()
        subscriber.next(tensor)
        subscriber.complete()
      },
      (error: unknown) => {
        subscriber.error(error)
      },
    )
  })

const rejected =
  (engine: string) =>
  (error: unknown): Failure =>
    fail('ModelRejected', { engine, reason: reasonOf(error) })

/** Whatever a library throws while it runs a model, as a failure. */
const attempted = <A>(engine: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    throw rejected(engine)(error)
  }
}

const float32 = (tensor: tf.Tensor): tf.Tensor => tf.cast(tensor, 'float32')

const openGraph = async (handler: tf.io.IOHandler): Promise<Omit<Network, 'parameterCount'>> => {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter')
  const model = await loadGraphModel(handler)
  const ports = (names: readonly string[], infos: typeof model.inputs): readonly NetworkPort[] =>
    names.map((name, i) => portOf(name, infos[i]?.dtype, infos[i]?.shape))
  const inputs = ports(model.inputNodes, model.inputs)
  const dtypes = new Map(inputs.map(({ name, dtype }) => [name, dtype]))
  const feed = (feeds: ReadonlyMap<string, NetworkFeed>): tf.NamedTensorMap =>
    Object.fromEntries([...feeds].map(([name, value]) => [name, tensorOf(value, dtypes.get(name) ?? '')]))
  const only = (answer: tf.Tensor | tf.Tensor[]): tf.Tensor =>
    float32(Array.isArray(answer) ? answer[0]! : answer)
  let dynamic = false

  const runDynamic = async (feeds: ReadonlyMap<string, NetworkFeed>, output: string): Promise<tf.Tensor> => {
    // the caller's tensors may be gone before this is done; their numbers are not
    const fed = tf.tidy(() =>
      Object.fromEntries(Object.entries(feed(feeds)).map(([name, tensor]) => [name, tensor.clone()])),
    )
    try {
      const answer = await model.executeAsync(fed, output)
      const cast = only(answer)
      tf.dispose(answer)
      return cast
    } catch (error) {
      throw rejected('tfjs')(error)
    } finally {
      tf.dispose(fed)
    }
  }
  return {
    inputs,
    outputs: ports(model.outputNodes, model.outputs),
    run: (feeds, output) =>
      defer(() => {
        if (dynamic) return owned(() => runDynamic(feeds, output))
        try {
          return of(tf.tidy(() => only(model.execute(feed(feeds), output) as tf.Tensor)))
        } catch (error) {
          // loops and branches have to be waited for, and only running tells
          dynamic = reasonOf(error).includes('executeAsync')
          if (dynamic) return owned(() => runDynamic(feeds, output))
          throw rejected('tfjs')(error)
        }
      }),
    [Symbol.dispose]: () => {
      model.dispose()
    },
  }
}

const openLayers = async (handler: tf.io.IOHandler): Promise<Omit<Network, 'parameterCount'>> => {
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers')
  const model = await loadLayersModel(handler)
  const inputs = model.inputs.map((input, i) =>
    portOf(model.inputNames[i] ?? input.name, input.dtype, input.shape),
  )
  const outputs = model.outputs.map((output, i) =>
    portOf(model.outputNames[i] ?? output.name, output.dtype, output.shape),
  )
  return {
    inputs,
    outputs,
    run: (feeds, output) =>
      defer(() => {
        const place = outputs.findIndex(({ name }) => name === output)
        return of(
          attempted('tfjs', () =>
            tf.tidy(() => {
              const fed = inputs.map(({ name, dtype }) => tensorOf(feeds.get(name)!, dtype))
              const answer = model.predictOnBatch(fed)
              return float32(Array.isArray(answer) ? answer[place]! : answer)
            }),
          ),
        )
      }),
    [Symbol.dispose]: () => {
      model.dispose()
    },
  }
}

const libraries = {
  'tfjs-graph': { name: '@tensorflow/tfjs-converter', open: openGraph },
  'tfjs-layers': { name: '@tensorflow/tfjs-layers', open: openLayers },
} as const

/**
 * Opens a model of tfjs. Weights of fewer bits are widened to float32.
 *
 * @param folder - its files
 * @returns the network; or EngineUnavailable where the library is not installed, or ModelRejected with its complaint
 *
 * @example
 * ```ts
 * const json = { modelTopology: {}, weightsManifest: [] }
 * const folder: TfjsFolder = { path: 'model.json', kind: 'tfjs-layers', json, weights: [], data: TE.right(new Uint8Array()) }
 * expect(await openTfjs(folder)()).toMatchObject(E.left({ _tag: 'ModelRejected' }))
 * ```
 */
export const openTfjs = ({ kind, json, weights, data }: TfjsFolder): TE.TaskEither<Failure, Network> =>
  pipe(
    data,
    TE.chainW(({ buffer }) =>
      TE.tryCatch(
        () => libraries[kind].open(handlerOf(json, buffer)),
        (error): Failure => {
          const reason = reasonOf(error)
          return reason === `the package ${libraries[kind].name} is not installed`
            ? fail('EngineUnavailable', { engine: kind, reason })
            : fail('ModelRejected', { engine: kind, reason })
        },
      ),
    ),
    TE.map((network) => ({
      ...network,
      parameterCount: weights.reduce(
        (count, { shape }) => count + shape.reduce((size, extent) => size * extent, 1),
        0,
      ),
    })),
  )
