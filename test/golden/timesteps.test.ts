import { describe, expect, it } from 'vitest'
import {
  leading,
  linspace,
  quadratic,
  respacing,
  trailing,
  type WholeSpacing,
} from '../../src/diffusion/spacing.ts'
import { fail } from '../../src/failure.ts'
import { E } from '../../src/fp.ts'
import { right } from '../laws/arbitrary.ts'
import { goldenPath, readJson } from '../support/goldens.ts'

interface Row {
  readonly spacing: 'leading' | 'trailing' | 'linspace'
  readonly steps: number
  readonly steps_offset: number
  readonly timesteps: readonly number[]
}

const rows = readJson(goldenPath('timesteps.json')) as readonly Row[]

const T = 1000
const of = (spacing: WholeSpacing, trainedSteps = T): readonly number[] =>
  right(spacing.timesteps(trainedSteps))
const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, i) => i + 1)
const downBy = (stride: number, first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => first - k * stride)

describe('the timesteps of diffusers', () => {
  for (const { spacing, steps, steps_offset: offset, timesteps } of rows)
    it(`${spacing}, ${String(steps)} steps, offset ${String(offset)}`, () => {
      const ours = {
        leading: leading(steps, { offset }),
        trailing: trailing(steps),
        linspace: linspace(steps),
      }
      // the peer's stride is a float there, and gives an extra timestep: −1, which wraps round to the last ᾱ
      const expected = spacing === 'trailing' && timesteps.at(-1) === -1 ? timesteps.slice(0, -1) : timesteps
      expect(of(ours[spacing])).toEqual(expected)
    })

  it('has the peer’s extra timestep for 61 trailing steps, and only there', () => {
    expect(rows.filter((row) => row.timesteps.length !== row.steps).map((row) => row.steps)).toEqual([61])
  })

  it('are no more than asked for, where 62 trailing counts of the peer give one more, −1', () => {
    // numpy.arange(T, 0, −T/S): as many as ⌈T/(T/S)⌉ in floats
    const longer = upTo(T).filter((steps) => Math.ceil(-T / -(T / steps)) !== steps)
    expect(longer).toHaveLength(62)
    expect(longer.slice(0, 7)).toEqual([61, 103, 121, 122, 201, 206, 217])
    expect(longer.filter((steps) => steps <= 250)).toHaveLength(12)
    for (const steps of upTo(T)) {
      const timesteps = of(trailing(steps))
      expect([timesteps.length, timesteps[0], Math.min(...timesteps) >= 0]).toEqual([steps, T - 1, true])
    }
  })

  it('never see the noisy end where leading strides are cut', () => {
    expect(of(leading(300))).toEqual(downBy(3, 897, 300))
  })

  it('are rounded half to even, which Math.round would get wrong', () => {
    const differing = (spacing: (steps: number) => WholeSpacing, at: (k: number, steps: number) => number) =>
      upTo(128).filter((steps) => of(spacing(steps)).some((t, k) => t !== at(k, steps)))
    expect(
      differing(linspace, (k, S) => (S === 1 ? 0 : Math.round((S - 1 - k) * ((T - 1) / (S - 1))))).slice(
        0,
        8,
      ),
    ).toEqual([7, 13, 19, 25, 31, 37, 43, 49])
    expect(differing(trailing, (k, S) => Math.round(T - (k * T) / S) - 1)).toEqual([
      16, 32, 48, 64, 80, 112, 128,
    ])
  })
})

describe('the timesteps of the DDIM authors', () => {
  /** `int(numpy.linspace(0, √(0.8·T), S)²)` */
  const quad = (steps: number, trainedSteps = T): readonly number[] => {
    const last = Math.sqrt(trainedSteps * 0.8)
    return Array.from({ length: steps }, (_, i) =>
      Math.floor((steps > 1 && i === steps - 1 ? last : i * (last / Math.max(1, steps - 1))) ** 2),
    )
  }

  it('are squares from 0.8 T', () => {
    expect(of(quadratic(10))).toEqual([800, 632, 483, 355, 246, 158, 88, 39, 9, 0])
    expect(quad(10).toReversed()).toEqual(of(quadratic(10)))
    expect(quad(50).toReversed().slice(0, 3)).toEqual([800, 767, 736])
    expect(quad(50).toReversed().slice(-4)).toEqual([2, 1, 0, 0])
    expect(of(quadratic(50)).slice(-4)).toEqual([5, 2, 1, 0])
  })

  it.each([
    [10, 0],
    [50, 1],
    [100, 4],
    [200, 13],
    [1000, 312],
  ])('repeat themselves in squares, and here not: of %i, %i', (steps, repeats) => {
    const theirs = quad(steps)
    expect(steps - new Set(theirs).size).toBe(repeats)
    expect(of(quadratic(steps))).toEqual([...new Set(theirs)].toReversed())
  })

  it('are squares from T as the paper has them', () => {
    expect(of(quadratic(10, { from: 'T' }))).toEqual([999, 789, 604, 444, 308, 197, 111, 49, 12, 0])
    for (const steps of upTo(T).slice(1)) {
      const timesteps = of(quadratic(steps, { from: 'T' }))
      expect([timesteps[0], timesteps.at(-1)]).toEqual([T - 1, 0])
    }
  })

  it('are more than asked for where S does not divide T, and here not: uniform', () => {
    const uniform = (steps: number): readonly number[] => {
      const stride = Math.floor(T / steps)
      return Array.from({ length: Math.ceil(T / stride) }, (_, i) => i * stride).toReversed()
    }
    expect([uniform(7).length, uniform(7)[0], uniform(300).length]).toEqual([8, 994, 334])
    expect([of(leading(7)).length, of(leading(7))[0]]).toEqual([7, 852])
    for (const steps of [1, 2, 10, 20, 50, 100, 1000]) expect(of(leading(steps))).toEqual(uniform(steps))
  })
})

