import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  levelAt,
  linearSchedule,
  type Schedule,
  sigmaOfLevel,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import {
  explicit,
  exponential,
  exponentialSigmas,
  fromSigmas,
  karras,
  karrasSigmas,
  leading,
  linspace,
  polyexponential,
  polyexponentialSigmas,
  quadratic,
  respacedSchedule,
  respacing,
  type Spacing,
  spacings,
  strength,
  trailing,
} from '../../src/diffusion/spacing.ts'
import { E } from '../../src/fp.ts'
import { anySchedule, right, spacingWithin } from '../laws/arbitrary.ts'

const refused = { _tag: 'SpacingInvalid' }
const refusal = (make: () => unknown): void => expect(make).toThrow(expect.objectContaining(refused))

const timesOf = (spacing: Spacing, schedule: Schedule = linearSchedule()): readonly number[] =>
  right(spacing.levels(schedule)).map((level) => level.t)
const sigmasOf = (spacing: Spacing, schedule: Schedule = linearSchedule()): readonly number[] =>
  right(spacing.levels(schedule)).map(sigmaOfLevel)

describe('every spacing', () => {
  it('rises from noise to image within the schedule', () => {
    const placed = anySchedule.chain((schedule) =>
      spacingWithin(schedule.trainedSteps).map((spacing) => ({ schedule, spacing })),
    )
    fc.assert(
      fc.property(placed, ({ schedule, spacing }) => {
        const levels = spacing.levels(schedule)
        if (E.isLeft(levels)) {
          // half of a single step is none
          expect(levels.left).toMatchObject({ ...refused, reason: 'that leaves none of 1 step' })
          return
        }
        expect(levels.right.length).toBeGreaterThan(0)
        levels.right.forEach(({ t, alphaBar }, k) => {
          const before = levels.right[k - 1] ?? { t: Infinity, alphaBar: -1 }
          if (!(t >= 0 && t < before.t && alphaBar > before.alphaBar && alphaBar < 1))
            expect.fail(`${t} follows ${before.t}`)
          expect(Math.abs(levelAt(schedule, t).alphaBar / alphaBar - 1)).toBeLessThan(1e-11)
        })
      }),
    )
  })

  it('has as many steps as were asked for, and no more than there are', () => {
    for (const [name, spacing] of Object.entries(spacings)) {
      for (const count of [1, 2, 3, 10])
        expect([name, right(spacing(count).levels(linearSchedule())).length]).toEqual([name, count])
      for (const count of [0, -1, 2.5, NaN, Infinity]) refusal(() => spacing(count))
    }
    for (const spacing of [leading, trailing, linspace, quadratic])
      expect(spacing(1001).levels(linearSchedule())).toEqual(
        E.left(expect.objectContaining({ _tag: 'TooManySteps', steps: 1001, trained: 1000 })),
      )
  })

  it('says what it was asked for', () => {
    const all = [
      leading(5, { offset: 1 }),
      quadratic(9, { from: 'T' }),
      explicit([5, 3]),
      respacing('2, 3'),
      karras(7, { rho: 5 }),
      polyexponential(4, { rho: 2 }),
      fromSigmas([2, 1]),
      strength(trailing(50), 0.5),
    ]
    expect(all.map((each) => each.name)).toEqual([
      'leading(5, offset 1)',
      'quadratic(9, from T)',
      'explicit(5, 3)',
      'respacing(2, 3)',
      'karras(7, rho 5)',
      'polyexponential(4, rho 2)',
      'sigmas(2, 1)',
      'trailing(50), strength 0.5',
    ])
    expect(Object.keys(spacings)).toEqual([
      'exponential',
      'karras',
      'leading',
      'linspace',
      'polyexponential',
      'quadratic',
      'trailing',
    ])
  })
})

