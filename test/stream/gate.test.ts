import {
  bufferCount,
  concat,
  EMPTY,
  filter,
  from,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  type Observable,
  type ObservableInput,
  of,
  share,
  Subject,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { createGate } from '../../src/stream/gate.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { modelThat, schedule, stepsOf } from './support/doubles.ts'
import { aWhile, deferred, unhandledDuring, virtually } from './support/time.ts'

const noise = philox({ seed: 7 })
const half = { p: { output: 0.5 } }

describe('createGate', () => {
  const look = (observable: Observable<never>): { ended: boolean; error?: unknown } => {
    const seen: { ended: boolean; error?: unknown } = { ended: false }
    observable.subscribe({
      complete: () => {
        seen.ended = true
      },
      error: (error: unknown) => {
        seen.error = error
      },
    })
    return seen
  }

  it('is open below its limit and idle when nobody holds', () => {
    const gate = createGate(2)
    const [one, two] = [new Subject<void>(), new Subject<void>()]
    gate.hold({}, one)
    expect([look(gate.open).ended, look(gate.idle).ended, gate.isOpen()]).toEqual([true, false, true])
    gate.hold({}, two)
    const [open, idle] = [look(gate.open), look(gate.idle)]
    expect([open.ended, idle.ended, gate.isOpen()]).toEqual([false, false, false])
    two.complete()
    expect([open.ended, idle.ended, gate.isOpen()]).toEqual([true, false, true])
    one.complete()
    expect(idle.ended).toBe(true)
  })

  it('counts a holder once, until the last of its works ends', () => {
    const gate = createGate(2)
    const holder = {}
    const works = [new Subject<void>(), new Subject<void>(), new Subject<void>()]
    for (const work of works) gate.hold(holder, work)
    expect(gate.isOpen()).toBe(true)
    const idle = look(gate.idle)
    works[1]!.complete()
    works[0]!.complete()
    expect(idle.ended).toBe(false)
    works[2]!.complete()
    expect(idle.ended).toBe(true)
  })

  it('says when each work ends, and frees before it opens', () => {
    const gate = createGate(1)
    const log: string[] = []
    const work = new Subject<void>()
    gate.hold({}, work, () => log.push('settled'))
    gate.open.subscribe({ complete: () => log.push('open') })
    work.next()
    expect(log).toEqual([])
    work.complete()
    expect(log).toEqual(['settled', 'open'])
    gate.hold({}, EMPTY, () => log.push('at once'))
    expect(log).toEqual(['settled', 'open', 'at once'])
  })

  it('fails with the first work that fails, and lets go of it', () => {
    const gate = createGate(1)
    const failure = look(gate.failure)
    gate.hold({}, NEVER)
    let ended = 0
    gate.hold(
      {},
      throwError(() => 'first'),
      () => ended++,
    )
    gate.hold(
      {},
      throwError(() => 'second'),
      () => ended++,
    )
    expect([failure.error, ended, gate.isOpen()]).toEqual(['first', 2, false])
    expect(look(gate.failure).error).toBe('first')
  })

  it('forgets who has stopped waiting', () => {
    const gate = createGate(1)
    const work = new Subject<void>()
    gate.hold({}, work)
    let opened = 0
    const waiting = [1, 2].map(() => gate.open.subscribe({ complete: () => opened++ }))
    waiting[0]?.unsubscribe()
    work.complete()
    expect(opened).toBe(1)
  })
})

describe('back-pressure', () => {
  const holding = (hold: (index: number) => number): ((frame: Frame<number>) => void) => {
    return (frame) => {
      const length = hold(frame.transition.index)
      if (length > 0) frame.waitUntil(timer(length))
    }
  }

  // five steps of two instants each, and a sink that takes eight for each frame
  const timetables = [
    {
      inFlight: 1,
      calls: [
        '^-!',
        '----------^-!',
        '--------------------^-!',
        '------------------------------^-!',
        '----------------------------------------^-!',
      ],
      frames: '--0---------1---------2---------3---------4-------|',
    },
    {
      inFlight: 2,
      calls: ['^-!', '--^-!', '----------^-!', '------------^-!', '--------------------^-!'],
      frames: '--0-1-------2-3-------4-------|',
    },
    {
      inFlight: 3,
      calls: ['^-!', '--^-!', '----^-!', '----------^-!', '------------^-!'],
      frames: '--0-1-2-----3-4-------|',
    },
    {
      inFlight: 9,
      calls: ['^-!', '--^-!', '----^-!', '------^-!', '--------^-!'],
      frames: '--0-1-2-3-4-------|',
    },
  ]
  for (const { inFlight, calls, frames } of timetables)
    it(`starts a step when fewer than ${inFlight} frames are held, and completes after the last hold`, () => {
      virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
        const call = cold('--p|', half)
        const frames$ = from(stepsOf(5)).pipe(
          denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler, inFlight }),
          tap(holding(() => 8)),
          map((frame) => String(frame.transition.index)),
        )
        expectObservable(frames$).toBe(frames)
        expectSubscriptions(call.subscriptions).toBe(calls)
      })
    })

  it('holds two frames unless told otherwise', () => {
    virtually(({ cold, expectSubscriptions, expectObservable, scheduler }) => {
      const call = cold('--p|', half)
      const frames$ = from(stepsOf(5)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
        tap(holding(() => 8)),
        map((frame) => String(frame.transition.index)),
      )
      expectObservable(frames$).toBe(timetables[1]!.frames)
      expectSubscriptions(call.subscriptions).toBe(timetables[1]!.calls)
    })
  })

  it('does not wait for frames that nobody holds', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   --p|                    ', half)
      const calls = ['      ^-!                      ', '----------^-!', '------------^-!']
      const last = '        ----------------------^-!'
      const expected = '    --0-----------2---------|'
      const frames$ = from(stepsOf(4)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler, inFlight: 1 }),
        filter((frame) => frame.transition.index % 2 === 0),
        tap(holding(() => 8)),
        map((frame) => String(frame.transition.index)),
      )
      expectObservable(frames$).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe([...calls, last])
    })
  })

  it('waits for the sink at the end of a buffer, and never for the buffer', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   --p|                                     ', half)
      const calls = ['      ^-!                                      ', '--^-!', '----^-!']
      const later = ['      ----------------^-!', '------------------^-!', '--------------------^-!']
      const expected = '    ------a---------------b---------|'
      const frames$ = from(stepsOf(6)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
        snapshot(),
        bufferCount(3),
        tap((snapshots) => snapshots.forEach(({ waitUntil }) => waitUntil(timer(10)))),
        map((snapshots) => (snapshots[0]?.transition.index === 0 ? 'a' : 'b')),
      )
      expectObservable(frames$).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe([...calls, ...later])
    })
  })

  it('goes by the slower of two sinks', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   --p|                              ', half)
      const calls = ['      ^-!                               ', '---------^-!', '------------------^-!']
      const expected = '    --0--------1--------2------|      '
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler, inFlight: 1 }),
        share(),
      )
      const sink = (length: number): Observable<string> =>
        frames$.pipe(
          tap(holding(() => length)),
          map((frame) => String(frame.transition.index)),
        )
      expectObservable(sink(3)).toBe(expected)
      expectObservable(sink(7)).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('hears of a hold that a snapshot asks for late', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   ----p|                       ', half)
      const calls = ['      ^---!                        ', '----^---!', '------------^---!']
      const expected = '    ----0---1-------2-|          '
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler, inFlight: 1 }),
        snapshot(),
        tap(({ transition: { index }, waitUntil }) => {
          if (index === 0) timer(1).subscribe(() => waitUntil(timer(7)))
          if (index === 2) waitUntil(timer(2))
        }),
        map(({ transition }) => String(transition.index)),
      )
      expectObservable(frames$).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('fails with work that fails, gives up the call under way and starts no other', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   --p|        ', half)
      const calls = ['      ^-!         ', '--^-!', '----^!']
      const steps = cold('  (abcd|)     ', {
        a: stepsOf(4)[0]!,
        b: stepsOf(4)[1]!,
        c: stepsOf(4)[2]!,
        d: stepsOf(4)[3]!,
      })
      const expected = '    --0-1#      '
      const frames$ = steps.pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
        tap((frame) => {
          if (frame.transition.index === 0)
            frame.waitUntil(timer(3).pipe(mergeMap(() => throwError(() => new Error('the disk is full')))))
        }),
        map((frame) => String(frame.transition.index)),
      )
      expectObservable(frames$).toBe(expected, undefined, new Error('the disk is full'))
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('fails at once with work that fails at once', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('   --p|        ', half)
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
        tap((frame) => frame.waitUntil(throwError(() => 'full'))),
        map((frame) => String(frame.transition.index)),
      )
      expectObservable(frames$).toBe('--#', undefined, 'full')
      expectSubscriptions(call.subscriptions).toBe(['^-!'])
    })
  })

  it('fails with work of the last frame, that would have been complete otherwise', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const call = cold('   --p|        ', half)
      const frames$ = from(stepsOf(1)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
        tap((frame) =>
          frame.waitUntil(
            concat(
              timer(5),
              throwError(() => 'full'),
            ),
          ),
        ),
        map((frame) => String(frame.transition.index)),
      )
      expectObservable(frames$).toBe('--0----#', undefined, 'full')
    })
  })

  const kinds: Readonly<Record<string, (work: Promise<undefined>) => ObservableInput<unknown>>> = {
    'a promise': (work) => work,
    'an observable': (work) => from(work),
    'an async iterable': async function* (work) {
      yield 'begun'
      await work
    },
    'a stream that says much': (work) => concat(of(1, 2, 3), work, [4]),
  }
  for (const [kind, wait] of Object.entries(kinds))
    it(`waits for ${kind}, in real time`, async () => {
      const model = modelThat(() => of({ output: 0.5 }))
      const [work, done] = [deferred<undefined>(), deferred<undefined>()]
      const frames$ = respace(schedule, trailing(3)).pipe(
        denoise({ model, rule: ddim(), noise, inFlight: 1 }),
      )
      frames$.subscribe({
        next: (frame) => {
          if (frame.transition.index === 0) frame.waitUntil(wait(work.promise))
        },
        complete: () => done.resolve(undefined),
      })
      await aWhile()
      expect(model.calls).toHaveLength(1)
      work.resolve(undefined)
      await done.promise
      expect(model.calls).toHaveLength(3)
    })

  it('starts the next step in a macrotask of its own, not in the sink’s', async () => {
    const model = modelThat(() => of({ output: 0.5 }))
    const work = new Subject<void>()
    const frames$ = respace(schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise, inFlight: 1 }))
    frames$.pipe(take(2)).subscribe((frame) => frame.waitUntil(work))
    await aWhile()
    expect(model.calls).toHaveLength(1)
    work.complete()
    await Promise.resolve()
    expect(model.calls).toHaveLength(1)
    await aWhile()
    expect(model.calls).toHaveLength(2)
  })

  it('swallows what fails after an end, whether by unsubscribing or by an error', async () => {
    const unhandled = await unhandledDuring(async () => {
      const works = [deferred<undefined>(), deferred<undefined>(), deferred<undefined>()]
      const run = (): Observable<Frame<number>> =>
        respace(schedule, trailing(9)).pipe(
          denoise({ model: modelThat(() => of({ output: 0.5 })), rule: ddim(), noise, inFlight: 3 }),
          tap((frame) => frame.waitUntil(works[frame.transition.index]!.promise)),
        )
      const failed = lastValueFrom(run()).catch((error: unknown) => error)
      const cancelled$ = respace(schedule, trailing(9)).pipe(
        denoise({ model: modelThat(() => of({ output: 0.5 })), rule: ddim(), noise, inFlight: 3 }),
      )
      const subscription = cancelled$.subscribe((frame) =>
        frame.waitUntil(works[frame.transition.index]!.promise),
      )
      await aWhile()
      subscription.unsubscribe()
      for (const [k, work] of works.entries()) work.reject(new Error(`disk ${k}`))
      expect(await failed).toEqual(new Error('disk 0'))
      await settled(cancelled$)
    })
    expect(unhandled).toEqual([])
  })
})
