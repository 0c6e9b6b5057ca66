import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sum } from '../../src/algebra/algebra.ts'
import { numbers } from '../../src/algebra/numbers.ts'
import { boundWeight } from '../../src/diffusion/bound-weight.ts'
import { estimate, type PredictionType } from '../../src/diffusion/estimate.ts'
import { forward } from '../../src/diffusion/forward.ts'
import type { Level } from '../../src/diffusion/level.ts'
import { evaluate } from '../../src/diffusion/linear-form.ts'
import { normalKl } from '../../src/diffusion/normal.ts'
import { trainingTarget } from '../../src/diffusion/objective.ts'
import { posterior } from '../../src/diffusion/posterior.ts'
import {
  cosineSchedule,
  levelAt,
  linearSchedule,
  scaledLinearSchedule,
} from '../../src/diffusion/schedule.ts'
import { epsFromScore, scoreFromEps } from '../../src/diffusion/score.ts'
import { sumOf } from '../../src/diffusion/sum.ts'
import { errorRatio, lossOn, minSnr, unweighted } from '../../src/diffusion/weighting.ts'
import { anyTransition } from './arbitrary.ts'

const value = fc.double({ min: -3, max: 3, noNaN: true })
const anyAlphaBar = fc.double({ min: 1e-3, max: 1 - 1e-3, noNaN: true })
const predictions = ['epsilon', 'sample', 'v_prediction'] as const
const anyPrediction = fc.constantFrom(...predictions)

/** What a perfect network says of x₀ and its noise. */
const target = (predicts: PredictionType, level: Level, x0: number, z: number): number =>
  numbers.combine([
    [0, 0],
    ...evaluate(trainingTarget(predicts, level), { xt: [], eps: [], x0: sumOf(x0), z: sumOf(z) }),
  ])

const valueOf = (sum: Sum<number>): number => numbers.combine([[0, 0], ...sum])

describe('training targets', () => {
  for (const schedule of [linearSchedule(), scaledLinearSchedule(), cosineSchedule()])
    it(`and estimates undo each other, by way of the score, at every t of the ${schedule.name} schedule`, () => {
      fc.assert(
        fc.property(value, value, (x0, z) => {
          // in units of what rounding explains: x₀ is known to within that of x_t over √ᾱ, ε over √(1−ᾱ)
          let worst = 0
          for (let t = 0; t < schedule.trainedSteps; t++) {
            const level = levelAt(schedule, t)
            const { x0: signal, z: noise } = forward(level)
            const xt = sumOf(signal * x0 + noise * z)
            for (const predicts of predictions) {
              const output = target(predicts, level, x0, z)
              const guess = estimate(predicts, level)(xt, sumOf(output))
              // ε → score → ε, and on to what was predicted
              const score = valueOf(scoreFromEps(level)(guess.eps))
              const eps = valueOf(epsFromScore(level)(sumOf(score)))
              const again = target(predicts, level, valueOf(guess.x0), eps)
              worst = Math.max(
                worst,
                Math.abs(score * noise + z) * noise,
                Math.abs(eps - z) * noise,
                Math.abs(again - output) * (predicts === 'sample' ? signal : noise),
              )
            }
          }
          expect(worst).toBeLessThan(8e-15)
        }),
        { numRuns: 20 },
      )
    })

  it('have scores only where there is noise', () => {
    const clean = { t: -1, alphaBar: 1 }
    expect(() => scoreFromEps(clean)).toThrow(expect.objectContaining({ _tag: 'SampleAtCleanLevel' }))
    expect(valueOf(epsFromScore(clean)(sumOf(5)))).toBeCloseTo(0, 15)
  })
})

describe('errors', () => {
  it('of ε, x₀ and v are one error, measured differently', () => {
    fc.assert(
      fc.property(
        anyPrediction,
        anyAlphaBar,
        fc.tuple(value, value, value),
        (predicts, alphaBar, [x0, z, off]) => {
          const level = { t: 500, alphaBar }
          const xt = sumOf(
            valueOf([
              [forward(level).x0, x0],
              [forward(level).z, z],
            ]),
          )
          const output = target(predicts, level, x0, z)
          const wrong = estimate(predicts, level)(xt, sumOf(output + off))
          for (const of of predictions) {
            const error = target(of, level, valueOf(wrong.x0), valueOf(wrong.eps)) - target(of, level, x0, z)
            const ratio = errorRatio(of, predicts, level)
            expect(Math.abs(error ** 2 - ratio * off ** 2)).toBeLessThan(1e-11 * (1 + ratio))
          }
        },
      ),
    )
  })

  it('are compared along any way', () => {
    fc.assert(
      fc.property(anyPrediction, anyPrediction, anyPrediction, anyAlphaBar, (a, b, c, alphaBar) => {
        const level = { t: 500, alphaBar }
        const detour = errorRatio(a, b, level) * errorRatio(b, c, level)
        expect(detour / errorRatio(a, c, level)).toBeCloseTo(1, 12)
      }),
    )
  })

  it('of ε are those of x₀ times the signal-to-noise ratio', () => {
    const level = { t: 500, alphaBar: 0.8 }
    expect(errorRatio('epsilon', 'sample', level)).toBeCloseTo(4, 12)
    expect(errorRatio('v_prediction', 'sample', level)).toBeCloseTo(5, 12)
    expect(errorRatio('v_prediction', 'epsilon', level)).toBeCloseTo(5 / 4, 12)
  })
})

