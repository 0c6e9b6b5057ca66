import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forward } from '../../src/diffusion/forward.ts'
import { cleanLevel } from '../../src/diffusion/level.ts'
import { forwardStep, type GaussianForm, posterior } from '../../src/diffusion/posterior.ts'
import { sigmaOfEta, type Stochasticity } from '../../src/diffusion/sigma.ts'
import { posteriorMean } from '../../src/diffusion/terms.ts'
import type { Transition } from '../../src/diffusion/transition.ts'
import { anyTransition } from './arbitrary.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
/** Every σ of the family: by η, or any share of the most there may be. */
const anyStochasticity: fc.Arbitrary<Stochasticity> = fc.oneof(
  share.map((eta) => ({ eta })),
  share.map((part) => ({ sigma: ({ to }: Transition) => part * Math.sqrt(1 - to.alphaBar) })),
)

/** Mean (in units of x₀) and variance of the x that a Gaussian step makes of a noised x₀. */
const pushed = ({ mean, variance }: GaussianForm, alphaBar: number): readonly [number, number] => [
  mean.x0 + mean.xt * Math.sqrt(alphaBar),
  mean.xt ** 2 * (1 - alphaBar) + variance,
]

const expectClose = (found: number, wanted: number): void => {
  expect(Math.abs(found - wanted)).toBeLessThan(1e-14)
}

describe('the posterior q_σ(x_{t−1} | x_t, x₀)', () => {
  it('keeps the marginals of the forward process, for every σ (Lemma 1)', () => {
    fc.assert(
      fc.property(anyTransition, anyStochasticity, (step, stochasticity) => {
        const [mean, variance] = pushed(posterior(stochasticity)(step), step.from.alphaBar)
        const { x0, z } = forward(step.to)
        expectClose(mean, x0)
        expectClose(variance, z ** 2)
      }),
    )
  })

  it("is DDPM's at η = 1", () => {
    fc.assert(
      fc.property(anyTransition, (step) => {
        const { mean, variance } = posterior({ eta: 1 })(step)
        const ancestral = posteriorMean(step)
        // σ² is taken off nearly as much where little is kept, and 1 − ᾱ_t is rounded where there is little noise
        const kept = step.from.alphaBar / step.to.alphaBar
        const rounding = 4e-15 * (1 / Math.sqrt(kept) + 1 / (1 - step.from.alphaBar))
        expect(Math.abs(mean.xt - ancestral.xt)).toBeLessThan(rounding)
        expect(Math.abs(mean.x0 - ancestral.x0)).toBeLessThan(rounding)
        expect(variance).toBe(sigmaOfEta(step, 1) ** 2)
      }),
    )
  })

  it('needs noise to tell which way it came', () => {
    const step = { index: 0, count: 1, from: cleanLevel, to: { t: 0, alphaBar: 0.9 }, at: 0 }
    expect(() => posterior({ eta: 0 })(step)).toThrow(expect.objectContaining({ _tag: 'SampleAtCleanLevel' }))
  })

  it('refuses more noise than the level has', () => {
    const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.5 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
    for (const process of [posterior, forwardStep]) {
      expect(() => process({ eta: 1.1 })).toThrow(expect.objectContaining({ _tag: 'EtaOutOfRange' }))
      expect(() => process({ sigma: 0.51 })(step)).toThrow(
        expect.objectContaining({ _tag: 'SigmaOutOfRange' }),
      )
    }
  })
})

describe('the forward step q_σ(x_t | x_{t−1}, x₀)', () => {
  it('keeps the marginals, too', () => {
    fc.assert(
      fc.property(anyTransition, anyStochasticity, (step, stochasticity) => {
        const [mean, variance] = pushed(forwardStep(stochasticity)(step), step.to.alphaBar)
        const { x0, z } = forward(step.from)
        expectClose(mean, x0)
        expectClose(variance, z ** 2)
      }),
    )
  })

  it('is the posterior read the other way: both give x_t and x_{t−1} one covariance (Bayes)', () => {
    fc.assert(
      fc.property(anyTransition, anyStochasticity, (step, stochasticity) => {
        const back = posterior(stochasticity)(step)
        const there = forwardStep(stochasticity)(step)
        expectClose(there.mean.xt * (1 - step.to.alphaBar), back.mean.xt * (1 - step.from.alphaBar))
      }),
    )
  })

  it('gives one joint density, whichever is drawn first (Bayes, at random points)', () => {
    const logDensity = (x: number, mean: number, variance: number): number =>
      -((x - mean) ** 2) / variance / 2 - Math.log(variance) / 2
    const point = fc.double({ min: -2, max: 2, noNaN: true })
    const anyLevel = fc.double({ min: 0.05, max: 0.95, noNaN: true })
    fc.assert(
      fc.property(
        fc.tuple(anyLevel, anyLevel).filter(([a, b]) => a !== b),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.tuple(point, point, point),
        ([a, b], part, [x0, xt, next]) => {
          const from = { t: 2, alphaBar: Math.min(a, b) }
          const to = { t: 1, alphaBar: Math.max(a, b) }
          const step: Transition = { index: 0, count: 2, from, to, at: 2 }
          const sigma = part * Math.sqrt(1 - to.alphaBar)
          const marginal = (x: number, { alphaBar }: Transition['to']): number =>
            logDensity(x, Math.sqrt(alphaBar) * x0, 1 - alphaBar)
          const given = (x: number, at: number, { mean, variance }: GaussianForm): number =>
            logDensity(x, mean.xt * at + mean.x0 * x0, variance)
          expect(marginal(xt, from) + given(next, xt, posterior({ sigma })(step))).toBeCloseTo(
            marginal(next, to) + given(xt, next, forwardStep({ sigma })(step)),
            8,
          )
        },
      ),
    )
  })

  it("is DDPM's Markov chain at η = 1 and leaves nothing to chance at σ = 0", () => {
    fc.assert(
      fc.property(
        anyTransition.filter(({ to }) => to.alphaBar < 1),
        (step) => {
          const kept = step.from.alphaBar / step.to.alphaBar
          const { mean, variance } = forwardStep({ eta: 1 })(step)
          const rounding = 4e-15 / Math.sqrt(kept) / (1 - step.to.alphaBar)
          expect(Math.abs(mean.xt - Math.sqrt(kept))).toBeLessThan(rounding)
          expect(Math.abs(mean.x0)).toBeLessThan(rounding)
          expect(Math.abs(variance - (1 - kept))).toBeLessThan(rounding)
          expect(forwardStep({ eta: 0 })(step).variance).toBe(0)
        },
      ),
    )
  })

  it('starts at x₀ as the forward process does', () => {
    const step = { index: 0, count: 1, from: { t: 9, alphaBar: 0.36 }, to: cleanLevel, at: 9 }
    const { mean, variance } = forwardStep({ eta: 1 })(step)
    expect(mean).toEqual({ ...forward(step.from), z: 0 })
    expect(variance).toBe(0.64)
  })
})
