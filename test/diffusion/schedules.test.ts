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
  scheduleFromBetas,
  scheduleFromFunction,
  schedules,
  sigmoidAlphaBarSchedule,
  sigmoidSchedule,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { anySchedule, anyTable } from '../laws/arbitrary.ts'

const refused = { _tag: 'ScheduleInvalid' }
const refusal = (make: () => unknown): void => expect(make).toThrow(expect.objectContaining(refused))

/** ᾱ falls strictly from below 1, and reaches 0 at its end at the earliest; β is what makes it fall. */
const isSound = ({ trainedSteps, betas, alphaBars, precision = 'f64' }: Schedule): void => {
  expect([betas.length, alphaBars.length]).toEqual([trainedSteps, trainedSteps])
  alphaBars.forEach((alphaBar, t) => {
    const before = alphaBars[t - 1] ?? 1
    if (!(alphaBar < before && (alphaBar > 0 || (alphaBar === 0 && t === trainedSteps - 1))))
      expect.fail(`ᾱ goes from ${before} to ${alphaBar} at ${t}`)
    const kept = 1 - betas[t]!
    if (!(betas[t]! > 0 && Math.abs(alphaBar / before - kept) <= (precision === 'f64' ? 4e-16 : 3e-7)))
      expect.fail(`β is ${betas[t]} at ${t}`)
  })
}

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
      for (const trainedSteps of [0, -1, 2.5, NaN, Infinity, 1e6 + 1]) refusal(() => make({ trainedSteps }))
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
    refusal(() => linearSchedule({ trainedSteps: 19, scaling: '1000/T' }))
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
      refusal(() => sigmoidAlphaBarSchedule(wrong))
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
    refusal(() => cosineSchedule({ maxBeta: 0 }))
    refusal(() => cosineSchedule({ maxBeta: NaN }))
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
    refusal(() => zeroTerminalSnr(linearSchedule({ trainedSteps: 1 })))
  })

  it('follow the continuous process', () => {
    const schedule = continuousLinear()
    isSound(schedule)
    // the product of 1 − β is nearly the exponential of −Σβ
    for (const t of [500, 999])
      expect(Math.log(schedule.alphaBars[t]!) / Math.log(linearSchedule().alphaBars[t]!)).toBeCloseTo(1, 1)
    expect(schedule.level(0)).toEqual({ t: -1, alphaBar: 1 })
    for (const tau of [-0.1, 1.001, NaN]) refusal(() => schedule.level(tau))
    for (const wrong of [
      { betaMin: 0 },
      { betaMax: -1 },
      { betaMin: NaN },
      { betaMax: Infinity },
      { trainedSteps: 0 },
    ])
      refusal(() => continuousLinear(wrong))
  })
})

describe('what makes no schedule is refused', () => {
  it.each([[[]], [[0.1, 0]], [[0.1, -0.1]], [[1.1]], [[NaN]], [[Infinity]], [[0.1, 1, 0.1]], [[1e-17]]])(
    'βs %j',
    (betas) => refusal(() => scheduleFromBetas(betas)),
  )

  it.each([[[]], [[1]], [[0.5, 0.5]], [[0.5, 0.6]], [[0.5, -0.1]], [[NaN]], [[0.5, 0, 0]]])(
    'ᾱs %j',
    (alphaBars) => refusal(() => scheduleFromAlphaBars(alphaBars)),
  )

  it('what vanishes before its end, or in float32', () => {
    refusal(() => constSchedule({ beta: 0.999, trainedSteps: 200 }))
    expect(() => scheduleFromBetas([1e-9])).not.toThrow()
    refusal(() => scheduleFromBetas([1e-9], 'too fine', 'f32'))
  })

  it('a function that does not fall', () => {
    for (const alphaBar of [() => 1, (share: number) => 1 + share, () => NaN, () => 0, () => Infinity])
      refusal(() => scheduleFromFunction('flat', alphaBar))
  })

  it('ends outside (0, 1]', () => {
    for (const make of [linearSchedule, scaledLinearSchedule, sigmoidSchedule])
      for (const ends of [{ betaStart: -0.1 }, { betaEnd: 1.5 }, { betaStart: NaN }, { betaEnd: Infinity }])
        refusal(() => make(ends))
    for (const beta of [0, -1, 1.5, NaN]) refusal(() => constSchedule({ beta }))
  })

  it('anything else that is drawn at random, and never makes a NaN', () => {
    const any = fc.oneof(fc.double(), fc.double({ min: -0.1, max: 1.1, noNaN: true }))
    fc.assert(
      fc.property(any, any, fc.integer({ min: 1, max: 50 }), (betaStart, betaEnd, trainedSteps) => {
        for (const make of [linearSchedule, scaledLinearSchedule, sigmoidSchedule])
          for (const precision of ['f64', 'f32'] as const)
            try {
              isSound(make({ betaStart, betaEnd, trainedSteps, precision }))
            } catch (error) {
              expect(error).toMatchObject(refused)
            }
      }),
    )
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (numbers) => {
        for (const make of [scheduleFromBetas, scheduleFromAlphaBars])
          try {
            isSound(make(numbers))
          } catch (error) {
            expect(error).toMatchObject(refused)
          }
      }),
    )
  })
})
