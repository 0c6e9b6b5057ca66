import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  continuousLinear,
  cosineSchedule,
  jsdSchedule,
  levelAt,
  levelAtSigma,
  linearSchedule,
  scheduleFromAlphaBars,
  sigmaOfLevel,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { anySchedule } from '../laws/arbitrary.ts'

const refusal = (make: () => unknown): void =>
  expect(make).toThrow(expect.objectContaining({ _tag: 'ScheduleInvalid' }))

const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('levels between timesteps', () => {
  it('have a log σ between those of their neighbours, in proportion', () => {
    fc.assert(
      fc.property(anySchedule, share, (schedule, part) => {
        const t = part * (schedule.trainedSteps - 1)
        const [below, above] = [Math.floor(t), Math.ceil(t)].map((each) =>
          Math.log(sigmaOfLevel(levelAt(schedule, each))),
        )
        const between = Math.log(sigmaOfLevel(levelAt(schedule, t)))
        expect(between).toBeCloseTo(below! + (t - Math.floor(t)) * (above! - below!), 9)
      }),
    )
  })

  it('are found again by their σ', () => {
    fc.assert(
      fc.property(anySchedule, share, (schedule, part) => {
        const level = levelAt(schedule, part * (schedule.trainedSteps - 1))
        const found = levelAtSigma(schedule, sigmaOfLevel(level))
        expect(Math.abs(found.t - level.t)).toBeLessThan(1e-6)
        // a timestep's σ is met to within 1e-12 in its logarithm, and ᾱ goes as its square
        expect(Math.abs(found.alphaBar / level.alphaBar - 1)).toBeLessThan(3e-12)
      }),
    )
  })

  it('are found next to the first timestep, where σ hangs on the last digits of ᾱ', () => {
    for (const trainedSteps of [772, 1000, 100_000]) {
      const level = levelAt(cosineSchedule({ trainedSteps }), 5e-324)
      expect(levelAtSigma(cosineSchedule({ trainedSteps }), sigmaOfLevel(level)).t).toBeCloseTo(0, 5)
    }
  })

  it('are timesteps where σ is a timestep’s', () => {
    for (const schedule of [linearSchedule(), linearSchedule({ precision: 'f32' }), continuousLinear()])
      for (let t = 0; t < 1000; t++) {
        const level = levelAt(schedule, t)
        expect(levelAtSigma(schedule, sigmaOfLevel(level))).toEqual(level)
      }
  })

  it('are exact all the way where a schedule is continuous', () => {
    const schedule = continuousLinear({ betaMin: 0.2, betaMax: 10, trainedSteps: 50 })
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1, noNaN: true }), (tau) => {
        const level = schedule.level(tau)
        expect(level.alphaBar).toBeCloseTo(Math.exp(-(0.2 * tau + 4.9 * tau * tau)), 13)
        expect(level.t).toBeCloseTo(50 * tau - 1, 12)
        expect(levelAt(schedule, level.t)).toEqual(level)
        const found = levelAtSigma(schedule, sigmaOfLevel(level))
        expect(found.t).toBeCloseTo(level.t, 8)
        expect(found.alphaBar).toBeCloseTo(level.alphaBar, 13)
      }),
    )
    expect(continuousLinear({ betaMin: 3, betaMax: 3 }).level(0.5).alphaBar).toBeCloseTo(Math.exp(-1.5), 15)
  })

  it('know the noise of both ends', () => {
    const schedule = linearSchedule()
    // the values of smalldiffusion's ScheduleDDPM
    expect(sigmaOfLevel(levelAt(schedule, 0))).toBeCloseTo(0.0100005, 7)
    expect(sigmaOfLevel(levelAt(schedule, 999))).toBeCloseTo(157.407, 3)
    expect(sigmaOfLevel({ alphaBar: 1 })).toBe(0)
    expect(sigmaOfLevel({ alphaBar: 0 })).toBe(Infinity)
  })
})

describe('levels that a schedule lacks are refused', () => {
  const schedule = linearSchedule()

  it.each([-1, -0.5, 999.5, 1000, NaN, Infinity])('t = %d', (t) => refusal(() => levelAt(schedule, t)))

  it.each([0, -1, 0.01, 157.5, NaN, Infinity])('σ = %d', (sigma) =>
    refusal(() => levelAtSigma(schedule, sigma)),
  )

  it.each([-1.01, 999.01, NaN])('t = %d of continuous time', (t) =>
    refusal(() => levelAt(continuousLinear(), t)),
  )

  it.each([0, -1, 200, NaN, Infinity])('σ = %d in continuous time', (sigma) =>
    refusal(() => levelAtSigma(continuousLinear(), sigma)),
  )

  it('between the last timestep with an image and the one without', () => {
    for (const zero of [zeroTerminalSnr(schedule), jsdSchedule()]) {
      expect(levelAtSigma(zero, Infinity)).toEqual({ t: 999, alphaBar: 0 })
      expect(levelAtSigma(zero, sigmaOfLevel(levelAt(zero, 998))).t).toBe(998)
      expect(levelAt(zero, 997.5).alphaBar).toBeGreaterThan(0)
      refusal(() => levelAt(zero, 998.5))
      refusal(() => levelAtSigma(zero, 1e9))
    }
  })

  it('on a single timestep', () => {
    const single = scheduleFromAlphaBars([0.5])
    expect(levelAtSigma(single, 1)).toEqual({ t: 0, alphaBar: 0.5 })
    refusal(() => levelAtSigma(single, 1.1))
    refusal(() => levelAtSigma(single, 0.9))
    refusal(() => levelAt(single, 0.5))
  })
})
