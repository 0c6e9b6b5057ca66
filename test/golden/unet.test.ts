import * as tf from '@tensorflow/tfjs-core'
import { readdirSync } from 'node:fs'
import { firstValueFrom } from 'rxjs'
import { afterAll, expect, it } from 'vitest'
import type { EngineName } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { ask } from '../../src/model/ask.ts'
import { orThrow } from '../../src/or-throw.ts'
import { describeOn } from '../support/engines.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  nhwcToNchw,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'

const names = readdirSync(goldenPath('unet'))
  // any number is a class there, so no folder says which there are: test/model has it
  .filter((name) => name !== 'option-class-as-time')

const achieved: string[] = []
afterAll(() => {
  console.log(['largest absolute error of a network’s output', ...achieved].join('\n'))
})

/** The errors between which a network's has to be: half precision knows three digits, and one that knew more would be none. */
const bounds = (name: EngineName): readonly [least: number, most: number] =>
  name === 'onnx:half' ? [1e-4, 4e-3] : [0, 2e-4]

for (const name of ['onnx', 'onnx:half', 'tensorflow', 'webgpu:software', 'wasm', 'cpu'] as const)
  describeOn(name, 'the networks of diffusers, from their folders', () => {
    it('covers them', () => {
      expect(names.length).toBeGreaterThanOrEqual(6)
    })

    it.each(names)('%s', async (network) => {
      const engine = await orThrow(openEngine(name))
      const before = tf.memory().numTensors
      const io = readSafetensors(goldenPath(`unet/${network}/io.safetensors`))
      const sample = nchwToNhwc(tensorOf(io, 'sample'))
      const labels = io.tensors.get('class_labels')?.data
      {
        using model = await orThrow(loadModel(engine, goldenPath(`unet/${network}`)))
        const x = tf.tensor(Float32Array.from(sample.data), [...sample.shape])
        const t = [...tensorOf(io, 'timestep').data]
        const condition = labels === undefined ? {} : { labels: [...labels] }
        const { output, variance } = await firstValueFrom(ask(model, { x, t, condition }))
        const whole = variance === undefined ? output.clone() : tf.concat([output, variance], -1)
        const { data } = nhwcToNchw({ shape: whole.shape, data: await whole.data() })
        const error = maxAbsDifference(data, tensorOf(io, 'out').data)
        tf.dispose([x, output, whole, ...(variance === undefined ? [] : [variance])])
        achieved.push(`${name.padEnd(15)} ${network.padEnd(26)} ${error.toExponential(1)}`)
        const [least, most] = bounds(name)
        expect(error).toBeGreaterThanOrEqual(least)
        expect(error).toBeLessThan(most)
      }
      expect(tf.memory().numTensors).toBe(before)
    })
  })
