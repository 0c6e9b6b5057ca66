import { from, lastValueFrom, map, NEVER, of, Subject, tap, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { tapFrame } from '../../../src/stream/operators/tap-frame.ts'
import { respace } from '../../../src/stream/respace.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import { checklist, looseFrames, throws } from '../support/checklist.ts'
import { modelThat, schedule, stepsOf } from '../support/doubles.ts'
import { aWhile, deferred, macrotask, virtually } from '../support/time.ts'

const letter = ({ transition }: OfStep): string => String(transition.index)
const noise = philox({ seed: 7 })

checklist<OfStep>('tapFrame(with work)', {
  operator: (frames$) =>
    frames$.pipe(
      tapFrame(async (frame) => {
        await macrotask()
        // held: this would throw otherwise
        return [frame.xt, frame.x0, frame.eps]
      }),
    ),
  letter,
  marbles: '-0-1-2-3-4-|',
  throwing: (frames$) => frames$.pipe(tapFrame(throws)),
})

checklist<OfStep>('tapFrame(at once)', {
  operator: (frames$) =>
    frames$.pipe(
      tapFrame(({ transition }) => {
        expect(transition.count).toBe(5)
      }),
    ),
  letter,
  marbles: '-0-1-2-3-4-|',
})

describe('tapFrame', () => {
  it('gives the frame what it is to wait for, and nothing where there is nothing', () => {
    const [first, second] = Object.values(looseFrames())
    const work = of(1)
    of(first!)
      .pipe(tapFrame(() => work))
      .subscribe()
    of(second!)
      .pipe(tapFrame(() => undefined))
      .subscribe()
    expect(first?.waited).toEqual([work])
    expect(second?.waited).toEqual([])
  })

  it('keeps the run from getting ahead, in virtual time', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('-(p|)', { p: { output: 0.5 } })
      const calls = ['   ^!', '----^!', '--------^!']
      const work = cold('---|')
      const works = ['   -^--!', '-----^--!', '---------^--!']
      const expected = ' -0---1---2--|'
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, inFlight: 1, scheduler }),
      )
      expectObservable(
        frames$.pipe(
          tapFrame(() => work),
          map(letter),
        ),
      ).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(work.subscriptions).toBe(works)
    })
  })

  it('lets the run end when the work has', async () => {
    const work = deferred<undefined>()
    let over = false
    const run = lastValueFrom(
      respace(schedule, trailing(3)).pipe(
        denoise({ model: modelThat(() => [{ output: 0.5 }]), rule: ddim(), noise }),
        tapFrame(({ transition }) => (transition.index === 2 ? work.promise : undefined)),
      ),
    ).then(() => {
      over = true
    })
    await aWhile()
    expect(over).toBe(false)
    work.resolve(undefined)
    await run
  })

  it('fails the run when the work fails, and asks the network no more', async () => {
    const model = modelThat(() => [{ output: 0.5 }])
    const run = lastValueFrom(
      respace(schedule, trailing(5)).pipe(
        denoise({ model, rule: ddim(), noise, inFlight: 1 }),
        tapFrame(async () => {
          await macrotask()
          throw new Error('the disk is full')
        }),
      ),
    )
    await expect(run).rejects.toThrow('the disk is full')
    await aWhile()
    expect(model.calls).toHaveLength(1)
  })

  it('holds from a snapshot as well', async () => {
    const model = modelThat(() => [{ output: 0.5 }])
    const go = new Subject<never>()
    const run = lastValueFrom(
      respace(schedule, trailing(3)).pipe(
        denoise({ model, rule: ddim(), noise, inFlight: 1 }),
        snapshot(),
        tapFrame(({ xt, transition }) => {
          expect(xt.data).toHaveLength(1)
          return transition.index === 0 ? go : undefined
        }),
        toArray(),
      ),
    )
    await aWhile()
    expect(model.calls).toHaveLength(1)
    go.complete()
    expect(await run).toHaveLength(3)
  })

  it('stops the run for as long as the work never ends, and costs nothing', async () => {
    const model = modelThat(() => [{ output: 0.5 }])
    const seen: Array<Frame<number>> = []
    const subscription = respace(schedule, trailing(5))
      .pipe(
        denoise({ model, rule: ddim(), noise }),
        tapFrame(() => NEVER),
        tap((frame) => seen.push(frame)),
      )
      .subscribe()
    await aWhile()
    expect([model.calls.length, seen.length]).toEqual([2, 2])
    subscription.unsubscribe()
  })
})
