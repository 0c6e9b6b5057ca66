/** Layers of tfjs through a manifest: the chain of the native path. */
import * as tf from '@tensorflow/tfjs-core'
import * as layers from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, it } from 'vitest'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { cosineSchedule } from '../../src/diffusion/schedule.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { denoiserOf } from '../../src/model/denoiser-of.ts'
import { orThrow } from '../../src/or-throw.ts'
import { writeTfjs } from '../support/tfjs-files.ts'
import { type GraphWeight } from '../support/tfjs-graph.ts'
import { apart, chain, room } from './room.ts'

let engine: Engine
beforeAll(async () => {
  engine = await orThrow(openEngine('cpu'))
})

/** A convolutional network with a time t/T and one-hot classes, on RGB, learned from nothing: its weights are waves. */
const waves = (seed: number, size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => 0.2 * Math.sin(seed + 1.7 * i))

const manifestOfLayers = `
  kind: tfjs-layers
  shape: [8, 8, 3]
  range: [0, 1]
  schedule: { kind: cosine, trainedSteps: 300 }
  prediction: v_prediction
  time: { as: t/T, shape: column }
  condition: { as: one-hot }
  labels: [cat, dog]
  unconditional: 2
  inputs: { x: image, t: time, labels: class }`

describe('a model of layers, as Keras has them', () => {
  const build = (): layers.LayersModel => {
    const image = layers.input({ shape: [8, 8, 3], name: 'image' })
    const time = layers.input({ shape: [1], name: 'time' })
    const kind = layers.input({ shape: [3], name: 'class' })
    const hidden = layers.layers
      .conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'a' })
      .apply(image)
    const moment = layers.layers.dense({ units: 4, name: 'b' }).apply(time) as layers.SymbolicTensor
    const named = layers.layers.dense({ units: 4, name: 'c' }).apply(kind) as layers.SymbolicTensor
    const both = layers.layers.add().apply([moment, named])
    const shaped = layers.layers.reshape({ targetShape: [1, 1, 4] }).apply(both)
    const wide = layers.layers.upSampling2d({ size: [8, 8] }).apply(shaped)
    const sum = layers.layers.add().apply([hidden as layers.SymbolicTensor, wide as layers.SymbolicTensor])
    const bent = layers.layers.activation({ activation: 'relu' }).apply(sum)
    const output = layers.layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same', name: 'd' }).apply(bent)
    const model = layers.model({ inputs: [image, time, kind], outputs: output as layers.SymbolicTensor })
    ;['a', 'b', 'c', 'd'].forEach((name, i) => {
      const layer = model.getLayer(name)
      layer.setWeights(
        layer.getWeights().map((weight, j) => tf.tensor(waves(2 * i + j, weight.size), weight.shape)),
      )
    })
    return model
  }

  /** The same over the algebra, asked by hand. */
  const native = (): Denoiser<tf.Tensor> => {
    const weight = (i: number, ...shape: number[]): tf.Tensor =>
      tf.tensor(waves(i, tf.util.sizeFromShape(shape)), shape)
    const padding = { top: 1, bottom: 1, left: 1, right: 1 }
    const network = (x: tf.Tensor, time: tf.Tensor, classes: tf.Tensor): tf.Tensor => {
      const hidden = tfjs.conv2d(x, weight(0, 3, 3, 3, 4), weight(1, 4), { stride: 1, padding })
      const moment = tfjs.dense(time, weight(2, 1, 4), weight(3, 4))
      const named = tfjs.dense(classes, weight(4, 3, 4), weight(5, 4))
      const bent = tfjs.activate('relu', tfjs.addVector(hidden, tfjs.add(moment, named)))
      return tfjs.conv2d(bent, weight(6, 3, 3, 4, 3), weight(7, 3), { stride: 1, padding })
    }
    return denoiserOf(
      {
        algebra: tfjs,
        predicts: 'v_prediction',
        schedule: cosineSchedule({ trainedSteps: 300 }),
        shape: [8, 8, 3],
        range: [0, 1],
        labels: { count: 3, names: ['cat', 'dog'], unconditional: 2 },
        time: { as: 't/T' },
      },
      async (x, times, { labels = [] }) => {
        const answer = tf.tidy(() => {
          const column = tf.tensor2d([...times], [times.length, 1])
          return network(tfjs.fromValues(x), column, tf.cast(tf.oneHot([...labels], 3), 'float32'))
        })
        const values = await tfjs.toValues(answer)
        answer.dispose()
        return values
      },
    )
  }

  /** tfjs' own writer of files needs tfjs-node; this is what it would be given. */
  const save = async (model: layers.LayersModel, folder: string): Promise<void> => {
    await model.save({
      save: ({ modelTopology, weightSpecs = [], weightData }) => {
        const bytes = new Uint8Array(weightData as ArrayBuffer)
        let at = 0
        const weights = weightSpecs.map(({ name, shape }): GraphWeight => {
          const length = 4 * tf.util.sizeFromShape(shape)
          const data = new Float32Array(bytes.slice(at, at + length).buffer)
          at += length
          return { name, shape, dtype: 'float32', data, learned: true }
        })
        writeTfjs(folder, 'layers-model', modelTopology as object, weights)
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
      },
    })
  }

  it('gives the chain of the same network over the algebra', async () => {
    const folder = room(manifestOfLayers)
    await save(build(), folder)
    using model = await orThrow(loadModel(engine, folder))
    expect(model.labels).toEqual({ count: 3, names: ['cat', 'dog'], unconditional: 2 })
    const labels = [1, 2]
    const same = native()
    expect(await apart(chain(model, { labels }), chain(same, { labels }))).toBeLessThan(1e-5)
    // and not for being clipped all over
    const { data } = await chain(model, { labels })
    expect(data.filter((value) => Math.abs(value) < 0.99).length).toBeGreaterThan(data.length / 4)
  })
})
