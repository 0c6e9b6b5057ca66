import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { x0FromEps } from '../../src/diffusion/estimate.ts'
import { type LinearForm, linearForm, linearFormMonoid } from '../../src/diffusion/linear-form.ts'
import { ddim, ddpm, rule } from '../../src/diffusion/rule.ts'
import { sigmaOfEta } from '../../src/diffusion/sigma.ts'
import {
  directionToXt,
  predictedX0,
  randomNoise,
  sumOfTerms,
  type Term,
  termMonoid,
} from '../../src/diffusion/terms.ts'
import type { Transition } from '../../src/diffusion/transition.ts'
import { anyChain, anyTransition } from './arbitrary.ts'

const coefficient = fc.integer({ min: -1000, max: 1000 })
const anyForm: fc.Arbitrary<LinearForm> = fc.record({
  xt: coefficient,
  x0: coefficient,
  eps: coefficient,
  z: coefficient,
})
const anyTerm: fc.Arbitrary<Term> = anyForm.map((form) => () => form)

/** The form where ε̂ is the one that goes with x_t and x̂₀. */
const consistent = (form: LinearForm, { from }: Transition): LinearForm =>
  linearForm({
    z: form.z,
    xt: form.xt + form.eps / Math.sqrt(1 - from.alphaBar),
    x0: form.x0 - (form.eps * Math.sqrt(from.alphaBar)) / Math.sqrt(1 - from.alphaBar),
  })

const distance = (a: LinearForm, b: LinearForm): number =>
  Math.max(Math.abs(a.xt - b.xt), Math.abs(a.x0 - b.x0), Math.abs(a.eps - b.eps), Math.abs(a.z - b.z))

describe('linear forms', () => {
  it('are a monoid', () => {
    const { concat, empty } = linearFormMonoid
    fc.assert(
      fc.property(anyForm, anyForm, anyForm, (a, b, c) => {
        expect(concat(concat(a, b), c)).toEqual(concat(a, concat(b, c)))
        expect(concat(a, empty)).toEqual(a)
        expect(concat(empty, a)).toEqual(a)
      }),
    )
  })
})

describe('terms', () => {
  it('are a monoid, step by step', () => {
    const { concat, empty } = termMonoid
    fc.assert(
      fc.property(anyTerm, anyTerm, anyTerm, anyTransition, (a, b, c, step) => {
        expect(concat(concat(a, b), c)(step)).toEqual(concat(a, concat(b, c))(step))
        expect(concat(a, empty)(step)).toEqual(a(step))
        expect(concat(empty, a)(step)).toEqual(a(step))
      }),
    )
  })

  it('sum up to their rule in any grouping', () => {
    fc.assert(
      fc.property(anyTransition, fc.double({ min: 0, max: 1, noNaN: true }), (step, eta) => {
        const parts = [predictedX0, directionToXt({ eta }), randomNoise({ eta })]
        expect(
          rule('grouped', [sumOfTerms(parts.slice(0, 2)), sumOfTerms(parts.slice(2))]).step(step),
        ).toEqual(ddim({ eta }).step(step))
      }),
    )
  })
})

describe('the family', () => {
  it('is DDPM with the small variance at η = 1, for every schedule and spacing', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        for (const step of chain)
          expect(distance(consistent(ddim({ eta: 1 }).step(step), step), ddpm().step(step))).toBeLessThan(
            1e-12,
          )
      }),
    )
  })

  it('draws no noise at σ = 0', () => {
    fc.assert(
      fc.property(anyTransition, (step) => {
        expect(ddim({ eta: 0 }).step(step).z).toBe(0)
      }),
    )
  })

  it('adds no noise on the step to the clean level, whatever the rule', () => {
    fc.assert(
      fc.property(anyChain, fc.double({ min: 0, max: 1, noNaN: true }), (chain, eta) => {
        const last = chain.at(-1)!
        for (const each of [ddim({ eta }), ddpm(), ddpm({ variance: 'fixed-large' })])
          expect(each.step(last)).toMatchObject({ x0: 1, z: 0 })
      }),
    )
  })

  it('has the σ̂ of the paper as the large variance: the direction of η = 1 with more noise', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        for (const step of chain.slice(0, -1)) {
          const large = ddpm({ variance: 'fixed-large' }).step(step)
          expect(large).toEqual({ ...ddpm().step(step), z: large.z })
          expect(large.z).toBeCloseTo(
            Math.sqrt((step.to.alphaBar - step.from.alphaBar) / step.to.alphaBar),
            14,
          )
          expect(large.z).toBeGreaterThanOrEqual(sigmaOfEta(step, 1))
        }
      }),
    )
  })

  // Lemma 1 of the paper: for every σ, x_t ~ N(√ᾱ_t·x₀, (1−ᾱ_t)·I) on all levels.
  it('keeps the marginals of the forward process for every σ, all along a chain', () => {
    const shares = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))
    fc.assert(
      fc.property(anyChain, shares, fc.double({ min: -2, max: 2, noNaN: true }), (chain, share, x0) => {
        const [first] = chain
        let mean = Math.sqrt(first!.from.alphaBar) * x0
        let variance = 1 - first!.from.alphaBar
        for (const step of chain) {
          const sigma = share.next().value * Math.sqrt(1 - step.to.alphaBar)
          const stochasticity = { sigma }
          const family = rule('any σ', [
            predictedX0,
            directionToXt(stochasticity),
            randomNoise(stochasticity),
          ])
          const form = consistent(family.step(step), step)
          mean = form.x0 * x0 + form.xt * mean
          variance = form.xt ** 2 * variance + form.z ** 2
          expect(mean).toBeCloseTo(Math.sqrt(step.to.alphaBar) * x0, 9)
          expect(variance).toBeCloseTo(1 - step.to.alphaBar, 9)
        }
      }),
    )
  })

  it('refuses what is outside of it', () => {
    const step: Transition = {
      index: 0,
      count: 2,
      from: { t: 500, alphaBar: 0.5 },
      to: { t: 250, alphaBar: 0.75 },
      at: 500,
    }
    for (const eta of [1.5, -0.1, NaN, Infinity]) {
      expect(() => ddim({ eta })).toThrow(expect.objectContaining({ _tag: 'EtaOutOfRange', eta }))
      expect(() => ddim({ eta: () => eta }).step(step)).toThrow(
        expect.objectContaining({ _tag: 'EtaOutOfRange' }),
      )
    }
    for (const sigma of [0.51, -0.1, NaN])
      expect(() => randomNoise({ sigma })(step)).toThrow(
        expect.objectContaining({ _tag: 'SigmaOutOfRange', largest: 0.5, t: 500 }),
      )
    expect(() => ddpm({ variance: 'fixed-huge' as 'fixed-large' })).toThrow('There is no variance fixed-huge')
  })

  it('takes η as a function of the step', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        const falling = ddim({ eta: ({ index, count }) => 1 - index / count })
        for (const step of chain)
          expect(falling.step(step)).toEqual(ddim({ eta: 1 - step.index / step.count }).step(step))
      }),
    )
  })
})

describe('x₀ from ε', () => {
  it('is refused where nothing of x₀ is left', () => {
    expect(() => x0FromEps({ t: 999, alphaBar: 0 })).toThrow(
      expect.objectContaining({ _tag: 'EpsilonAtZeroSnr', t: 999 }),
    )
  })
})
