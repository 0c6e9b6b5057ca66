/**
 * The process with everything that runs in Node: this project's stream, loops written by hand on the same session and
 * on torch's export, steps without a network, and a plain matrix product.
 *
 *     node ours.js MODEL THREADS [FOLDER with torch's exports]
 */
import * as tf from '@tensorflow/tfjs-core'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import ort, { type InferenceSession } from 'onnxruntime-node'
import { of } from 'rxjs'
import { emptyGraph } from '../src/algebra/onnx/graph.ts'
import { encodeModel } from '../src/algebra/onnx/model.ts'
import { onnxParameters } from '../src/algebra/onnx.ts'
import { onnxDenoiser } from '../src/engine/onnx.ts'
import { openOnnx } from '../src/engine/onnx-session.ts'
import { pipe, TE } from '../src/fp.ts'
import { inspectUNet2D } from '../src/model/inspection.ts'
import {
  ddim,
  denoise,
  type Denoiser,
  type Engine,
  finalSnapshot,
  linearSchedule,
  loadModel,
  numbers,
  openEngine,
  orThrow,
  philox,
  respace,
  tfjs,
  trailing,
} from '../src/node.ts'
import { type Network, sampleByHand } from './by-hand.ts'
import {
  decodeFloats,
  encodeFloats,
  type Greeting,
  type NullAnswer,
  type NullRequest,
  type ProductAnswer,
  type ProductRequest,
  type SampleAnswer,
  type SampleRequest,
} from './protocol.ts'
import { serve } from './serve.ts'

const [modelPath = '', threadsGiven = '1', exports] = process.argv.slice(2)
const threads = Number(threadsGiven)

/** Opens a model, and gives what it returns together with the session that it opened on the way. */
const watchingSession = async <A>(open: () => Promise<A>): Promise<readonly [A, InferenceSession]> => {
  const library = ort.InferenceSession
  const create = library.create.bind(library) as (...args: unknown[]) => Promise<InferenceSession>
  let session: InferenceSession | undefined
  library.create = async (...args: unknown[]) => (session = await create(...args))
  const opened = await open()
  library.create = create
  if (session === undefined) throw new Error('no session was opened')
  return [opened, session]
}

// The engine as users have it, but for the number of threads.
const { name, about } = await orThrow(openEngine('onnx'))
let flops = 0
const engine: Engine = {
  name,
  about,
  load: ({ config, weights, trained }) =>
    pipe(
      TE.fromEither(inspectUNet2D(config)),
      TE.chainW((network) => {
        flops = network.flops(1)
        return onnxDenoiser(config, onnxParameters(weights), trained, { threads })
      }),
      TE.map((denoiser) => ({ ...denoiser, [Symbol.dispose]: () => undefined })),
    ),
}
const [model, ownSession] = await watchingSession(() => orThrow(loadModel(engine, modelPath)))

const byStream = async (
  { rows, steps, labels }: SampleRequest,
  start: Float32Array,
): Promise<Float32Array> => {
  const x = tf.tensor(start, [rows, ...model.shape])
  const frames$ = respace(model.schedule, trailing(steps)).pipe(
    denoise({ model, rule: ddim(), noise: philox({ seed: 0 }), start: x, condition: { labels } }),
  )
  const { xt } = await finalSnapshot(frames$)
  x.dispose()
  return Float32Array.from(xt.data)
}

/** A network that is one call of a session. One channel, so NHWC and NCHW are the same numbers. */
const networkOn = (
  session: InferenceSession,
  shape: readonly number[],
  labels: readonly number[],
): Network => {
  const labelsTensor = new ort.Tensor('int64', BigInt64Array.from(labels, BigInt), [labels.length])
  const [output = ''] = session.outputNames
  return async (x, t) => {
    const results = await session.run({
      x: new ort.Tensor('float32', x, [labels.length, ...shape]),
      t: new ort.Tensor('float32', new Float32Array(labels.length).fill(t), [labels.length]),
      labels: labelsTensor,
    })
    return results[output]!.data as Float32Array
  }
}

const sessions = new Map<number, Promise<InferenceSession>>()
const exported = (rows: number): Promise<InferenceSession> => {
  const file = join(exports ?? '', `torch-${rows}.onnx`)
  if (exports === undefined || !existsSync(file)) throw new Error('there is no export by torch')
  const session =
    sessions.get(rows) ??
    ort.InferenceSession.create(file, {
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      intraOpNumThreads: threads,
    })
  sessions.set(rows, session)
  return session
}

