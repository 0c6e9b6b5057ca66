/**
 * Where the time of one call of a network goes, kernel by kernel, by what its library measures of itself.
 */
import * as tf from '@tensorflow/tfjs-core'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ort, { type InferenceSession } from 'onnxruntime-node'
import { firstValueFrom } from 'rxjs'
import { ask } from '../src/model/ask.ts'
import { type Engine, loadModel, type Model, orThrow } from '../src/node.ts'
import type { KernelTime, KernelsRequest } from './protocol.ts'

const call = async (model: Model, { rows, labels }: KernelsRequest): Promise<void> => {
  const x = tf.zeros([rows, ...model.shape])
  const t = Array.from({ length: rows }, () => 500)
  const condition = model.labels === undefined ? {} : { labels }
  const { output, variance } = await firstValueFrom(ask(model, { x, t, condition }))
  await output.data()
  tf.dispose([x, output, ...(variance === undefined ? [] : [variance])])
}

const gather = (times: ReadonlyArray<readonly [name: string, ms: number]>): readonly KernelTime[] => {
  const byName = new Map<string, KernelTime>()
  for (const [name, ms] of times) {
    const { calls, ms: before } = byName.get(name) ?? { calls: 0, ms: 0 }
    byName.set(name, { name, calls: calls + 1, ms: before + ms })
  }
  return [...byName.values()].sort((a, b) => b.ms - a.ms)
}

/** By tfjs: a backend that counts for itself says `program: ms` of each of its programs. */
const ofTfjs = async (model: Model, request: KernelsRequest): Promise<readonly KernelTime[]> => {
  await call(model, request)
  const { kernels } = await tf.profile(async () => {
    await call(model, request)
    return []
  })
  // what is made of another kernel is named after its operation, and would count twice
  const own = kernels.filter(({ name }) => !name.endsWith('__op'))
  const times = await Promise.all(
    own.map(async ({ name, kernelTimeMs, extraInfo }) => {
      const programs = await extraInfo
      const ms = Number(await kernelTimeMs)
      return programs === ''
        ? [[name, ms] as const]
        : programs.split(', ').map((program) => {
            const [what = name, time] = program.split(': ')
            return [what, Number(time)] as const
          })
    }),
  )
  return gather(times.flat())
}

interface TraceEvent {
  readonly cat: string
  readonly name: string
  readonly dur: number
  readonly args?: { readonly op_name?: string }
}

/** By onnxruntime: a session that writes down what it does, and is ended for that. */
const ofOnnxruntime = async (
  engine: Engine,
  modelPath: string,
  request: KernelsRequest,
): Promise<readonly KernelTime[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'rxdiffusion-kernels-'))
  const library = ort.InferenceSession
  const create = library.create.bind(library) as (
    bytes: Uint8Array,
    options: object,
  ) => Promise<InferenceSession>
  let session: InferenceSession | undefined
  library.create = (async (bytes: Uint8Array, options: object) =>
    (session = await create(bytes, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'trace'),
    }))) as typeof library.create
  try {
    using model = await orThrow(loadModel(engine, modelPath))
    // the first call plans its memory; both are in the trace
    for (let i = 0; i < 2; i += 1) await call(model, request)
    session?.endProfiling()
    const [file = ''] = readdirSync(folder)
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly TraceEvent[]
    const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'))
    return gather(
      nodes.slice(nodes.length / 2).map(({ args, name, dur }) => [args?.op_name ?? name, dur / 1000]),
    )
  } finally {
    library.create = create as typeof library.create
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The kernels of one call, the dearest first.
 *
 * @param engine - the current one
 * @param model - on it
 * @param modelPath - from where
 * @param request - how many rows
 */
export const timeKernels = (
  engine: Engine,
  model: Model,
  modelPath: string,
  request: KernelsRequest,
): Promise<readonly KernelTime[]> =>
  engine.name.startsWith('onnx') ? ofOnnxruntime(engine, modelPath, request) : ofTfjs(model, request)
