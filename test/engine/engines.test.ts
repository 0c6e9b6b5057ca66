import * as tf from '@tensorflow/tfjs-core'
import { firstValueFrom, throwError } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { type EngineName, engineNames, type Model } from '../../src/engine/engine.ts'
import { chooseEngine, diagnose, openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { sayingOutOfMemory } from '../../src/engine/out-of-memory.ts'
import { reasonOf } from '../../src/engine/reason.ts'
import { E, TE } from '../../src/fp.ts'
import { ask } from '../../src/model/ask.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import { maxAbsDifference } from '../support/goldens.ts'

/** What is said of engines that need more than `npm ci`. */
const optional: ReadonlyMap<EngineName, RegExp> = new Map([
  ['tensorflow-gpu', /type `rxdiffusion setup tensorflow --gpu`/],
  ['tensorflow', /type `rxdiffusion setup tensorflow`/],
  ['webgpu', /this machine shows no GPU|finds only .* which is no GPU|type `npm install webgpu/],
  ['webgpu:software', /this machine shows no GPU/],
  ['onnx:cuda', /its own part is missing; it takes CUDA 12|has .* on this platform, and not cuda/],
  ['onnx:webgpu', /this machine shows no GPU|has .* on this platform, and not webgpu/],
  ['onnx:coreml', /has .* on this platform, and not coreml/],
  ['onnx:dml', /has .* on this platform, and not dml/],
  ['onnx:cuda:half', /its own part is missing; it takes CUDA 12|has .* on this platform, and not cuda/],
  ['onnx:webgpu:half', /this machine shows no GPU|has .* on this platform, and not webgpu/],
  ['onnx:dml:half', /has .* on this platform, and not dml/],
])

describe('diagnose', () => {
  it('says of every engine what runs, or what to type for it', async () => {
    const diagnoses = await diagnose()
    expect(diagnoses.map(({ engine }) => engine)).toEqual(engineNames)
    for (const { engine, found } of diagnoses) {
      const words = optional.get(engine)
      if (words === undefined || E.isRight(found)) expect(found, engine).toMatchObject({ _tag: 'Right' })
      else expect(found.left, engine).toMatch(words)
    }
  })
})

describe('openEngine', () => {
  it.each<readonly [EngineName, backend: string, about: RegExp]>([
    ['onnx', 'cpu', /^onnxruntime \d+\.\d+\.\d+ on the CPU$/],
    ['wasm', 'wasm', /^tfjs \d+\.\d+\.\d+ on WebAssembly$/],
    ['cpu', 'cpu', /^tfjs \d+\.\d+\.\d+ in plain JavaScript$/],
  ])('starts %s, with frames on %s', async (name, backend, about) => {
    const engine = await orThrow(openEngine(name))
    expect(engine.name).toBe(name)
    expect(engine.about).toMatch(about)
    expect(tf.getBackend()).toBe(backend)
  })
})

describe('chooseEngine', () => {
  afterEach(() => {
    vi.doUnmock('onnxruntime-node')
    vi.resetModules()
  })

  it('takes the first for auto, and any by its name', async () => {
    expect(await chooseEngine('auto')()).toMatchObject(E.right({ name: 'onnx' }))
    expect(await chooseEngine('wasm')()).toMatchObject(E.right({ name: 'wasm' }))
  })

  it('refuses a name that there is not, and names the nearest', async () => {
    expect(await chooseEngine('wsam')()).toMatchObject(
      E.left({
        _tag: 'EngineUnknown',
        message:
          'There is no engine wsam; there are auto, tensorflow-gpu, webgpu, onnx, tensorflow, wasm, cpu, webgpu:software, onnx:cuda, onnx:webgpu, onnx:coreml, onnx:dml, onnx:half, onnx:cuda:half, onnx:webgpu:half, onnx:dml:half, and the nearest is wasm.',
      }),
    )
  })

  it('falls through to the next where onnxruntime does not load, and says so when asked for it', async () => {
    vi.resetModules()
    vi.doMock('onnxruntime-node', () => {
      throw new Error('libonnxruntime.so.1: cannot open shared object file')
    })
    const engines = await import('../../src/engine/engines.ts')
    const refused = await engines.chooseEngine('onnx')()
    expect(refused).toMatchObject(E.left({ _tag: 'EngineUnavailable', engine: 'onnx' }))
    expect(E.isLeft(refused) && refused.left.message).toMatch(
      /^The engine onnx can't run here: [^\n]+[^.]\.$/,
    )

    const others = (await engines.diagnose()).filter(({ found }) => E.isRight(found))
    expect(others.map(({ engine }) => engine)).not.toContain('onnx')
    const chosen = await engines.chooseEngine('auto')()
    expect(chosen).toMatchObject(E.right({ name: others[0]?.engine }))
    const passedOver = E.isRight(chosen) ? (chosen.right.insteadOf ?? []) : []
    expect(passedOver.map((failure) => 'engine' in failure && failure.engine)).toContain('onnx')
  })
})

describe('the engines', () => {
  it('agree on what the default model predicts, and free what they hold', async () => {
    const shape = [2, 28, 28, 1] as const
    const numbers = philox({ seed: 5 }).draw(0, shape)
    const predict = async (name: EngineName) => {
      const engine = await orThrow(openEngine(name))
      const before = tf.memory().numTensors
      const model = await orThrow(loadModel(engine))
      const x = tf.tensor(numbers, [...shape])
      const { output } = await firstValueFrom(ask(model, { x, t: [900, 20], condition: { labels: [7, 8] } }))
      const data = await output.data()
      tf.dispose([x, output])
      model[Symbol.dispose]()
      expect(tf.memory().numTensors).toBe(before)
      return data
    }
    const reference = await predict('onnx')
    for (const name of ['wasm', 'cpu'] as const)
      expect(maxAbsDifference(await predict(name), reference), name).toBeLessThan(2e-4)
  })
})

describe('reasonOf', () => {
  it.each([
    [new Error("Cannot find package 'left-pad' imported from a.js"), 'the package left-pad is not installed'],
    [new Error("Cannot find module '@a/b'\nRequire stack:\n- c.js"), 'the package @a/b is not installed'],
    [new Error("Cannot find module '/a/b.node' imported from c.js"), '/a/b.node is missing'],
    [new Error('It broke.\n    at somewhere'), 'It broke'],
    [new Error('Invalid TF_Status: 3\nMessage: Incompatible shapes.'), 'Incompatible shapes'],
    [new Error('no such file: x.so'), 'no such file: x.so'],
    ['a word', 'a word'],
    [undefined, 'undefined'],
  ])('ends a sentence with %s', (error, reason) => {
    expect(reasonOf(error)).toBe(reason)
  })
})

/** A model that answers with an error. */
const failing = (error: Error): Model => ({
  algebra: tfjs,
  predicts: 'epsilon',
  schedule: linearSchedule(),
  shape: [1],
  predict: () => throwError(() => error),
  [Symbol.dispose]: () => undefined,
})

describe('a batch that is too large', () => {
  it.each([
    'Failed to allocate memory for requested buffer of size 411041792000',
    'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[4096,8,784,4] and type float',
    'Buffer size (4110417920) exceeds the max buffer size limit (268435456)',
    'Array buffer allocation failed',
  ])('is told in one sentence where a library says %s', async (words) => {
    const engine = sayingOutOfMemory({
      name: 'cpu',
      about: '',
      load: () => TE.right(failing(new Error(words))),
    })
    const model = await orThrow(engine.load(undefined as never))
    const asked = firstValueFrom(
      ask(model, { x: tf.zeros([4096, 1]), t: Array(4096).fill(1), condition: {} }),
    )
    await expect(asked).rejects.toThrow(
      /^The engine cpu has too little memory for 4096 samples at a time; ask for fewer, such as --batch 1024\.$/,
    )
  })

  it('is not what every failure is', async () => {
    const engine = sayingOutOfMemory({
      name: 'cpu',
      about: '',
      load: () => TE.right(failing(new Error('no'))),
    })
    const model = await orThrow(engine.load(undefined as never))
    await expect(firstValueFrom(ask(model, { x: tf.zeros([1]), t: [1], condition: {} }))).rejects.toThrow(
      /^no$/,
    )
  })
})