const chainOf = async (request: SampleRequest): Promise<(start: Float32Array) => Promise<Float32Array>> => {
  const { rival, rows, steps, labels } = request
  if (rival === 'stream') return (start) => byStream(request, start)
  const network =
    rival === 'hand'
      ? networkOn(ownSession, model.shape, labels)
      : networkOn(await exported(rows), [1, ...model.shape.slice(0, 2)], labels)
  return (start) => sampleByHand(network, start, steps)
}

const sample = async (request: SampleRequest): Promise<SampleAnswer> => {
  const start = decodeFloats(request.start)
  const chain = await chainOf(request)
  const ms: number[] = []
  let end = start
  for (let i = 0; i < request.repeats; i += 1) {
    const begun = performance.now()
    end = await chain(start)
    ms.push(performance.now() - begun)
  }
  return { ms, end: encodeFloats(end) }
}

/** A network that knows its answer, and steps on it. */
const nullDenoiser = <T>(of_: Pick<Denoiser<T>, 'algebra' | 'shape' | 'predict'>): Denoiser<T> => ({
  ...of_,
  predicts: 'epsilon',
  schedule: linearSchedule(),
  range: 1,
})

const frameTimes = <T>(denoiser: Denoiser<T>, steps: number, stepped: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    respace(denoiser.schedule, trailing(steps))
      .pipe(denoise({ model: denoiser, rule: ddim(), noise: philox({ seed: 0 }) }))
      .subscribe({ next: stepped, error: reject, complete: resolve })
  })

const pixels = 28 * 28
const quiet = tf.zeros([1, 28, 28, 1])
const nullChains: Readonly<
  Record<NullRequest['rival'], (steps: number, stepped: () => void) => Promise<unknown>>
> = {
  tfjs: (steps, stepped) => {
    const predict = () => of({ output: tf.clone(quiet) })
    return frameTimes(nullDenoiser({ algebra: tfjs, shape: [28, 28, 1], predict }), steps, stepped)
  },
  numbers: (steps, stepped) => {
    const predict = () => of({ output: 0 })
    return frameTimes(nullDenoiser({ algebra: numbers, shape: [], predict }), steps, stepped)
  },
  hand: (steps, stepped) => {
    const answer = Promise.resolve(new Float32Array(pixels))
    return sampleByHand(() => answer, philox({ seed: 0 }).draw(0, [1, pixels]), steps, stepped)
  },
}

const nullSteps = async ({ rival, steps }: NullRequest): Promise<NullAnswer> => {
  const stamps: number[] = []
  await nullChains[rival](steps, () => stamps.push(performance.now()))
  return { us: stamps.slice(1).map((stamp, i) => (stamp - stamps[i]!) * 1000) }
}

/** A·B with a constant B, as a network's weights are. */
const productModel = (size: number): Uint8Array => {
  const graph = emptyGraph()
  const dims = [size, size]
  const b = graph.constant({ dims, data: philox({ seed: 1 }).draw(0, dims) })
  const product = graph.emit('MatMul', ['a', b])
  return encodeModel(
    graph.close(
      [{ name: 'a', type: 'float32', shape: dims }],
      [{ name: product, type: 'float32', shape: dims }],
    ),
  )
}

const products = new Map<number, ReturnType<typeof openProduct>>()
const openProduct = async (size: number): Promise<() => Promise<unknown>> => {
  const { run } = await orThrow(openOnnx(productModel(size), { threads }))
  const a = { shape: [size, size], data: philox({ seed: 2 }).draw(0, [size, size]) }
  return () => run({ a })
}

const product = async ({ size, repeats }: ProductRequest): Promise<ProductAnswer> => {
  const multiply = products.get(size) ?? openProduct(size)
  products.set(size, multiply)
  const once = await multiply
  const ms: number[] = []
  for (let i = 0; i < repeats; i += 1) {
    const begun = performance.now()
    await once()
    ms.push(performance.now() - begun)
  }
  return { ms }
}

const answerTo = (request: SampleRequest | NullRequest | ProductRequest): Promise<object> =>
  request.kind === 'sample'
    ? sample(request)
    : request.kind === 'null'
      ? nullSteps(request)
      : product(request)

const greeting: Greeting = { about: `${about}, Node ${process.versions.node}`, flops }
await serve(greeting, answerTo)
