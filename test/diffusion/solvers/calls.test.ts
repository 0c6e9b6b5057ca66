import { describe, expect, it } from 'vitest'
import { rules } from '../../../src/diffusion/solver.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { gaussianMixture } from '../../../src/model/gaussian-mixture.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { respace } from '../../../src/stream/respace.ts'
import { finalSnapshot } from '../../../src/stream/snapshot.ts'

/** As docs/samplers.md has them, for S steps to the clean level; S of all others. */
const more: Readonly<Record<string, (steps: number) => number>> = {
  heun: (steps) => 2 * steps - 1,
  dpm2: (steps) => 2 * steps - 1,
  plms: (steps) => (steps === 1 ? 1 : steps + 1),
}

const network = gaussianMixture([{ mean: 2, deviation: 0.1 }])

describe('calls of the network', () => {
  it.each(Object.entries(rules))('are counted for %s', async (name, make) => {
    for (const steps of [1, 2, 7]) {
      let calls = 0
      const model: typeof network = {
        ...network,
        predict: (...question) => {
          calls += 1
          return network.predict(...question)
        },
      }
      const config = { model, rule: make(), noise: philox({ seed: 7 }) }
      await finalSnapshot(respace(model.schedule, trailing(steps)).pipe(denoise(config)))
      expect(calls).toBe((more[name] ?? ((each: number) => each))(steps))
    }
  })
})
