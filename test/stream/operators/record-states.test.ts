import { lastValueFrom, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddpm } from '../../../src/diffusion/rule.ts'
import type { SavedState } from '../../../src/diffusion/saved-state.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { fork } from '../../../src/stream/fork.ts'
import { recordStates } from '../../../src/stream/operators/record-states.ts'
import { takeSteps } from '../../../src/stream/operators/take-steps.ts'
import { respace } from '../../../src/stream/respace.ts'
import { resume } from '../../../src/stream/resume.ts'
import { checklist } from '../support/checklist.ts'
import { stepsOf } from '../support/doubles.ts'
import { slope } from '../support/slope.ts'

const levels = stepsOf(5).map(({ to }) => to.t)

checklist<SavedState>('recordStates', {
  operator: (frames$) => frames$.pipe(recordStates()),
  letter: ({ at }) => String(levels.indexOf(at.t)),
  marbles: '-0-1-2-3---|',
  reads: true,
})

describe('recordStates', () => {
  it('refuses a k that is no whole number from 1', () => {
    for (const k of [0, -1, 1.5, NaN, Infinity])
      expect(() => recordStates(k)).toThrow('has to be a whole number from 1')
  })

  it('counts steps in each branch of a fork', async () => {
    const { model } = slope()
    const states$ = respace(model.schedule, trailing(10)).pipe(
      denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }) }),
      takeSteps(3),
      fork({ a: resume(), b: resume() }),
      recordStates(4),
      toArray(),
    )
    expect((await lastValueFrom(states$)).map(({ ahead }) => ahead.length)).toEqual([6, 6, 2, 2])
  })
})