describe('weights', () => {
  const errors = { epsilon: 4, sample: 1, v_prediction: 5 }
  const level = { t: 500, alphaBar: 0.8 }

  it('make one loss of any prediction', () => {
    for (const measured of predictions)
      for (const predicts of predictions)
        expect(lossOn(measured)(predicts, level) * errors[predicts]).toBeCloseTo(errors[measured], 12)
    for (const predicts of predictions)
      expect(minSnr({ gamma: 3 })(predicts, level) * errors[predicts]).toBeCloseTo(3, 12)
    expect(predictions.map((predicts) => unweighted(predicts, level))).toEqual([1, 1, 1])
  })

  it('of min-SNR have their published form', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (alphaBar) => {
        const snr = alphaBar / (1 - alphaBar)
        const least = Math.min(snr, 5)
        const wanted = { epsilon: least / snr, sample: least, v_prediction: least / (snr + 1) }
        for (const predicts of predictions)
          expect(minSnr()(predicts, { t: 0, alphaBar }) / wanted[predicts]).toBeCloseTo(1, 9)
      }),
    )
  })

  it('are finite at both ends, or refused', () => {
    const [nothing, clean] = [
      { t: 999, alphaBar: 0 },
      { t: -1, alphaBar: 1 },
    ]
    expect(predictions.map((predicts) => minSnr()(predicts, nothing))).toEqual([1, 0, 0])
    expect(predictions.map((predicts) => minSnr()(predicts, clean))).toEqual([0, 5, 0])
    expect(lossOn('epsilon')('epsilon', nothing)).toBe(1)
    expect(() => lossOn('sample')('epsilon', nothing)).toThrow(
      expect.objectContaining({ _tag: 'EpsilonAtZeroSnr' }),
    )
    expect(() => lossOn('epsilon')('sample', clean)).toThrow(
      expect.objectContaining({ _tag: 'SampleAtCleanLevel' }),
    )
  })
})

describe('Theorem 1', () => {
  it("makes of every σ's bound a weighted loss on ε", () => {
    fc.assert(
      fc.property(
        anyTransition.filter(({ to }) => to.alphaBar < 1),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.tuple(value, value, value),
        (step, part, [x0, z, off]) => {
          const sigma = part * Math.sqrt(1 - step.to.alphaBar)
          const { mean, variance } = posterior({ sigma })(step)
          const { x0: signal, z: noise } = forward(step.from)
          const xt = signal * x0 + noise * z
          const guess = valueOf(estimate('epsilon', step.from)(sumOf(xt), sumOf(z + off)).x0)
          const kl = normalKl(mean.x0 * (x0 - guess), variance, variance)
          const weighted = boundWeight(sigma)(step) * off ** 2
          expect(Math.abs(kl - weighted)).toBeLessThan(1e-9 * (weighted + mean.x0 / signal / sigma) + 1e-20)
        },
      ),
    )
  })

  it("ends with the decoder's deviation", () => {
    const last = { index: 0, count: 1, from: { t: 0, alphaBar: 0.8 }, to: { t: -1, alphaBar: 1 }, at: 0 }
    expect(boundWeight(0.5)(last)).toBeCloseTo(0.25 / (2 * 0.25), 12)
    expect(boundWeight(0)(last)).toBe(Infinity)
  })

  it('refuses a σ that no process has', () => {
    const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.5 }, to: { t: 4, alphaBar: 0.75 }, at: 9 }
    for (const sigma of [-0.1, 0.51, NaN])
      expect(() => boundWeight(sigma)(step)).toThrow(expect.objectContaining({ _tag: 'SigmaOutOfRange' }))
    const nothing = { ...step, from: { t: 9, alphaBar: 0 } }
    expect(() => boundWeight(0.1)(nothing)).toThrow(expect.objectContaining({ _tag: 'EpsilonAtZeroSnr' }))
  })
})
