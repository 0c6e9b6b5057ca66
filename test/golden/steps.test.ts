import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { readdirSync } from 'node:fs'
import { lastValueFrom, toArray } from 'rxjs'
import { afterAll, describe, expect, it } from 'vitest'
import type { VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { describeApart } from '../support/engines.ts'
import { goldenPath } from '../support/goldens.ts'
import { byFormula } from './by-formula.ts'
import {
  type Chain,
  clipOf,
  closedForm,
  difference,
  finalLevelOf,
  largest,
  readChain,
  ruleOf,
  spacingOf,
} from './chain.ts'

const names = readdirSync(goldenPath('steps'))
  .filter((file) => /^dd[ip]m-/.test(file))
  // their own schedules, thresholds and directions: in special-steps.test.ts
  .filter((file) => !/inverse|threshold|zero_snr/.test(file))

/** The whole chain again, from the peer's x_T and with the peer's z; the largest error of each step, relative to its largest value. */
const replay = async <T>(
  algebra: VectorAlgebra<T>,
  chain: Chain,
): Promise<{ xt: number; x0: number; formula: number }> => {
  const { settings, x, x0, z } = chain
  const worked = byFormula(chain)
  const [first] = x
  if (first === undefined) throw new Error('an empty chain')
  const model = closedForm(algebra, settings, first.shape)
  const start = algebra.fromValues(first)
  const frames$ = respace(model.schedule, spacingOf(settings), { finalLevel: finalLevelOf(settings) }).pipe(
    denoise({
      model,
      rule: ruleOf(settings),
      clip: clipOf(settings),
      start,
      noise: { name: 'the peer’s', draw: (draw) => Float32Array.from(z[draw - 1]?.data ?? []) },
    }),
  )
  const snapshots = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
  algebra.dispose(start)
  expect(snapshots).toHaveLength(x.length - 1)
  const errors = (pick: (k: number) => number): number => Math.max(...snapshots.map((_, k) => pick(k)))
  return {
    xt: errors((k) => difference(snapshots[k]!.xt, x[k + 1]!) / largest(x[k + 1]!)),
    x0: errors((k) => difference(snapshots[k]!.x0, x0[k]!) / largest(x0[k]!)),
    formula: errors((k) => difference(snapshots[k]!.xt, worked[k]!) / largest(worked[k]!)),
  }
}

/** The largest error seen, by algebra. */
const worst = new Map<string, number>()
const hold = (algebra: string, error: { readonly xt: number; readonly x0: number }): void => {
  expect(error.xt).toBeLessThan(2e-4)
  expect(error.x0).toBeLessThan(2e-4)
  worst.set(algebra, Math.max(worst.get(algebra) ?? 0, error.xt, error.x0))
}

afterAll(() => {
  for (const [algebra, error] of worst)
    console.log(`${algebra.padEnd(15)} ${error.toExponential(1)} of a step's largest value`)
})

describe('the chains of diffusers, step by step', () => {
  it('covers the family', () => {
    expect(names).toHaveLength(35)
  })

  for (const name of names) {
    const chain = readChain(`steps/${name}`)
    it(`${name} on float64`, async () => {
      const { formula, ...error } = await replay(float64, chain)
      hold('float64', error)
      // the peer's tables are float32: what it can't tell apart, its formula in float64 can
      expect(formula).toBeLessThan(1e-9)
      worst.set('formula', Math.max(worst.get('formula') ?? 0, formula))
    })
    it(`${name} on tfjs`, async () => {
      await tf.setBackend('cpu')
      const before = tf.memory().numTensors
      hold('tfjs', await replay(tfjs, chain))
      expect(tf.memory().numTensors).toBe(before)
    })
  }
})

describeApart('the chains of diffusers, step by step', (engine) => {
  it.each(names)('%s', async (name) => {
    const before = tf.memory().numTensors
    hold(engine, await replay(tfjs, readChain(`steps/${name}`)))
    expect(tf.memory().numTensors).toBe(before)
  })
})
