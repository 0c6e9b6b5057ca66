/** Graphs of tfjs, each through its manifest: the chain of the native path. */
import * as tf from '@tensorflow/tfjs-core'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { tfjsParameters } from '../../src/algebra/tfjs.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { unet2dDenoiser } from '../../src/model/unet2d-denoiser.ts'
import { unet2d } from '../../src/model/unet2d.ts'
import { orThrow } from '../../src/or-throw.ts'
import { type Bits, quantize, writeTfjs } from '../support/tfjs-files.ts'
import { emptyTfjsGraph } from '../support/tfjs-graph.ts'
import { apart, chain, room, unet } from './room.ts'

let engine: Engine
beforeAll(async () => {
  engine = await orThrow(openEngine('cpu'))
})

const LABELLED = { labels: [3, 10] }

describe('a diffusers UNet as a graph of tfjs', () => {
  /** The network as a graph, its weights in so many bits; and the native one with what is left of them. */
  const both = (name: string, bits: Bits, manifest: string) => {
    const { config, read } = unet(name)
    const graph = emptyTfjsGraph()
    const x = graph.placeholder('x', 'float32', [...config.sample_size, config.in_channels])
    const t = graph.placeholder('t', 'float32', [])
    const labels = config.num_class_embeds === null ? [] : [graph.placeholder('labels', 'int32', [])]
    const output = unet2d(config)(graph.algebra, graph.parameters(read))(x, t, ...labels)
    const { modelTopology, weights } = graph.close(output)
    const folder = room(manifest)
    writeTfjs(folder, 'graph-model', modelTopology, weights, bits)
    const coarse = (tensor: string): Values => {
      const { shape, data } = read(tensor)
      return { shape, data: quantize(Float32Array.from(data), bits).back }
    }
    const schedule = linearSchedule()
    const known = labels.length === 0 ? {} : { labels: { count: 11, unconditional: 10 } }
    const trained = { predicts: 'epsilon' as const, schedule, range: 1, ...known }
    return { folder, native: unet2dDenoiser(config, tfjsParameters(coarse), trained) }
  }
  const manifest = (shape: string, more = ''): string => `
    kind: tfjs-graph
    shape: ${shape}
    schedule: { kind: linear, trainedSteps: 1000, betaStart: 0.0001, betaEnd: 0.02 }
    prediction: epsilon
    ${more}`

  it.each<Bits>(['float32', 'float16', 'uint16', 'uint8'])('with attention, weights in %s', async (bits) => {
    const { folder, native } = both('class-defaults', bits, manifest('[16, 16, 3]'))
    using model = await orThrow(loadModel(engine, folder))
    expect(await apart(chain(model), chain(native))).toBeLessThan(2e-5)
  })

  it('with classes', async () => {
    const more = 'condition: { as: integer, classes: 11 }\n    unconditional: 10'
    const { folder, native } = both('class-labels-28', 'float32', manifest('[28, 28, 1]', more))
    using model = await orThrow(loadModel(engine, join(folder, 'model.json')))
    expect(await apart(chain(model, LABELLED), chain(native, LABELLED))).toBeLessThan(2e-5)
  })

  it('leaves no tensor behind', async () => {
    const { folder, native } = both('class-defaults', 'uint8', manifest('[16, 16, 3]'))
    await chain(native)
    const before = tf.memory().numTensors
    const model = await orThrow(loadModel(engine, folder))
    const loaded = tf.memory().numTensors
    await chain(model)
    expect(tf.memory().numTensors).toBe(loaded)
    model[Symbol.dispose]()
    expect(tf.memory().numTensors).toBe(before)
  })
})
