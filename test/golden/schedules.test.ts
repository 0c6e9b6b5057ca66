import { describe, expect, it } from 'vitest'
import {
  cosineSchedule,
  linearSchedule,
  type Schedule,
  scaledLinearSchedule,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { goldenPath, readJson } from '../support/goldens.ts'

type Kind = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'linear_zero_snr'

const goldens = readJson(goldenPath('schedules.json')) as Readonly<
  Record<Kind, { readonly alphas_cumprod: Readonly<Record<string, number>> }>
>

const precision = 'f32'
const ours: Readonly<Record<Kind, Schedule>> = {
  linear: linearSchedule({ precision }),
  scaled_linear: scaledLinearSchedule({ precision }),
  squaredcos_cap_v2: cosineSchedule({ precision }),
  linear_zero_snr: zeroTerminalSnr(linearSchedule({ precision })),
}

const rowsOf = (kind: Kind): ReadonlyArray<readonly [number, number]> =>
  Object.entries(goldens[kind].alphas_cumprod).map(([t, alphaBar]) => [Number(t), alphaBar])

describe('the float32 tables of diffusers', () => {
  for (const kind of ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const)
    it(`are bit-equal: ${kind}`, () => {
      const rows = rowsOf(kind)
      expect(rows).toHaveLength(9)
      for (const [t, alphaBar] of rows) expect([t, ours[kind].alphaBars[t]]).toEqual([t, alphaBar])
    })

  it('are within 5e-7 of their size, with 0 at the end: linear_zero_snr', () => {
    const rows = rowsOf('linear_zero_snr')
    expect(rows.at(-1)).toEqual([999, 0])
    expect(ours.linear_zero_snr.alphaBars[999]).toBe(0)
    const errors = rows
      .slice(0, -1)
      .map(([t, alphaBar]) => Math.abs(ours.linear_zero_snr.alphaBars[t]! / alphaBar - 1))
    expect(Math.max(...errors)).toBeLessThan(5e-7)
  })

  it('hold float32 numbers only', () => {
    for (const { betas, alphaBars } of Object.values(ours)) {
      expect(betas).toEqual(betas.map(Math.fround))
      expect(alphaBars).toEqual(alphaBars.map(Math.fround))
    }
  })

  it('differ from the float64 ones by what float32 loses', () => {
    const [wide, narrow] = [linearSchedule().alphaBars, ours.linear.alphaBars]
    const relative = wide.map((alphaBar, t) => Math.abs(narrow[t]! / alphaBar - 1))
    expect(Math.max(...relative)).toBeLessThan(7.2e-7)
    expect(Math.max(...relative)).toBeGreaterThan(1e-7)
    expect(Math.sqrt(1 - narrow[0]!)).toBeCloseTo(0.01000083, 8)
    expect(wide[999]).toBeCloseTo(4.0358298e-5, 12)
    expect(narrow[999]).toBeCloseTo(4.0358325e-5, 10)
  })
})
