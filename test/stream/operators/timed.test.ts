import { from, map } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { timed, type Timed } from '../../../src/stream/operators/timed.ts'
import { checklist, looseFrames, throws } from '../support/checklist.ts'
import { modelThat, stepsOf } from '../support/doubles.ts'
import { virtually } from '../support/time.ts'

checklist<Timed<OfStep>>('timed()', {
  operator: timed(),
  letter: ({ frame }) => String(frame.transition.index),
  marbles: '-0-1-2-3-4-|',
  throwing: (frames$) => {
    let calls = 0
    const now = (): number => (calls++ > 0 ? throws() : 0)
    return frames$.pipe(timed({ now }))
  },
})

describe('timed', () => {
  const times = { a: 1, b: 2, c: 3, d: 4 }

  it('counts from frame to frame, and the first from the subscription', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const source = cold('  -0-1---2--(3|)', looseFrames())
      const expected = '     -a-b---d--(c|)'
      expectObservable(
        source.pipe(
          timed(scheduler),
          map(({ ms }) => ms),
        ),
      ).toBe(expected, times)
    })
  })

  it('begins anew with every subscription', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const times$ = cold('  --0|', looseFrames()).pipe(
        timed(scheduler),
        map(({ ms }) => ms),
      )
      expectObservable(times$, '     ^   ').toBe('--b|', times)
      expectObservable(times$, '-----^').toBe('-------b|', times)
    })
  })

  it('counts the time that a sink keeps a step waiting', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const call = cold('  -(p|)', { p: { output: 0.5 } })
      const work = cold('  ---|')
      const ms$ = from(stepsOf(3)).pipe(
        denoise({
          model: modelThat(() => call),
          rule: ddim(),
          noise: philox({ seed: 7 }),
          inFlight: 1,
          scheduler,
        }),
        timed(scheduler),
        map(({ frame, ms }) => {
          frame.waitUntil(work)
          return ms
        }),
      )
      expectObservable(ms$).toBe('-a---d---d--|', times)
    })
  })

  it('gives the very frame that it was given', () => {
    const { 0: frame } = looseFrames()
    const seen: unknown[] = []
    from([frame!])
      .pipe(timed())
      .subscribe((one) => seen.push(one.frame))
    expect(seen[0]).toBe(frame)
  })
})
