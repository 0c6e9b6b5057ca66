import * as tf from '@tensorflow/tfjs-core'
import { readdirSync } from 'node:fs'
import { lastValueFrom, map, toArray } from 'rxjs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import type { Model } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { guided } from '../../src/model/guided.ts'
import { torch } from '../../src/noise/torch.ts'
import { orThrow } from '../../src/or-throw.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { describeOn } from '../support/engines.ts'
import { goldenPath } from '../support/goldens.ts'
import { type Chain, clipOf, difference, finalLevelOf, readChain, ruleOf, spacingOf } from './chain.ts'

const names = readdirSync(goldenPath('sample')).map((file) => file.replace('.safetensors', ''))

/** Guidance 3 multiplies the network's rounding by five at every step. */
const tolerance = (name: string): number => (name.endsWith('guided3') ? 1e-3 : 2e-4)

/** The whole chain again, from torch's seed alone; the largest absolute error of x_T and of each x after it. */
const replay = async (model: Model, { settings, x }: Chain): Promise<readonly number[]> => {
  const noise = torch({ seed: settings.seed })
  const [start, ...rest] = x
  const { shape } = start!
  const frames$ = respace(model.schedule, spacingOf(settings), { finalLevel: finalLevelOf(settings) }).pipe(
    denoise({
      model: guided({ weight: settings.guidance ?? 1 })(model),
      rule: ruleOf(settings),
      clip: clipOf(settings),
      condition: { labels: settings.labels },
      noise,
    }),
    snapshot(),
    map(({ xt }, k) => difference(xt, rest[k]!)),
    toArray(),
  )
  const errors = await lastValueFrom(frames$)
  expect(errors).toHaveLength(settings.steps)
  expect(rest).toHaveLength(settings.steps)
  return [difference({ shape, data: noise.draw(0, shape) }, start!), ...errors]
}

const achieved: string[] = []
afterAll(() => {
  console.log(['largest absolute error of every x of the chain', ...achieved].join('\n'))
})

for (const name of ['onnx', 'tensorflow', 'wasm'] as const)
  describeOn(name, 'the chains of diffusers, from torch’s seed', () => {
    let model: Model
    beforeAll(async () => {
      model = await orThrow(loadModel(await orThrow(openEngine(name))))
    })
    afterAll(() => model[Symbol.dispose]())

    it('covers them', () => {
      expect(names).toHaveLength(6)
    })

    it.each(names)('%s', { timeout: 300_000 }, async (chain) => {
      const tensors = tf.memory().numTensors
      const begun = performance.now()
      const errors = await replay(model, readChain(`sample/${chain}.safetensors`))
      const took = (performance.now() - begun) / 1000
      const worst = Math.max(...errors)
      achieved.push(
        `${name.padEnd(10)} ${chain.padEnd(26)} ${worst.toExponential(1)}  (${took.toFixed(1)} s)`,
      )
      expect(worst).toBeLessThan(tolerance(chain))
      expect(tf.memory().numTensors).toBe(tensors)
    })
  })

describeOn('webgpu:software', 'the first row of diffusers’ ddim-20', () => {
  it('comes out the same at every step', { timeout: 600_000 }, async () => {
    const engine = await orThrow(openEngine('webgpu:software'))
    const before = tf.memory().numTensors
    const { settings, x } = readChain('sample/ddim-20.safetensors')
    const first = x.map(({ shape, data }): Values => ({
      shape: [1, ...shape.slice(1)],
      data: data.subarray(0, data.length / (shape[0] ?? 1)),
    }))
    {
      using model = await orThrow(loadModel(engine))
      const start = tf.tensor(Float32Array.from(first[0]!.data), [...first[0]!.shape])
      const frames$ = respace(model.schedule, spacingOf(settings), {
        finalLevel: finalLevelOf(settings),
      }).pipe(
        denoise({
          model,
          rule: ruleOf(settings),
          clip: clipOf(settings),
          condition: { labels: settings.labels.slice(0, 1) },
          noise: torch({ seed: settings.seed }),
          start,
        }),
        snapshot(),
        map(({ xt }, k) => difference(xt, first[k + 1]!)),
        toArray(),
      )
      const errors = await lastValueFrom(frames$)
      start.dispose()
      expect(errors).toHaveLength(settings.steps)
      achieved.push(`webgpu:software ddim-20, row 0 ${Math.max(...errors).toExponential(1)}`)
      expect(Math.max(...errors)).toBeLessThan(tolerance('ddim-20'))
    }
    expect(tf.memory().numTensors).toBe(before)
  })
})
