import { from, lastValueFrom, observeOn, type SchedulerAction, toArray } from 'rxjs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { macrotaskScheduler } from '../../src/model/macrotask.ts'
import { aWhile, macrotask } from '../stream/support/time.ts'

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('macrotaskScheduler', () => {
  it('runs work in the next macrotask, after all microtasks', async () => {
    const log: string[] = []
    macrotaskScheduler.schedule(() => log.push('macrotask'))
    void Promise.resolve()
      .then(() => undefined)
      .then(() => log.push('microtask'))
    log.push('now')
    await aWhile()
    expect(log).toEqual(['now', 'microtask', 'macrotask'])
  })

  it('hands over the state', async () => {
    const states: Array<number | undefined> = []
    macrotaskScheduler.schedule<number>((state) => states.push(state), 0, 7)
    macrotaskScheduler.schedule<number>((state) => states.push(state), 1, 8)
    await later(5)
    // which is first is not said here: a timer of 1 ms may well be due before the next macrotask
    expect(states.toSorted()).toEqual([7, 8])
  })

  it('waits for a delay first', async () => {
    const begun = performance.now()
    const waited = await new Promise<number>((resolve) => {
      macrotaskScheduler.schedule(() => resolve(performance.now() - begun), 5)
    })
    expect(waited).toBeGreaterThanOrEqual(4)
  })

  it('runs nothing that was unsubscribed before, delayed or not', async () => {
    let ran = 0
    macrotaskScheduler.schedule(() => ran++).unsubscribe()
    macrotaskScheduler.schedule(() => ran++, 1).unsubscribe()
    await later(5)
    expect(ran).toBe(0)
  })

  it('runs work again when it reschedules itself, each time in a macrotask, delayed or not, with a new state', async () => {
    const states: Array<number | undefined> = []
    // what a work leaves to the microtasks is done before the next one runs
    const settledBefore: number[] = []
    let settled = 0
    macrotaskScheduler.schedule<number>(
      function (this: SchedulerAction<number>, state = 0) {
        states.push(state)
        settledBefore.push(settled)
        queueMicrotask(() => {
          settled += 1
        })
        if (state < 4) this.schedule(state + 1, state % 2)
      },
      0,
      0,
    )
    await expect.poll(() => states.length).toBe(5)
    expect(states).toEqual([0, 1, 2, 3, 4])
    expect(settledBefore).toEqual([0, 1, 2, 3, 4])
  })

  it('reschedules nothing once unsubscribed', async () => {
    let ran = 0
    const action = macrotaskScheduler.schedule(function (this: SchedulerAction<unknown>) {
      if (++ran === 3) action.unsubscribe()
      this.schedule()
    })
    await aWhile()
    expect(ran).toBe(3)
  })

  it('keeps nothing of the turns that are over', async () => {
    let ran = 0
    const action = macrotaskScheduler.schedule(function (this: SchedulerAction<unknown>) {
      if (++ran < 1000) this.schedule()
    })
    while (ran < 1000) await macrotask()
    // where RxJS keeps them
    expect(action).toHaveProperty('_finalizers')
    const { _finalizers } = action as unknown as { readonly _finalizers: readonly unknown[] | null }
    expect(_finalizers?.length ?? 0).toBeLessThan(2)
  })

  it('delivers a stream in order, and knows the time', async () => {
    const values = Array.from({ length: 100 }, (_, k) => k)
    expect(await lastValueFrom(from(values).pipe(observeOn(macrotaskScheduler), toArray()))).toEqual(values)
    expect(Math.abs(macrotaskScheduler.now() - Date.now())).toBeLessThan(1000)
  })
})

describe('macrotaskScheduler, where there is no setImmediate', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it('takes its turns from a MessageChannel', async () => {
    vi.resetModules()
    vi.stubGlobal('setImmediate', undefined)
    const { macrotaskScheduler: inBrowser } = await import('../../src/model/macrotask.ts')
    vi.unstubAllGlobals()
    const log: string[] = []
    inBrowser.schedule(() => log.push('never')).unsubscribe()
    inBrowser.schedule(() => log.push('macrotask'))
    void Promise.resolve().then(() => log.push('microtask'))
    await later(5)
    expect(log).toEqual(['microtask', 'macrotask'])
  })
})
