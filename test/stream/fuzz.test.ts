/**
 * Whole runs under random networks, sinks and cancellations, on an algebra that keeps books.
 */
import fc from 'fast-check'
import {
  asapScheduler,
  bufferCount,
  map,
  type Observable,
  type ObservableInput,
  of,
  queueScheduler,
  share,
  switchMap,
  take,
  tap,
  throwError,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame, OwnedFrame } from '../../src/stream/frame.ts'
import { macrotaskScheduler } from '../../src/model/macrotask.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { schedule } from './support/doubles.ts'
import { aWhile, macrotask, unhandledDuring } from './support/time.ts'

const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await macrotask()
}
const later = <A>(count: number, value: () => A): Observable<A> =>
  of(undefined).pipe(switchMap(() => turns(count).then(value)))

const schedulers = { macrotaskScheduler, queueScheduler, asapScheduler }
const delay = fc.integer({ min: 0, max: 6 })

/** How the network answers a call. */
const anyAnswer = fc.record({
  kind: fc.constantFrom('at once', 'promise', 'observable', 'async iterable'),
  delay,
})
/** What a sink does with a frame. */
const anyAct = fc.record({
  kind: fc.constantFrom('look', 'pass', 'hold', 'hold twice', 'keep', 'hold late'),
  delay,
})
const anyRun = fc.record({
  steps: fc.integer({ min: 1, max: 8 }),
  inFlight: fc.integer({ min: 1, max: 4 }),
  clip: fc.constantFrom('none', 'x0', 'x0+eps'),
  eta: fc.constantFrom(0, 0.5, 1),
  weight: fc.constantFrom(1, 2),
  variance: fc.boolean(),
  reading: fc.constantFrom('at once', 'later'),
  scheduler: fc.constantFrom<keyof typeof schedulers>(
    'macrotaskScheduler',
    'queueScheduler',
    'asapScheduler',
  ),
  answers: fc.array(anyAnswer, { minLength: 16, maxLength: 16 }),
  sinks: fc.array(fc.array(anyAct, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 2 }),
  ending: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'none', at: 0 } as const) },
    fc.record({
      kind: fc.constantFrom(
        'take',
        'unsubscribe after',
        'unsubscribe within next',
        'throw downstream',
        'network fails',
        'network rejects',
        'hold fails',
        'noise throws',
      ),
      at: fc.integer({ min: 0, max: 8 }),
    }),
  ),
  copies: fc.constantFrom('frames', 'snapshots', 'buffers'),
})
type Plan = typeof anyRun extends fc.Arbitrary<infer P> ? P : never

