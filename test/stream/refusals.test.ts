import { firstValueFrom, from, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import type { SavedState } from '../../src/diffusion/saved-state.ts'
import { levelAt, linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { inversionTransitions, transitions, type Transition } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { replayFrom } from '../../src/stream/replay-from.ts'
import { resume } from '../../src/stream/resume.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { checkSteps, step } from '../../src/stream/step.ts'

const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
const config = { model, rule: ddim(), noise: philox({ seed: 7 }) }
const chain = E.getOrElseW(() => [])(transitions(model.schedule, trailing(10)))
const ascent = E.getOrElseW(() => [])(
  inversionTransitions(model.schedule, trailing(10), { evaluateAt: 'source' }),
)

describe('a run', () => {
  it('is refused without samples or without frames in flight', () => {
    for (const inFlight of [0, -1, NaN])
      expect(() => denoise({ ...config, inFlight })).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    const state = { at: chain[0]!.to, ahead: [] } as unknown as SavedState
    for (const inFlight of [0, -1, NaN])
      for (const build of [
        () => resume({ inFlight }),
        () => replayFrom(state, config, { inFlight }),
        () => replayFrom(state, { ...config, inFlight }),
      ])
        expect(build).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    for (const batch of [0, -1, 1.5, NaN, Infinity])
      expect(() => denoise({ ...config, batch })).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    expect(() => denoise({ ...config, inFlight: Infinity })).not.toThrow()
  })

  it('is legal or not before it begins', () => {
    expect(chain).toHaveLength(10)
    expect(checkSteps(config)(chain)).toEqual(E.right(undefined))
    const late = { ...config, rule: ddim({ eta: ({ index }) => index / 5 }) }
    expect(checkSteps(late)(chain)).toMatchObject(E.left({ _tag: 'EtaOutOfRange', eta: 1.2 }))
  })

  it('adds noise of its own only on the way to less of it', async () => {
    for (const rule of [ddim({ eta: 0.1 }), ddpm(), ddpm({ variance: 'fixed-large' })])
      expect(checkSteps({ ...config, rule })(ascent)).toMatchObject(
        E.left({
          _tag: 'NoiseAscending',
          t: -1,
          message: expect.stringContaining(
            'a rule that draws noise of its own only goes the other way',
          ) as string,
        }),
      )
    expect(checkSteps(config)(ascent)).toEqual(E.right(undefined))
    const { xt } = await finalSnapshot(from(ascent).pipe(denoise({ ...config, start: 2.1 })))
    expect(xt.data.every(Number.isFinite)).toBe(true)
  })
})

describe('a step', () => {
  const through = (from: Transition['from']): Transition => ({ ...chain[3]!, from, at: from.t })

  it('has to mean by t what the model means, between timesteps as well', async () => {
    const between = levelAt(linearSchedule(), 300.5)
    const { x } = await firstValueFrom(of({ x: 0.1, draws: 1 }).pipe(step(config)(through(between))))
    expect(Number.isFinite(x)).toBe(true)
    for (const from of [
      { t: 300.5, alphaBar: 1e-4 },
      { t: 999, alphaBar: 0 },
      { t: 1000, alphaBar: 4e-5 },
      { t: 0, alphaBar: 1 - 2e-4 },
    ])
      expect(() => step(config)(through(from))).toThrow(
        expect.objectContaining({ _tag: 'ScheduleMismatch', t: from.t }),
      )
  })
})
