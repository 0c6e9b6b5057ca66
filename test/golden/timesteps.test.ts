import { describe, expect, it } from 'vitest'
import { leading, linspace, trailing } from '../../src/diffusion/spacing.ts'
import { transitions } from '../../src/diffusion/transition.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { E } from '../../src/fp.ts'
import { goldenPath, readJson } from '../support/goldens.ts'

interface Row {
  readonly spacing: 'leading' | 'trailing' | 'linspace'
  readonly steps: number
  readonly steps_offset: number
  readonly timesteps: readonly number[]
}

const rows = readJson(goldenPath('timesteps.json')) as readonly Row[]

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
      expect(ours[spacing].timesteps(1000)).toEqual(E.right(expected))
    })

  it('has the peer’s extra timestep for 61 trailing steps, and only there', () => {
    expect(rows.filter((row) => row.timesteps.length !== row.steps).map((row) => row.steps)).toEqual([61])
  })
})

describe('transitions', () => {
  it('refuse more steps than there are, and timesteps beyond the schedule', () => {
    const schedule = linearSchedule()
    expect(transitions(schedule, trailing(2000))).toMatchObject(E.left({ _tag: 'TooManySteps', steps: 2000 }))
    expect(transitions(schedule, leading(1000, { offset: 1 }))).toMatchObject(
      E.left({ _tag: 'SpacingInvalid' }),
    )
    for (const count of [0, -1, 2.5, NaN])
      expect(() => trailing(count)).toThrow(expect.objectContaining({ _tag: 'SpacingInvalid' }))
  })
})