/** Runs a plan, and says what should not have happened. */
const play = async (plan: Plan): Promise<readonly string[]> => {
  const { ending } = plan
  const books = countingAlgebra(plan.reading)
  const { algebra } = books
  const wrong: string[] = []
  const kept: Array<OwnedFrame<Counted>> = []
  let over = false
  let calls = 0
  let holds = 0

  const model: Denoiser<Counted> = {
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [2],
    range: 1,
    labels: { count: 2, unconditional: 1 },
    predict: (x): ObservableInput<Prediction<Counted>> => {
      if (over) wrong.push('a call after the end')
      const call = calls++
      const { kind, delay } = plan.answers[call % 16]!
      if (ending.kind === 'network rejects' && call >= ending.at)
        return turns(delay).then(() => Promise.reject(new Error('network')))
      if (ending.kind === 'network fails' && call === ending.at) return throwError(() => new Error('network'))
      const predict = (): Prediction<Counted> => {
        const output = algebra.combine([[0.7, x]])
        return plan.variance ? { output, variance: algebra.combine([[0.1, x]]) } : { output }
      }
      switch (kind) {
        case 'at once':
          return of(undefined).pipe(map(predict))
        case 'promise':
          return turns(delay).then(predict)
        case 'observable':
          // an observable that is stopped makes nothing more: it stands for work that can be cancelled
          return later(delay, () => undefined).pipe(map(predict))
        case 'async iterable':
          return (async function* () {
            await turns(delay)
            yield predict()
          })()
      }
    },
  }
  const noise = philox({ seed: 7 })
  const frames$ = respace(schedule, trailing(plan.steps)).pipe(
    denoise({
      model: guided({ weight: plan.weight })(model),
      rule: ddim({ eta: plan.eta }),
      noise: {
        name: 'noise',
        draw: (draw, shape) => {
          if (ending.kind === 'noise throws' && draw === ending.at) throw new Error('noise')
          return noise.draw(draw, shape)
        },
      },
      condition: { labels: [0, 0] },
      clip: plan.clip,
      inFlight: plan.inFlight,
      scheduler: schedulers[plan.scheduler],
    }),
  )

  const held = async (count: number, then: () => void = () => undefined): Promise<void> => {
    holds++
    await turns(count)
    try {
      then()
    } catch (error) {
      wrong.push(`a held frame could not be read: ${String(error)}`)
    }
    holds--
  }
  const look = (frame: Frame<Counted>): void => {
    algebra.shape(frame.xt)
    algebra.shape(frame.x0)
    algebra.shape(frame.eps)
  }
  const act = (frame: Frame<Counted>, { kind, delay }: Plan['sinks'][number][number]): void => {
    switch (kind) {
      case 'pass':
        return
      case 'look':
        look(frame)
        return
      case 'hold':
        frame.waitUntil(held(delay, () => look(frame)))
        return
      case 'hold twice':
        frame.waitUntil(held(delay, () => look(frame)))
        frame.waitUntil(later(delay + 2, () => look(frame)))
        return
      case 'keep':
        kept.push(frame.keep())
        return
      case 'hold late':
        // a frame that has been handed back; late work for a run that is over holds nothing
        void turns(1).then(() => frame.waitUntil(turns(delay)))
        return
    }
  }

  const shared$ = plan.sinks.length === 1 ? frames$ : frames$.pipe(share())
  let ended = 0
  const outcomes: string[] = []
  const sink = (acts: Plan['sinks'][number], isFirst: boolean): Observable<number> => {
    const acted$ = shared$.pipe(
      tap((frame) => {
        if (over) wrong.push('a frame after the end')
        const { index } = frame.transition
        if (isFirst && ending.kind === 'hold fails' && index === ending.at)
          frame.waitUntil(turns(1).then(() => Promise.reject(new Error('hold'))))
        act(frame, acts[index]!)
        if (isFirst && ending.kind === 'throw downstream' && index === ending.at)
          throw new Error('downstream')
      }),
    )
    const index = map(
      ({ transition }: { readonly transition: Frame<Counted>['transition'] }) => transition.index,
    )
    switch (plan.copies) {
      case 'frames':
        return acted$.pipe(index)
      case 'snapshots':
        return acted$.pipe(
          snapshot({ xt: true, x0: true }),
          tap(({ waitUntil }) => waitUntil(held(1))),
          index,
        )
      case 'buffers':
        return acted$.pipe(
          snapshot(),
          bufferCount(2),
          tap((pair) => pair.forEach(({ waitUntil }) => waitUntil(held(1)))),
          switchMap((pair) => pair.map(({ transition }) => transition.index)),
        )
    }
  }

  // what completes a buffer too early, its last, comes when the run is over
  const outlivesRun = plan.copies === 'buffers' && plan.steps % 2 === 1
  const seen: number[][] = []
  const subscriptions = plan.sinks.map((acts, k) => {
    const indices: number[] = []
    seen.push(indices)
    const limited = ending.kind === 'take' ? sink(acts, k === 0).pipe(take(ending.at)) : sink(acts, k === 0)
    const subscription = limited.subscribe({
      next: (index) => {
        indices.push(index)
        if (ending.kind === 'unsubscribe within next' && index === ending.at) {
          // the subscription of a synchronous run is not there yet
          queueMicrotask(() => leave())
        }
      },
      error: (error: unknown) => {
        outcomes.push(error instanceof Error ? error.message : String(error))
        ended++
      },
      complete: () => {
        if (ending.kind === 'none' && !outlivesRun && plan.sinks.length === 1 && holds > 0)
          wrong.push('complete before the last hold ended')
        outcomes.push('complete')
        ended++
      },
    })
    return subscription
  })
  const leave = (): void => {
    for (const subscription of subscriptions) subscription.unsubscribe()
    over = true
    ended = plan.sinks.length
  }
  if (ending.kind === 'unsubscribe after') void turns(ending.at).then(leave)

  for (let k = 0; k < 600 && ended < plan.sinks.length; k++) await macrotask()
  if (ended < plan.sinks.length) wrong.push('a deadlock')
  over = true

  const rested = await Promise.race([settled(frames$).then(() => true), turns(200).then(() => false)])
  if (!rested) wrong.push('never settled')
  for (const frame of kept) {
    algebra.shape(frame.x0)
    frame[Symbol.dispose]()
  }
  if (books.alive() !== 0) wrong.push(`${books.alive()} tensors are left`)
  wrong.push(...books.faults)

  const everything = Array.from({ length: plan.steps }, (_, k) => k)
  if (ending.kind === 'none' && plan.sinks.length === 1) {
    if (outcomes.join() !== 'complete') wrong.push(`ended with ${outcomes.join()}`)
    if (seen[0]!.join() !== everything.join()) wrong.push(`saw ${seen[0]!.join()}`)
    if (calls !== plan.steps * (plan.weight === 1 ? 1 : 2)) wrong.push(`${calls} calls`)
  }
  for (const indices of seen) {
    // a second sink of a synchronous run comes late
    const from = plan.sinks.length === 1 ? 0 : (indices[0] ?? 0)
    if (indices.join() !== everything.slice(from, from + indices.length).join())
      wrong.push(`out of order: ${indices.join()}`)
  }
  return wrong
}

describe('any run', () => {
  it('frees all it makes, once, when it has settled; asks nothing after its end; and ends', async () => {
    const unhandled = await unhandledDuring(async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, async (plan) => {
          expect(await play(plan)).toEqual([])
        }),
        { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
      )
      await aWhile()
    })
    expect(unhandled).toEqual([])
  })
})
