/**
 * Chains of diffusers with a direction, a threshold or a schedule of their own.
 */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, type Observable, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { describeApart } from '../support/engines.ts'
import { zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { invert } from '../../src/experiment/invert.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { ascend } from '../../src/stream/ascend.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { byFormula } from './by-formula.ts'
import { type Chain, closedForm, difference, largest, readChain, ruleOf, spacingOf } from './chain.ts'

type Sampler = <T>(model: Denoiser<T>, start: T, chain: Chain) => Observable<Frame<T>>

const noise = {
  name: 'none',
  draw: () => {
    throw new Error('nobody draws')
  },
}

const samplers: Readonly<Record<string, Sampler>> = {
  'ddim-inverse': (model, start, { settings }) =>
    ascend(model.schedule, spacingOf(settings), { evaluateAt: 'destination' }).pipe(invert({ model, start })),

  'ddim-threshold': (model, start, { settings }) =>
    respace(model.schedule, spacingOf(settings)).pipe(
      denoise({
        model,
        start,
        noise,
        rule: ruleOf(settings),
        clip: { mode: 'threshold', ratio: 0.9, largest: 4 },
      }),
    ),

  'ddim-linear_zero_snr-v_prediction': ({ schedule: trained, ...rest }, start, { settings }) => {
    const model = { ...rest, schedule: zeroTerminalSnr(trained) }
    return respace(model.schedule, spacingOf(settings)).pipe(
      denoise({ model, start, noise, rule: ruleOf(settings), clip: 'none' }),
    )
  },
}

const worst: string[] = []
afterAll(() => {
  console.log(worst.join('\n'))
})

/** The largest error of any step, in x_t and in x̂₀, relative to its largest value. */
const replay = async <T>(
  algebra: VectorAlgebra<T>,
  chain: Chain,
  sampler: Sampler,
): Promise<{ readonly peer: number; readonly formula: number }> => {
  const { settings, x, x0 } = chain
  const start = algebra.fromValues(x[0]!)
  const frames$ = sampler(closedForm(algebra, settings, x[0]!.shape), start, chain)
  const snapshots = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
  algebra.dispose(start)
  expect(snapshots).toHaveLength(x.length - 1)
  const relative = snapshots.flatMap((found, k) => [
    difference(found.xt, x[k + 1]!) / largest(x[k + 1]!),
    difference(found.x0, x0[k]!) / largest(x0[k]!),
  ])
  const worked = byFormula(chain)
  const formula = snapshots.map(({ xt }, k) => difference(xt, worked[k]!) / largest(worked[k]!))
  return { peer: Math.max(...relative), formula: Math.max(...formula) }
}

const holds = (name: string, algebra: string, error: number): void => {
  expect(error).toBeLessThan(2e-4)
  worst.push(`${name.padEnd(34)} ${algebra.padEnd(15)} ${error.toExponential(1)} of a step’s largest value`)
}

describe('the chains of diffusers that go their own ways, step by step', () => {
  beforeAll(() => tf.setBackend('cpu'))

  for (const [name, sampler] of Object.entries(samplers)) {
    const chain = readChain(`steps/${name}.safetensors`)
    it(`${name} on float64`, async () => {
      const { peer, formula } = await replay(float64, chain, sampler)
      holds(name, 'float64', peer)
      expect(formula).toBeLessThan(1e-9)
      worst.push(`${name.padEnd(34)} formula         ${formula.toExponential(1)}`)
    })
    it(`${name} on tfjs`, async () => {
      const before = tf.memory().numTensors
      holds(name, 'tfjs', (await replay(tfjs, chain, sampler)).peer)
      expect(tf.memory().numTensors).toBe(before)
    })
  }

  it('a threshold is met in its chain below its largest, at it, and not at all', () => {
    const { x0 } = readChain('steps/ddim-threshold.safetensors')
    const saturated = x0.flatMap(({ data, shape: [rows = 1] }) =>
      Array.from({ length: rows }, (_, row) => {
        const width = data.length / rows
        return data.subarray(row * width, (row + 1) * width).filter((v) => Math.abs(v) > 1 - 1e-6).length
      }),
    )
    // a quantile of 0.9 leaves 20 of 192 at or above it; more of them where it is cut at 4, fewer where 1 is more than it
    expect(saturated.filter((count) => count > 20).length).toBeGreaterThan(0)
    expect(saturated.filter((count) => count === 20).length).toBeGreaterThan(0)
    expect(saturated.filter((count) => count < 20).length).toBeGreaterThan(0)
  })
})

describeApart('the chains of diffusers that go their own ways, step by step', (engine) => {
  it.each(Object.entries(samplers))('%s', async (name, sampler) => {
    const before = tf.memory().numTensors
    holds(name, engine, (await replay(tfjs, readChain(`steps/${name}.safetensors`), sampler)).peer)
    expect(tf.memory().numTensors).toBe(before)
  })
})
