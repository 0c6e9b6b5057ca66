import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbers } from '../../src/algebra/numbers.ts'
import { clipEstimate } from '../../src/diffusion/clip.ts'
import { epsFromX0, estimate, x0FromEps } from '../../src/diffusion/estimate.ts'
import { forward } from '../../src/diffusion/forward.ts'
import { evaluate } from '../../src/diffusion/linear-form.ts'
import {
  cosineSchedule,
  levelAt,
  linearSchedule,
  scaledLinearSchedule,
} from '../../src/diffusion/schedule.ts'
import { sumOf } from '../../src/diffusion/sum.ts'

const value = fc.double({ min: -3, max: 3, noNaN: true })

describe('estimates', () => {
  for (const schedule of [linearSchedule(), scaledLinearSchedule(), cosineSchedule()])
    it(`give back x₀ and ε from ε, x₀ and v, at every t of the ${schedule.name} schedule`, () => {
      fc.assert(
        fc.property(value, value, (x0, eps) => {
          for (let t = 0; t < schedule.trainedSteps; t++) {
            const level = levelAt(schedule, t)
            const { x0: signal, z: noise } = forward(level)
            const xt = signal * x0 + noise * eps
            const v = signal * eps - noise * x0
            for (const [predicts, output] of [
              ['epsilon', eps],
              ['sample', x0],
              ['v_prediction', v],
            ] as const) {
              const guess = estimate(predicts, level)(sumOf(xt), sumOf(output))
              // a prediction of ε fixes x₀ to within the rounding of x_t, blown up by 1/√ᾱ; likewise ε by 1/√(1−ᾱ)
              expect(Math.abs(numbers.combine([...guess.x0, [-1, x0]]))).toBeLessThan(4e-15 / signal)
              expect(Math.abs(numbers.combine([...guess.eps, [-1, eps]]))).toBeLessThan(4e-15 / noise)
            }
          }
        }),
        { numRuns: 20 },
      )
    })

  it('turn into each other and back', () => {
    const level = { t: 500, alphaBar: 0.3 }
    fc.assert(
      fc.property(value, value, (xt, eps) => {
        const there = x0FromEps(level)(sumOf(xt), sumOf(eps))
        const back = epsFromX0(level)(sumOf(xt), there)
        expect(numbers.combine([...back, [1, 0]])).toBeCloseTo(eps, 12)
      }),
    )
  })

  it('refuse what says nothing', () => {
    expect(() => estimate('epsilon', { t: 999, alphaBar: 0 })).toThrow(
      expect.objectContaining({ _tag: 'EpsilonAtZeroSnr' }),
    )
    expect(() => estimate('sample', { t: -1, alphaBar: 1 })).toThrow(
      expect.objectContaining({ _tag: 'SampleAtCleanLevel' }),
    )
    for (const alphaBar of [0, 1]) expect(() => estimate('v_prediction', { t: 0, alphaBar })).not.toThrow()
  })
})

describe('clipping', () => {
  const level = { t: 500, alphaBar: 0.5 }
  const guess = { x0: [[1, 4]], eps: [[1, 7]] } as const
  const clipped = (mode: 'none' | 'x0' | 'x0+eps'): readonly [number, number] => {
    const { estimate: result } = clipEstimate(numbers, { mode, range: 1 }, level)(sumOf(0.3), guess)
    return [numbers.combine(result.x0), numbers.combine(result.eps)]
  }

  it('leaves both alone, clips x₀ alone, or lets ε follow', () => {
    expect(clipped('none')).toEqual([4, 7])
    expect(clipped('x0')).toEqual([1, 7])
    const [x0, eps] = clipped('x0+eps')
    expect(x0).toBe(1)
    expect(
      numbers.combine(evaluate(forward(level), { xt: [], x0: sumOf(x0), eps: [], z: sumOf(eps) })),
    ).toBeCloseTo(0.3, 14)
  })
})
