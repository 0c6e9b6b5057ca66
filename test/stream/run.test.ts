import { EMPTY, lastValueFrom, map, NEVER, Observable, of, Subscription, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Transition } from '../../src/diffusion/transition.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { modelThat, schedule } from './support/doubles.ts'
import { aWhile, deferred } from './support/time.ts'

const noise = philox({ seed: 7 })
const instant = (): ReturnType<typeof modelThat> => modelThat(() => of({ output: 0.5 }))
const sampling = (
  model: Denoiser<number> = instant(),
  transitions$: Observable<Transition> = respace(schedule, trailing(5)),
): Observable<Frame<number>> => transitions$.pipe(denoise({ model, rule: ddim(), noise }))

/** Whether a promise has been resolved after a while. */
const isOver = async (promise: Promise<unknown>): Promise<boolean> => {
  let over = false
  void promise.then(() => {
    over = true
  })
  await aWhile()
  return over
}

describe('settled', () => {
  it('waits for the run of an observable', async () => {
    const answer = deferred<Prediction<number>>()
    const frames$ = sampling(modelThat(({ number }) => (number === 4 ? answer.promise : of({ output: 0.5 }))))
    frames$.subscribe()
    const rest = settled(frames$)
    expect(await isOver(rest)).toBe(false)
    answer.resolve({ output: 0.5 })
    expect(await isOver(rest)).toBe(true)
  })

  it('waits for all runs of an observable that are under way, and for no others', async () => {
    const frames$ = sampling()
    const works = [deferred<undefined>(), deferred<undefined>()]
    for (const { promise } of works) frames$.subscribe((frame) => frame.waitUntil(promise))
    const both = settled(frames$)
    works[0]!.resolve(undefined)
    expect(await isOver(both)).toBe(false)
    works[1]!.resolve(undefined)
    expect(await isOver(both)).toBe(true)
    const third = deferred<undefined>()
    frames$.subscribe((frame) => frame.waitUntil(third.promise))
    expect(await isOver(both)).toBe(true)
    expect(await isOver(settled(frames$))).toBe(false)
    third.resolve(undefined)
    expect(await isOver(settled(frames$))).toBe(true)
  })

  it('waits for the run of a frame, and not for another of the same observable', async () => {
    const frames$ = sampling()
    const frame = await lastValueFrom(frames$.pipe(take(1)))
    const work = deferred<undefined>()
    frames$.subscribe((other) => other.waitUntil(work.promise))
    expect(await isOver(settled(frame))).toBe(true)
    expect(await isOver(settled(frames$))).toBe(false)
    work.resolve(undefined)
    expect(await isOver(settled(frames$))).toBe(true)
  })

  it('waits for holds that outlive the subscription, whenever they began', async () => {
    const works = [deferred<undefined>(), deferred<undefined>(), deferred<undefined>()]
    const frames$ = sampling()
    const subscription = new Subscription()
    subscription.add(
      frames$.subscribe((frame) => {
        frame.waitUntil(works[0]!.promise)
        if (frame.transition.index === 0) return
        subscription.unsubscribe()
        // still lent
        frame.waitUntil(works[1]!.promise)
      }),
    )
    await aWhile()
    const rest = settled(frames$)
    works[0]!.resolve(undefined)
    expect(await isOver(rest)).toBe(false)
    works[1]!.resolve(undefined)
    expect(await isOver(rest)).toBe(true)
  })

  it('waits for work that begins when next() has already unsubscribed', async () => {
    const work = deferred<undefined>()
    const frames$ = sampling()
    const subscription = new Subscription()
    subscription.add(
      frames$.subscribe((frame) => {
        subscription.unsubscribe()
        frame.waitUntil(work.promise)
      }),
    )
    await aWhile()
    expect(await isOver(settled(frames$))).toBe(false)
    work.resolve(undefined)
    expect(await isOver(settled(frames$))).toBe(true)
  })

  it('waits for a call that goes on when the run is over, whatever becomes of it', async () => {
    for (const end of ['answer', 'error'] as const) {
      const answer = deferred<Prediction<number>>()
      const model = modelThat(() => answer.promise)
      const frames$ = sampling(model)
      const subscription = frames$.subscribe()
      await aWhile()
      subscription.unsubscribe()
      expect(model.calls[0]?.signal.aborted).toBe(true)
      const rest = settled(frames$)
      expect(await isOver(rest)).toBe(false)
      if (end === 'answer') answer.resolve({ output: 0.5 })
      else answer.reject(new Error('aborted'))
      expect(await isOver(rest)).toBe(true)
    }
  })

  it('resolves for an observable that nobody has subscribed to', async () => {
    await settled(sampling())
  })

  it('never hangs', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const deaf = { name: 'deaf', draw: broken }
    const runs: Readonly<Record<string, Observable<Frame<number>>>> = {
      'an empty source': sampling(instant(), EMPTY),
      'a source that fails at once': sampling(
        instant(),
        throwError(() => 'broken'),
      ),
      'a source that throws': sampling(instant(), new Observable<Transition>(broken)),
      'a network that throws': sampling(modelThat(broken)),
      'a network that fails': sampling(modelThat(() => throwError(() => 'broken'))),
      'a network that says nothing': sampling(modelThat(() => [])),
      'a network that has the run wait for nothing that can be waited for': sampling({
        ...instant(),
        predict: (_x, _t, _condition, { waitUntil }) => {
          waitUntil?.(undefined as never)
          return of({ output: 0.5 })
        },
      }),
      'a spacing that does not fit': sampling(instant(), respace(schedule, trailing(1001))),
      'noise that throws at x_T': respace(schedule, trailing(5)).pipe(
        denoise({ model: instant(), rule: ddim(), noise: deaf }),
      ),
      'noise that throws later': respace(schedule, trailing(5)).pipe(
        denoise({ model: instant(), rule: ddpm(), noise: deaf, start: 0.5 }),
      ),
    }
    for (const [name, frames$] of Object.entries(runs)) {
      frames$.subscribe({ error: () => undefined })
      expect([name, await isOver(settled(frames$))]).toEqual([name, true])
    }
    for (const transitions$ of [NEVER, respace(schedule, trailing(5))]) {
      const frames$ = sampling(instant(), transitions$)
      frames$.subscribe().unsubscribe()
      expect(await isOver(settled(frames$))).toBe(true)
    }
    const throwing$ = sampling()
    throwing$.pipe(map(broken)).subscribe({ error: () => undefined })
    expect(await isOver(settled(throwing$))).toBe(true)
  })

  it('refuses whatever is not a run, other operators’ observables among it', async () => {
    const frame = await lastValueFrom(sampling())
    const strangers = [
      of(1),
      sampling().pipe(snapshot()),
      {},
      { transition: frame.transition },
      null,
      undefined,
      7,
    ]
    for (const stranger of strangers)
      await expect(settled(stranger as never)).rejects.toMatchObject({
        _tag: 'NotARun',
        message: 'settled() takes the observable that denoise() returned, or a frame of it.',
      })
  })
})
