import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  constSchedule,
  continuousLinear,
  cosineSchedule,
  expSchedule,
  jsdSchedule,
  laplaceSchedule,
  linearSchedule,
  type Schedule,
  scaledLinearSchedule,
  scheduleFromAlphaBars,
  schedules,
  sigmoidAlphaBarSchedule,
  sigmoidSchedule,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { anySchedule, anyTable } from '../laws/arbitrary.ts'
import { expectRefusal, isSound } from './sound.ts'

describe('every schedule', () => {
  it('falls strictly, and never holds a NaN', () => {
    fc.assert(fc.property(anyTable, isSound))
    for (const make of Object.values(schedules)) isSound(make())
  })

  it('still does when it is stretched to end at 0', () => {
    fc.assert(
      fc.property(anyTable, (schedule) => {
        fc.pre(schedule.trainedSteps > 1)
        const stretched = zeroTerminalSnr(schedule)
        isSound(stretched)
        expect(stretched.alphaBars.at(-1)).toBe(0)
        expect(stretched.betas.at(-1)).toBe(1)
        expect(Math.abs(stretched.alphaBars[0]! / schedule.alphaBars[0]! - 1)).toBeLessThan(5e-7)
      }),
    )
  })

  it('comes back from its ᾱs', () => {
    fc.assert(
      fc.property(anySchedule, ({ betas, alphaBars }) => {
        const again = scheduleFromAlphaBars(alphaBars)
        expect(again.alphaBars).toEqual(alphaBars)
        // 1 − β, in units of its last place
        for (const [t, beta] of again.betas.entries()) expect(Math.abs(beta - betas[t]!)).toBeLessThan(5e-16)
      }),
    )
  })

  it('has T whole timesteps, or is refused', () => {
    for (const make of Object.values(schedules))
      for (const trainedSteps of [0, -1, 2.5, NaN, Infinity, 1e6 + 1])
        expectRefusal(() => make({ trainedSteps }))
  })

  it('has a name by which it is found', () => {
    for (const [name, make] of Object.entries(schedules)) expect(make().name).toBe(name)
    expect(Object.keys(schedules)).toEqual([
      'const',
      'cosine',
      'exp',
      'jsd',
      'laplace',
      'linear',
      'scaled-linear',
      'sigmoid',
      'sigmoid-alpha-bar',
    ])
  })
})

describe('schedules by their formulas', () => {
  const last = ({ alphaBars }: Schedule): number => alphaBars.at(-1)!

  it('scale with 1000/T as OpenAI’s, so that the end stays where it is', () => {
    const long = linearSchedule({ trainedSteps: 4000, scaling: '1000/T' })
    expect([long.betas[0], long.betas[3999]]).toEqual([2.5e-5, 0.005])
    expect(last(long) / last(linearSchedule())).toBeCloseTo(1, 0)
    expect(last(linearSchedule({ trainedSteps: 4000 }))).toBeLessThan(1e-17)
    expect(linearSchedule({ scaling: '1000/T' })).toEqual(linearSchedule())
    expect(last(linearSchedule({ trainedSteps: 20, scaling: '1000/T' }))).toBe(0)
    expectRefusal(() => linearSchedule({ trainedSteps: 19, scaling: '1000/T' }))
  })

  it('bend β as a sigmoid between its ends', () => {
    const { betas } = sigmoidSchedule({ trainedSteps: 1001, betaStart: 0.1, betaEnd: 0.3 })
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
    expect(betas[0]).toBeCloseTo(0.1 + 0.2 * sigmoid(-6), 15)
    expect(betas[500]).toBeCloseTo(0.2, 15)
    expect(betas[1000]).toBeCloseTo(0.1 + 0.2 * sigmoid(6), 15)
  })

  it('bend ᾱ as a sigmoid from 1 to nearly 0', () => {
    const start = 0
    const tau = 0.5
    const schedule = sigmoidAlphaBarSchedule({ trainedSteps: 100, start, end: 2, tau })
    const v = (share: number): number => 1 / (1 + Math.exp(-(share * 2) / tau))
    for (const t of [0, 10, 50, 98])
      expect(schedule.alphaBars[t]).toBeCloseTo((v(1) - v((t + 1) / 100)) / (v(1) - v(0)), 13)
    expect(schedule.betas[99]).toBe(0.999)
    for (const wrong of [{ start: 3, end: 3 }, { start: 3, end: -3 }, { tau: 0 }, { tau: -1 }, { end: NaN }])
      expectRefusal(() => sigmoidAlphaBarSchedule(wrong))
  })

  it('keep β, halve in time, erase one T-th at a time', () => {
    expect(last(constSchedule()) / 0.98 ** 1000).toBeCloseTo(1, 12)
    expect(last(expSchedule({ trainedSteps: 10 })) / Math.exp(-12)).toBeCloseTo(1, 12)
    const { alphaBars } = jsdSchedule({ trainedSteps: 1000 })
    for (const t of [0, 250, 998]) expect(alphaBars[t]).toBeCloseTo((999 - t) / 1000, 14)
    expect(alphaBars[999]).toBe(0)
  })

  it('are as much signal as noise in the middle of laplace’s', () => {
    const { alphaBars } = laplaceSchedule()
    const first = Math.sqrt(1e3 / (1 + 1e3))
    expect(alphaBars[499]! * first).toBeCloseTo(Math.sqrt(0.5), 6)
    expect(alphaBars[249]! * first).toBeCloseTo(Math.sqrt(Math.SQRT2 / (1 + Math.SQRT2)), 6)
  })

  it('cap β of a cosine at 0.999, or elsewhere', () => {
    expect(cosineSchedule().betas[999]).toBe(0.999)
    expect(cosineSchedule({ maxBeta: 0.5 }).betas[999]).toBe(0.5)
    expectRefusal(() => cosineSchedule({ maxBeta: 0 }))
    expectRefusal(() => cosineSchedule({ maxBeta: NaN }))
  })

  it('stretch as algorithm 1 says', () => {
    const { alphaBars } = scaledLinearSchedule()
    const [first, final] = [Math.sqrt(alphaBars[0]!), Math.sqrt(alphaBars[999]!)]
    const stretched = zeroTerminalSnr(scaledLinearSchedule())
    for (const t of [0, 1, 500, 998])
      expect(
        stretched.alphaBars[t]! / (((Math.sqrt(alphaBars[t]!) - final) * first) / (first - final)) ** 2,
      ).toBeCloseTo(1, 13)
    expect(zeroTerminalSnr(stretched).alphaBars).toEqual(stretched.alphaBars)
    expectRefusal(() => zeroTerminalSnr(linearSchedule({ trainedSteps: 1 })))
  })

  it('follow the continuous process', () => {
    const schedule = continuousLinear()
    isSound(schedule)
    // the product of 1 − β is nearly the exponential of −Σβ
    for (const t of [500, 999])
      expect(Math.log(schedule.alphaBars[t]!) / Math.log(linearSchedule().alphaBars[t]!)).toBeCloseTo(1, 1)
    expect(schedule.level(0)).toEqual({ t: -1, alphaBar: 1 })
    for (const tau of [-0.1, 1.001, NaN]) expectRefusal(() => schedule.level(tau))
    for (const wrong of [
      { betaMin: 0 },
      { betaMax: -1 },
      { betaMin: NaN },
      { betaMax: Infinity },
      { trainedSteps: 0 },
    ])
      expectRefusal(() => continuousLinear(wrong))
  })
})
