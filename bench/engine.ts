/**
 * A process with one engine, on which this project's stream samples as users have it.
 *
 *     node engine.js ENGINE MODEL
 */
import * as tf from '@tensorflow/tfjs-core'
import { createInterface } from 'node:readline'
import { E } from '../src/fp.ts'
import {
  ddim,
  denoise,
  finalSnapshot,
  loadModel,
  openEngine,
  orThrow,
  philox,
  respace,
  trailing,
  type EngineName,
} from '../src/node.ts'
import { timeKernels } from './kernels.ts'
import {
  decodeFloats,
  encodeFloats,
  type KernelsRequest,
  type SampleAnswer,
  type SampleRequest,
} from './protocol.ts'

const [name = '', modelPath = ''] = process.argv.slice(2)
const say = (answer: object): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

const opened = await openEngine(name as EngineName)()
if (E.isLeft(opened)) {
  // the last words of a rival are why it left
  process.stderr.write(`Error: ${opened.left.message}\n`)
  process.exit(1)
}
const engine = opened.right
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

say({ about: engine.about })
for await (const line of createInterface(process.stdin)) {
  try {
    const request = JSON.parse(line) as SampleRequest | KernelsRequest
    say(
      request.kind === 'kernels'
        ? { kernels: await timeKernels(engine, model, modelPath, request) }
        : await sample(request),
    )
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) })
  }
}
