import { describe, expect, it } from 'vitest'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import {
  explicit,
  exponential,
  fromSigmas,
  karras,
  leading,
  polyexponential,
  respacing,
  strength,
  trailing,
} from '../../src/diffusion/spacing.ts'
import { E } from '../../src/fp.ts'

const refused = { _tag: 'SpacingInvalid' }
const refusal = (make: () => unknown): void => expect(make).toThrow(expect.objectContaining(refused))

describe('what can’t be visited is refused', () => {
  it.each([[[]], [[3, 3]], [[3, 4]], [[2.5]], [[NaN]], [[Infinity]], [[5, -1]]])(
    'timesteps %j',
    (timesteps) => refusal(() => explicit(timesteps)),
  )

  it('timesteps beyond the schedule', () => {
    expect(explicit([10, 3]).timesteps(10)).toEqual(E.left(expect.objectContaining(refused)))
    expect(leading(1000, { offset: 1 }).timesteps(1000)).toEqual(E.left(expect.objectContaining(refused)))
    expect(leading(999, { offset: 1 }).timesteps(1000)).toEqual(
      E.right(expect.objectContaining({ length: 999 })),
    )
    for (const offset of [-1, 0.5, NaN, Infinity]) refusal(() => leading(10, { offset }))
  })

  it.each([
    '',
    'ddim',
    'ddim-5',
    'ddim5.5',
    'ddim5,5',
    'DDIM50',
    '10,,20',
    '-1',
    '1.5',
    '1e3',
    'x',
    '0',
    '0,0',
    'ddim0',
    '10 20',
    '9999999999',
  ])('the text %j', (text) => refusal(() => respacing(text)))

  it('a section with fewer timesteps than steps', () => {
    expect(respacing('5,5').timesteps(9)).toEqual(
      E.left(expect.objectContaining({ ...refused, reason: 'its section 2 has 4 timesteps, fewer than 5' })),
    )
    expect(respacing('1,1,1').timesteps(2)).toEqual(E.left(expect.objectContaining(refused)))
    expect(respacing('ddim2').timesteps(1)).toEqual(
      E.left(expect.objectContaining({ reason: 'no whole stride through 1 timesteps gives 2 steps' })),
    )
  })

  it.each([[[]], [[1, 1]], [[1, 2]], [[1, 0]], [[-1]], [[NaN]]])('σs %j', (sigmas) =>
    refusal(() => fromSigmas(sigmas)),
  )

  it('σs that a schedule lacks', () => {
    for (const spacing of [
      fromSigmas([1000, 1]),
      karras(5, { sigmaMax: 1000 }),
      exponential(5, { sigmaMin: 1e-3 }),
    ])
      expect(spacing.levels(linearSchedule())).toEqual(
        E.left(expect.objectContaining({ _tag: 'ScheduleInvalid' })),
      )
    // these ends exist, but not in this order
    expect(karras(5, { sigmaMin: 200 }).levels(linearSchedule())).toEqual(
      E.left(expect.objectContaining(refused)),
    )
  })

  it('ends and bends of σ sequences', () => {
    for (const ends of [
      { sigmaMin: 0 },
      { sigmaMin: -1 },
      { sigmaMin: NaN },
      { sigmaMax: Infinity },
      { sigmaMin: 2, sigmaMax: 1 },
      { sigmaMin: 1, sigmaMax: 1 },
    ])
      for (const spacing of [karras, exponential, polyexponential]) refusal(() => spacing(5, ends))
    for (const rho of [0, -1, NaN, Infinity])
      for (const spacing of [karras, polyexponential]) refusal(() => spacing(5, { rho }))
  })

  it('strengths', () => {
    for (const share of [0, -0.1, 1.1, NaN]) refusal(() => strength(trailing(10), share))
    expect(strength(trailing(10), 0.09).levels(linearSchedule())).toEqual(
      E.left(expect.objectContaining({ ...refused, reason: 'that leaves none of 10 steps' })),
    )
    expect(strength(trailing(2000), 0.5).levels(linearSchedule())).toEqual(
      E.left(expect.objectContaining({ _tag: 'TooManySteps' })),
    )
  })
})