describe('the timesteps of OpenAI', () => {
  it('are even in one section', () => {
    expect(of(respacing('10'))).toEqual([999, 888, 777, 666, 555, 444, 333, 222, 111, 0])
    expect(of(respacing('50')).slice(0, 3)).toEqual([999, 979, 958])
    expect(of(respacing('50')).at(-1)).toBe(0)
    expect(of(respacing('1'))).toEqual([0])
  })

  it('add their strides up, so that some are not those of linspace', () => {
    const differing = upTo(50).filter((steps) => {
      const [theirs, multiplied] = [of(respacing(String(steps))), of(linspace(steps))]
      return theirs.some((t, k) => t !== multiplied[k])
    })
    expect(differing.slice(0, 6)).toEqual([21, 23, 31, 35, 39, 43])
  })

  it('are even in each of several sections', () => {
    const timesteps = of(respacing('10,15,20'), 300).toReversed()
    expect(timesteps.slice(0, 10)).toEqual([0, 11, 22, 33, 44, 55, 66, 77, 88, 99])
    expect(timesteps.slice(10, 12)).toEqual([100, 107])
    expect(timesteps[24]).toBe(199)
    expect(timesteps.slice(25, 27)).toEqual([200, 205])
    expect(timesteps[44]).toBe(299)
    expect(timesteps).toHaveLength(45)
  })

  it('give the remainder to the first sections, and a single step to a section’s start', () => {
    expect(of(respacing('1,1,1'), 11)).toEqual([8, 4, 0])
    expect(of(respacing('4,4,3'), 11)).toEqual(downBy(1, 10, 11))
    expect(of(respacing('2, 0, 2'), 9)).toEqual([8, 6, 2, 0])
  })

  it('have equal strides for the 62 counts that have one', () => {
    expect(of(respacing('ddim10'))).toEqual(downBy(100, 900, 10))
    expect(of(respacing('ddim50'))).toEqual(downBy(20, 980, 50))
    const possible = upTo(1001).filter((steps) => E.isRight(respacing(`ddim${String(steps)}`).timesteps(T)))
    expect(possible).toEqual([
      ...upTo(36).slice(1),
      ...[38, 39, 40, 42, 44, 46, 48, 50, 53, 56, 59, 63, 67, 72, 77, 84, 91, 100, 112, 125, 143, 167, 200],
      ...[250, 334, 500, 1000],
    ])
    expect(possible).toHaveLength(62)
  })

  it.each([
    ['ddim37', 'ddim36 and ddim38'],
    ['ddim1', 'ddim2'],
    ['ddim999', 'ddim500 and ddim1000'],
    ['ddim1001', 'ddim1000'],
  ])('names the neighbours of %s, which has no stride', (text, near) => {
    const refusal = fail('SpacingInvalid', {
      spacing: `respacing(${text})`,
      reason: `no whole stride through 1000 timesteps gives ${text.slice(4)} steps; the nearest are ${near}`,
    })
    expect(respacing(text).timesteps(T)).toEqual(E.left(refusal))
  })
})

describe('ten and fifty steps', () => {
  it.each<readonly [string, (steps: number) => WholeSpacing, readonly number[], readonly number[]]>([
    ['leading', leading, downBy(100, 900, 10), downBy(20, 980, 50)],
    ['trailing', trailing, downBy(100, 999, 10), downBy(20, 999, 50)],
    ['linspace', linspace, downBy(111, 999, 10), of(respacing('50'))],
    ['ddim', (steps) => respacing(`ddim${String(steps)}`), downBy(100, 900, 10), downBy(20, 980, 50)],
  ])('%s', (_, spacing, ten, fifty) => {
    expect(of(spacing(10))).toEqual(ten)
    expect(of(spacing(50))).toEqual(fifty)
  })
})
