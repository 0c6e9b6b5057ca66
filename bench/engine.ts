/**
 * A process with one engine, on which this project's stream samples as users have it.
 *
 *     node engine.js ENGINE MODEL
 */
import * as tf from '@tensorflow/tfjs-core'
import { ddim, denoise, finalSnapshot, loadModel, orThrow, philox, respace, trailing } from '../src/node.ts'
import { timeKernels } from './kernels.ts'
import {
  decodeFloats,
  encodeFloats,
  type KernelsRequest,
  type SampleAnswer,
  type SampleRequest,
} from './protocol.ts'
import { openOrLeave, serve } from './serve.ts'

const [name = '', modelPath = ''] = process.argv.slice(2)
const engine = await openOrLeave(name)
const model = await orThrow(loadModel(engine, modelPath))

const sample = async ({ rows, steps, repeats, start, labels }: SampleRequest): Promise<SampleAnswer> => {
  const x = tf.tensor(decodeFloats(start), [rows, ...model.shape])
  const frames$ = respace(model.schedule, trailing(steps)).pipe(
    denoise({
      model,
      rule: ddim(),
      noise: philox({ seed: 0 }),
      start: x,
      condition: model.labels === undefined ? {} : { labels },
    }),
  )
  const ms: number[] = []
  let end = new Float32Array()
  for (let i = 0; i < repeats; i += 1) {
    const begun = performance.now()
    const { xt } = await finalSnapshot(frames$)
    ms.push(performance.now() - begun)
    end = Float32Array.from(xt.data)
  }
  x.dispose()
  return { ms, end: encodeFloats(end) }
}

await serve({ about: engine.about }, async (request: SampleRequest | KernelsRequest) =>
  request.kind === 'kernels'
    ? { kernels: await timeKernels(engine, model, modelPath, request) }
    : sample(request),
)
