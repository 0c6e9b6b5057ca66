import { from } from 'rxjs'
import { describe, it } from 'vitest'
import { progress, type Progress } from '../../../src/stream/operators/progress.ts'
import { checklist, throws } from '../support/checklist.ts'
import { looseFrame, stepsOf } from '../support/doubles.ts'
import { virtually } from '../support/time.ts'

checklist<Progress>('progress()', {
  operator: progress(),
  letter: ({ done }) => String(done - 1),
  marbles: '-0-1-2-3-4-|',
  throwing: (frames$) => {
    let calls = 0
    const now = (): number => (calls++ > 0 ? throws() : 0)
    return frames$.pipe(progress({ now }))
  },
})

describe('progress', () => {
  const frames = Object.fromEntries(stepsOf(4).map((step, k) => [String(k), looseFrame(step)]))

  it('says what is done, at what rate, and what that leaves', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const source = cold('  ----0--1-2-(3|)', frames)
      const expected = '     ----a--b-c-(d|)'
      expectObservable(source.pipe(progress(scheduler))).toBe(expected, {
        a: { done: 1, total: 4, elapsed: 4, rate: 250, remaining: 12 },
        b: { done: 2, total: 4, elapsed: 7, rate: 1000 / 3.5, remaining: 7 },
        c: { done: 3, total: 4, elapsed: 9, rate: 1000 / 3, remaining: 3 },
        d: { done: 4, total: 4, elapsed: 11, rate: 1000 / 2.75, remaining: 0 },
      })
    })
  })

  it('takes the rate of a run that is resumed from the steps that it makes', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const source = cold('  --2---(3|)', frames)
      expectObservable(source.pipe(progress(scheduler))).toBe('--c---(d|)', {
        c: { done: 3, total: 4, elapsed: 2, rate: 500, remaining: 2 },
        d: { done: 4, total: 4, elapsed: 6, rate: 1000 / 3, remaining: 0 },
      })
    })
  })

  it('knows nothing, and says so in numbers, where no time has passed', () => {
    virtually(({ expectObservable, scheduler }) => {
      const source = from([frames['0']!])
      expectObservable(source.pipe(progress(scheduler))).toBe('(a|)', {
        a: { done: 1, total: 4, elapsed: 0, rate: Infinity, remaining: 0 },
      })
    })
  })
})
