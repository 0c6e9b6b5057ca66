import { lastValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { explicit, trailing } from '../../src/diffusion/spacing.ts'
import { fail } from '../../src/failure.ts'
import { respace } from '../../src/stream/respace.ts'
import { stepsOf } from './support/doubles.ts'
import { virtually } from './support/time.ts'

const schedule = linearSchedule()
const [a, b, c] = stepsOf(3)

describe('respace', () => {
  it('emits the transitions at once and completes, as often as it is subscribed to', () => {
    virtually(({ expectObservable }) => {
      const steps$ = respace(schedule, trailing(3))
      expectObservable(steps$, '^ ').toBe('(abc|)', { a, b, c })
      expectObservable(steps$, '--^').toBe('--(abc|)', { a, b, c })
    })
  })

  it('begins each step where the one before it ended', async () => {
    const steps = await lastValueFrom(respace(schedule, trailing(50)).pipe(toArray()))
    expect(steps).toHaveLength(50)
    expect(steps.slice(1).map(({ from }) => from)).toEqual(steps.slice(0, -1).map(({ to }) => to))
    expect(steps.at(-1)?.to).toEqual({ t: -1, alphaBar: 1 })
  })

  it('can end at the first timestep', async () => {
    const steps = await lastValueFrom(respace(schedule, trailing(4), { finalLevel: 'first' }).pipe(toArray()))
    expect(steps.at(-1)?.to).toEqual({ t: 0, alphaBar: schedule.alphaBars[0] })
  })

  it('stops when nobody listens', async () => {
    expect(await lastValueFrom(respace(schedule, trailing(1000)).pipe(take(2), toArray()))).toHaveLength(2)
  })

  it('fails where the spacing does not fit the schedule', () => {
    virtually(({ expectObservable }) => {
      const tooMany = fail('TooManySteps', { steps: 1001, trained: 1000 })
      expectObservable(respace(schedule, trailing(1001))).toBe('#', undefined, tooMany)
      expectObservable(respace(linearSchedule({ trainedSteps: 10 }), explicit([10, 3]))).toBe(
        '#',
        undefined,
        fail('SpacingInvalid', {
          spacing: 'explicit(10, 3)',
          reason: 'it visits t = 10, and the schedule has 0 to 9',
        }),
      )
    })
  })
})
