/**
 * What goes to a device and comes back from it: x_t stays there.
 */
import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, tap } from 'rxjs'
import { afterEach, expect, it, vi } from 'vitest'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import { describeOn } from '../support/engines.ts'
import { goldenPath } from '../support/goldens.ts'

const STEPS = 4

/** What a backend does for tfjs-core. */
interface Moving {
  readonly read: (id: object) => Promise<unknown>
  readonly readSync: (id: object) => unknown
  readonly write: (values: { readonly length: number } | null, shape: readonly number[]) => object
}

/** Counts what the current backend moves: how often it is read, and the lengths of what it is given. */
const watchTransfers = () => {
  const backend = tf.backend() as unknown as Moving
  const reads = [vi.spyOn(backend, 'read'), vi.spyOn(backend, 'readSync')]
  const writes = vi.spyOn(backend, 'write')
  return {
    // one asks the other on some backends
    readbacks: () => Math.max(...reads.map(({ mock }) => mock.calls.length)),
    uploads: () => writes.mock.calls.map(([values]) => values?.length ?? 0),
    again: () => {
      for (const spy of [...reads, writes]) spy.mockClear()
    },
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

for (const name of ['wasm', 'tensorflow', 'webgpu:software'] as const)
  describeOn(name, 'a run', () => {
    it.each<[string, Rule, draws: number]>([
      ['without noise of its own', ddim(), 0],
      ['with noise', ddpm(), STEPS - 1],
    ])('%s sends x_T and its noise, and brings back what is asked for', async (_, rule, draws) => {
      const engine = await orThrow(openEngine(name))
      // images this small it would rather compute with before they have left
      if (name === 'webgpu:software') tf.env().set('WEBGPU_CPU_FORWARD', false)
      using model = await orThrow(loadModel(engine, goldenPath('unet/option-one-level')))
      const size = model.shape.reduce((a, b) => a * b, 1)
      const transfers = watchTransfers()
      const run = () =>
        respace(model.schedule, trailing(STEPS)).pipe(
          denoise({
            model,
            rule,
            noise: philox({ seed: 7 }),
            batch: 1,
            ...(model.labels && { condition: { labels: [0] } }),
          }),
        )

      await finalSnapshot(run())
      expect(transfers.readbacks()).toBe(1)
      const lengths = transfers.uploads()
      // one for each draw, or none where the noise is made on the device
      const made = name === 'webgpu:software'
      expect(lengths.filter((length) => length >= size)).toEqual(made ? [] : Array(1 + draws).fill(size))
      // timesteps, coefficients, unit vectors: numbers, and no images
      expect(Math.max(...lengths.filter((length) => length < size))).toBeLessThan(size / 2)

      transfers.again()
      await lastValueFrom(run().pipe(tap(({ transition }) => transition)))
      expect(transfers.readbacks()).toBe(0)

      transfers.again()
      await lastValueFrom(run().pipe(snapshot({ xt: true, x0: true })))
      expect(transfers.readbacks()).toBe(2 * STEPS)
    })
  })