describe('strength', () => {
  it('keeps the last int(S·strength) steps', () => {
    expect(timesOf(strength(leading(10), 0.6))).toEqual([500, 400, 300, 200, 100, 0])
    expect(timesOf(strength(leading(10), 0.25))).toEqual([100, 0])
    expect(timesOf(strength(trailing(100), 0.29))).toHaveLength(28)
    expect(timesOf(strength(karras(10), 0.5))).toEqual(timesOf(karras(10)).slice(5))
    expect(timesOf(strength(leading(10), 1))).toEqual(timesOf(leading(10)))
  })
})

describe('σ sequences', () => {
  const range = { sigmaMin: 0.1, sigmaMax: 10 }

  it('are those of k-diffusion, without the last 0', () => {
    // get_sigmas_karras(5, 0.1, 10), get_sigmas_exponential(5, 0.1, 10), get_sigmas_polyexponential(5, 0.1, 10, 2)
    const [top, bottom] = [10 ** (1 / 7), 0.1 ** (1 / 7)]
    karrasSigmas(5, range).forEach((sigma, k) => {
      expect(sigma).toBeCloseTo((top + (k / 4) * (bottom - top)) ** 7, 12)
    })
    const decades = [1, 0.5, 0, -0.5, -1]
    exponentialSigmas(5, range).forEach((sigma, k) => expect(sigma).toBeCloseTo(10 ** decades[k]!, 12))
    polyexponentialSigmas(5, { ...range, rho: 2 }).forEach((sigma, k) => {
      expect(sigma).toBeCloseTo(10 ** (-1 + 2 * (1 - k / 4) ** 2), 12)
    })
    const straight = exponentialSigmas(5, range)
    polyexponentialSigmas(5, range).forEach((sigma, k) => expect(sigma).toBeCloseTo(straight[k]!, 12))
  })

  it('go from end to end of the schedule, or between given ends', () => {
    for (const spacing of [karras, exponential, polyexponential]) {
      const times = timesOf(spacing(7))
      expect([times[0], times[6]]).toEqual([999, 0])
      const given = sigmasOf(spacing(7, { sigmaMin: 0.5, sigmaMax: 50 }))
      expect(given[0]).toBeCloseTo(50, 11)
      expect(given[6]).toBeCloseTo(0.5, 13)
      expect(timesOf(spacing(1))).toEqual([999])
    }
  })

  it('begin below the timestep without an image', () => {
    expect(timesOf(karras(3), zeroTerminalSnr(linearSchedule()))[0]).toBe(998)
  })
})

describe('the respaced schedule', () => {
  it('has the βs of the steps actually taken, as OpenAI’s SpacedDiffusion', () => {
    const { alphaBars } = linearSchedule()
    const table = right(respacedSchedule(linearSchedule(), respacing('10')))
    const used = [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]
    expect([...table.alphaBars]).toEqual(used.map((t) => alphaBars[t]))
    used.forEach((t, i) => {
      expect(table.betas[i]).toBe(1 - alphaBars[t]! / (i === 0 ? 1 : alphaBars[used[i - 1]!]!))
    })
    // and back to ᾱ as the peer goes, by the product of 1 − β
    let product = 1
    table.betas.forEach((beta, i) => {
      product *= 1 - beta
      expect(product / table.alphaBars[i]!).toBeCloseTo(1, 13)
    })
  })

  it('is the schedule where every step is taken', () => {
    const schedule = linearSchedule()
    expect(right(respacedSchedule(schedule, trailing(1000))).alphaBars).toEqual(schedule.alphaBars)
    expect(respacedSchedule(schedule, trailing(1001))).toEqual(
      E.left(expect.objectContaining({ _tag: 'TooManySteps' })),
    )
  })

  it('keeps the precision', () => {
    const table = right(respacedSchedule(linearSchedule({ precision: 'f32' }), trailing(10)))
    expect([table.precision, ...table.alphaBars]).toEqual(['f32', ...table.alphaBars.map(Math.fround)])
  })
})
