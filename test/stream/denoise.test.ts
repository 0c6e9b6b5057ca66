import {
  asapScheduler,
  asyncScheduler,
  concat,
  EMPTY,
  exhaustMap,
  from,
  lastValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  queueScheduler,
  Subject,
  Subscription,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
  toArray,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../src/algebra/float64.ts'
import { ddim, ddpm, rule } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Transition } from '../../src/diffusion/transition.ts'
import { fail } from '../../src/failure.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import { macrotaskScheduler } from '../../src/model/macrotask.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { countingAlgebra } from '../support/counting-algebra.ts'
import { countedNoise, modelThat, schedule, stepsOf } from './support/doubles.ts'
import { aWhile, virtually } from './support/time.ts'

const [a, b, c] = stepsOf(3) as [Transition, Transition, Transition]
const abc = { a, b, c }
const noise = philox({ seed: 7 })
const half = { p: { output: 0.5 }, q: { output: -0.5 } }
const sentence = (error: unknown): unknown => (error instanceof Error ? error.message : error)

/** Frames by the number of their step, so that marbles read `0`, `1`, `2`. */
const sampled = (
  transitions$: Observable<Transition>,
  config: Partial<DenoiseConfig<number>> & Pick<DenoiseConfig<number>, 'model'>,
): Observable<string> =>
  transitions$.pipe(
    denoise({ rule: ddim(), noise, ...config }),
    map((frame) => String(frame.transition.index)),
  )

describe('denoise, in virtual time', () => {
  it('makes a frame of every transition, with one call of the network after the other', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        ---p|            ', half)
      const calls = ['           ^--!             ', '---^--!', '------^--!']
      const steps = cold('       (abc|)           ', abc)
      const subs = '             (^!)             '
      const expected = '         ---0--1--(2|)    '
      expectObservable(sampled(steps, { model: modelThat(() => call), scheduler })).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(steps.subscriptions).toBe(subs)
    })
  })

  it('waits for transitions that come slowly', () => {
    virtually(({ cold, hot, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const calls = ['           -^-!             ', '------^-!', '-----------^-!']
      const steps = hot('        -a----b----c---| ', abc)
      const subs = '             ^--------------! '
      const expected = '         ---0----1----2-| '
      expectObservable(sampled(steps, { model: modelThat(() => call), scheduler })).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(steps.subscriptions).toBe(subs)
    })
  })

  it('completes with an empty source, and waits with a silent one', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const model = modelThat(() => NEVER)
      const empty = cold<Transition>('       ---|             ')
      expectObservable(sampled(empty, { model, scheduler })).toBe('---|')
      expectSubscriptions(empty.subscriptions).toBe('^--!')
      const never = cold<Transition>('       -                ')
      expectObservable(sampled(never, { model, scheduler }), '^----!').toBe('------')
      expectSubscriptions(never.subscriptions).toBe('^----!')
      expectObservable(sampled(EMPTY, { model, scheduler })).toBe('|')
      scheduler.schedule(() => expect(model.calls).toHaveLength(0), 30)
    })
  })

  it('passes an error of the source on at once, and gives up the call under way', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        ---p|            ', half)
      const calls = ['           ^--!             ', '---^-!']
      const steps = cold('       ab---#           ', abc)
      const subs = '             ^----!           '
      const expected = '         ---0-#           '
      const model = modelThat(() => call)
      expectObservable(sampled(steps, { model, scheduler })).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(steps.subscriptions).toBe(subs)
      expectObservable(sampled(cold<Transition>('#'), { model: modelThat(() => NEVER), scheduler })).toBe('#')
      scheduler.schedule(() => expect(model.calls.at(-1)?.signal.aborted).toBe(true), 9)
    })
  })

  it('passes an error of the network on, whether it comes at the first step or later', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const broken = cold<{ output: number }>('      --#              ')
      const call = cold('        --(p|)           ', half)
      const steps = cold('       (abc|)           ', abc)
      expectObservable(sampled(steps, { model: modelThat(() => broken), scheduler })).toBe('--#')
      const third = modelThat(({ number }) => (number === 2 ? broken : call))
      const expected = '         --0-1-#          '
      expectObservable(sampled(steps, { model: third, scheduler })).toBe(expected)
      expectSubscriptions(broken.subscriptions).toBe(['^-!', '----^-!'])
    })
  })

  it('passes on what the network throws instead of answering', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const model = modelThat(({ number }) => {
        if (number === 1) throw new Error('out of memory')
        return call
      })
      const expected = '         --0#             '
      const slowly = cold('      a--bc|           ', abc)
      expectObservable(sampled(slowly, { model, scheduler })).toBe(
        expected,
        undefined,
        new Error('out of memory'),
      )
    })
  })

  it('fails where the network ends without a prediction', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const silent = cold<{ output: number }>('      --|              ')
      const model = modelThat(({ number }) => (number === 1 ? silent : call))
      const expected = '         --0-#            '
      const failure = fail('PredictionMissing', { t: b.at })
      expectObservable(sampled(cold('(abc|)', abc), { model, scheduler })).toBe(expected, undefined, failure)
    })
  })

  it('takes the first prediction of a network that gives two', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const twice = cold('       --p-q|           ', half)
      const once = cold('        --p|             ', half)
      const calls = ['           ^-!              ', '--^-!', '----^-!']
      const frames$ = (answers: Observable<{ output: number }>): Observable<number> =>
        cold('(abc|)', abc).pipe(
          denoise({ model: modelThat(() => answers), rule: ddim(), noise, scheduler }),
          map(({ xt }) => xt),
        )
      expectObservable(frames$(twice)).toEqual(frames$(once))
      expectSubscriptions(twice.subscriptions).toBe(calls)
    })
  })

  it('fails where the rule throws, without asking the network about that step', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const calls = ['           ^-!              ']
      const tooMuch = ddim({ eta: ({ index }) => (index === 1 ? 2 : 0) })
      const expected = '         --#              '
      const steps = cold('       a-(bc|)          ', abc)
      expectObservable(
        steps.pipe(
          denoise({ model: modelThat(() => call), rule: tooMuch, noise, scheduler }),
          map((frame) => frame.transition.index),
          // the frame comes in the same instant as the failure
          tap({ next: (index) => expect(index).toBe(0) }),
          take(9),
          toArray(),
        ),
      ).toBe(expected, undefined, fail('EtaOutOfRange', { eta: 2 }))
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('does not even begin where steps that are known as a whole are not all possible', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const tooMuch = ddim({ eta: ({ index }) => (index === 2 ? 2 : 0) })
      const model = modelThat(() => NEVER)
      const whole = cold('       (abc|)           ', abc)
      const expected = '         #                '
      const failure = fail('EtaOutOfRange', { eta: 2 })
      expectObservable(sampled(whole, { model, rule: tooMuch, scheduler })).toBe(expected, undefined, failure)
      scheduler.schedule(() => expect(model.calls).toEqual([]), 9)
    })
  })

  it('takes only steps that join up, whether they come live or are known as a whole', () => {
    virtually(({ cold, expectObservable, scheduler }) => {
      const model = modelThat(() => of(half.p))
      const apart = fail('StepsApart', { ended: a.to, begins: c.from })
      expectObservable(sampled(cold('   (ac|)', abc), { model, scheduler })).toBe('   #', undefined, apart)
      expectObservable(sampled(cold('   a--c|', abc), { model, scheduler })).toBe('   0--#', undefined, apart)
      const again = fail('StepsApart', { ended: a.to, begins: a.from })
      expectObservable(sampled(cold('   a--a|', abc), { model, scheduler })).toBe('   0--#', undefined, again)
      const elsewhere = { ...b, from: { ...b.from, alphaBar: b.from.alphaBar / 2 } }
      const other = fail('StepsApart', { ended: a.to, begins: elsewhere.from })
      expectObservable(sampled(cold('   a--x|', { a, x: elsewhere }), { model, scheduler })).toBe(
        '   0--#',
        undefined,
        other,
      )
      // a table in float32 means the same levels
      const rounded = { ...b, from: { ...b.from, alphaBar: Math.fround(b.from.alphaBar) } }
      expectObservable(sampled(cold('   a--x|', { a, x: rounded }), { model, scheduler })).toBe('   0--1|')
    })
  })

  it('fails where the noise throws, at x_T or later', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const steps = cold('       (abc|)           ', abc)
      const deaf = (at: number): DenoiseConfig<number>['noise'] => ({
        name: 'deaf',
        draw: (draw, shape) => {
          if (draw === at) throw new Error(`no draw ${draw}`)
          return noise.draw(draw, shape)
        },
      })
      const run = (at: number): Observable<string> =>
        sampled(steps, { model: modelThat(() => call), rule: ddpm(), noise: deaf(at), scheduler })
      expectObservable(run(0)).toBe('#', undefined, new Error('no draw 0'))
      expectObservable(run(2)).toBe('--0-#', undefined, new Error('no draw 2'))
      expectSubscriptions(call.subscriptions).toBe(['^-!', '--^-!'])
      expectSubscriptions(steps.subscriptions).toBe(['(^!)'])
    })
  })

  it('starts no other step when somebody downstream throws', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const calls = ['           ^-!              ', '--^-!']
      const steps = cold('       ab---c|          ', abc)
      const subs = '             ^---!            '
      const expected = '         --0-#            '
      const picky = map((index: string) => {
        if (index === '1') throw new Error('not this one')
        return index
      })
      const frames$ = sampled(steps, { model: modelThat(() => call), scheduler })
      expectObservable(frames$.pipe(picky)).toBe(expected, undefined, new Error('not this one'))
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(steps.subscriptions).toBe(subs)
    })
  })

  it('gives up the call under way when unsubscribed, and starts no other', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        ---p|            ', half)
      const calls = ['           ^--!             ', '---^!']
      const steps = cold('       ab------c|       ', abc)
      const subs = '             ^---!            '
      const unsub = '            ----!            '
      const expected = '         ---0-            '
      const model = modelThat(() => call)
      expectObservable(sampled(steps, { model, scheduler }), unsub).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
      expectSubscriptions(steps.subscriptions).toBe(subs)
      scheduler.schedule(() => expect(model.calls.at(-1)?.signal.aborted).toBe(true), 20)
    })
  })

  it('starts no step between two frames when unsubscribed there', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const calls = ['           ^-!              ', '--^-!']
      const steps = cold('       (abc|)           ', abc)
      const expected = '         --0-(1|)         '
      expectObservable(sampled(steps, { model: modelThat(() => call), scheduler }).pipe(take(2))).toBe(
        expected,
      )
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('is cold: subscribed to again, it samples again', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('        --(p|)           ', half)
      const steps = cold('       (ab|)            ', abc)
      const frames$ = sampled(steps, { model: modelThat(() => call), scheduler })
      expectObservable(frames$, '^                ').toBe('--0-(1|)')
      expectObservable(frames$, '---^             ').toBe('-----0-(1|)')
      expectSubscriptions(call.subscriptions).toBe(['^-!', '--^-!', '---^-!', '-----^-!'])
      expectSubscriptions(steps.subscriptions).toBe(['(^!)', '---(^!)'])
    })
  })

  it('does 2000 steps at one instant without exhausting the stack', () => {
    virtually(({ expectObservable, scheduler }) => {
      const long = linearSchedule({ trainedSteps: 2000 })
      const frames$ = respace(long, trailing(2000)).pipe(
        denoise({
          model: gaussianMixture([{ mean: 2, deviation: 0.1 }], long),
          rule: ddpm(),
          noise,
          scheduler,
        }),
        map((frame) => frame.transition.index),
        toArray(),
      )
      expectObservable(frames$).toBe('(p|)', { p: Array.from({ length: 2000 }, (_, k) => k) })
    })
  })
})

describe('denoise, re-entered', () => {
  const model = (): ReturnType<typeof modelThat> => modelThat(() => of({ output: 0.5 }))
  const schedulers = { queueScheduler, asapScheduler, asyncScheduler, macrotaskScheduler }

  for (const [name, scheduler] of Object.entries(schedulers)) {
    it(`does 2000 steps on the ${name}`, async () => {
      const long = linearSchedule({ trainedSteps: 2000 })
      const steps = respace(long, trailing(scheduler === asyncScheduler ? 200 : 2000))
      const exact = gaussianMixture([{ mean: 2, deviation: 0.1 }], long)
      const frames$ = steps.pipe(denoise({ model: exact, rule: ddim(), noise, scheduler }))
      const path = await lastValueFrom(
        frames$.pipe(
          map(({ xt }) => xt),
          toArray(),
        ),
      )
      expect(path.at(-1)).toBeCloseTo(2, 0)
      expect(path).toHaveLength(scheduler === asyncScheduler ? 200 : 2000)
    })

    it(`stops on the ${name} when its frames were taken`, async () => {
      const asked = model()
      const frames$ = respace(schedule, trailing(50)).pipe(
        denoise({ model: asked, rule: ddim(), noise, scheduler }),
      )
      expect(
        await lastValueFrom(
          frames$.pipe(
            map((frame) => frame.transition.index),
            take(3),
            toArray(),
          ),
        ),
      ).toEqual([0, 1, 2])
      await settled(frames$)
      await aWhile()
      expect(asked.calls).toHaveLength(3)
    })
  }

  it('stops when next() unsubscribes', async () => {
    const asked = model()
    const frames$ = respace(schedule, trailing(50)).pipe(denoise({ model: asked, rule: ddim(), noise }))
    const subscription = new Subscription()
    const seen: number[] = []
    subscription.add(
      frames$.subscribe((frame) => {
        if (frame.transition.index === 1) subscription.unsubscribe()
        // still lent, until next() returns
        seen.push(frame.xt)
      }),
    )
    await settled(frames$)
    await aWhile()
    expect(seen).toHaveLength(2)
    expect(asked.calls).toHaveLength(2)
  })

  it('takes transitions that next() feeds it, in order', async () => {
    const steps$ = new Subject<Transition>()
    const seen: number[] = []
    const feed = [b, c]
    const done = lastValueFrom(
      steps$.pipe(
        denoise({ model: model(), rule: ddim(), noise }),
        tap((frame) => {
          seen.push(frame.transition.index)
          const next = feed.shift()
          if (next === undefined) steps$.complete()
          else steps$.next(next)
        }),
      ),
    )
    steps$.next(a)
    await done
    expect(seen).toEqual([0, 1, 2])
  })

  it('runs twice when next() subscribes again', async () => {
    const frames$ = from([a, b, c]).pipe(
      denoise({ model: model(), rule: ddpm(), noise }),
      map(({ xt }) => xt),
    )
    const inner: Array<Promise<number[]>> = []
    const outer = await lastValueFrom(
      frames$.pipe(
        tap(() => {
          inner.push(lastValueFrom(frames$.pipe(toArray())))
        }),
        toArray(),
      ),
    )
    expect(inner).toHaveLength(3)
    for (const path of await Promise.all(inner)) expect(path).toEqual(outer)
  })

  it('stops when the network itself has the run unsubscribed', async () => {
    const subscription = new Subscription()
    const asked = modelThat(({ number }) => {
      if (number === 2) subscription.unsubscribe()
      return of({ output: 0.5 })
    })
    const frames$ = respace(schedule, trailing(50)).pipe(denoise({ model: asked, rule: ddim(), noise }))
    let frames = 0
    subscription.add(frames$.subscribe(() => frames++))
    await aWhile()
    await settled(frames$)
    expect([frames, asked.calls.length]).toEqual([2, 3])
  })

  it('keeps x for a network that has itself the run unsubscribed', async () => {
    const { algebra, faults } = countingAlgebra()
    const subscription = new Subscription()
    const frames$ = respace(schedule, trailing(3)).pipe(
      denoise({
        model: {
          ...{ algebra, predicts: 'epsilon', schedule, shape: [2] },
          predict: (x) => {
            subscription.unsubscribe()
            return of({ output: algebra.combine([[0.5, x]]) })
          },
        },
        rule: ddim(),
        noise,
      }),
    )
    subscription.add(frames$.subscribe())
    await aWhile()
    expect(faults).toEqual([])
  })
})

describe('denoise, in real time', () => {
  it('lets timers run between steps, so that takeUntil(timer(…)) stops a run', async () => {
    const begun$ = new Subject<void>()
    const asked = modelThat(() => {
      begun$.next()
      // a network that keeps the thread for a while
      const until = performance.now() + 1
      while (performance.now() < until);
      return of({ output: 0 })
    })
    const frames$ = respace(schedule, trailing(1000)).pipe(denoise({ model: asked, rule: ddim(), noise }))
    await lastValueFrom(frames$.pipe(takeUntil(begun$.pipe(exhaustMap(() => timer(10))))), {
      defaultValue: undefined,
    })
    await aWhile()
    expect(asked.calls.length).toBeGreaterThan(0)
    expect(asked.calls.length).toBeLessThan(100)
  })

  it('gives each step a macrotask of its own', async () => {
    let tick = 0
    const ticks: number[] = []
    let running = true
    const beat = (): void => {
      tick++
      if (running) setImmediate(beat)
    }
    beat()
    const asked = modelThat(() => {
      ticks.push(tick)
      return of({ output: 0 })
    })
    await lastValueFrom(respace(schedule, trailing(20)).pipe(denoise({ model: asked, rule: ddim(), noise })))
    running = false
    expect(new Set(ticks).size).toBe(20)
  })
})

describe('denoise, configured', () => {
  const model = modelThat(() => of({ output: 0.5 }))
  const failing = async (frames$: Observable<unknown>): Promise<unknown> =>
    lastValueFrom(frames$).then(
      () => 'no error',
      (error: unknown) => error,
    )

  it('refuses steps that belong to another schedule', async () => {
    const steps$ = respace(linearSchedule({ betaEnd: 0.03 }), trailing(3))
    expect(await failing(steps$.pipe(denoise({ model, rule: ddim(), noise })))).toMatchObject({
      _tag: 'ScheduleMismatch',
      t: 999,
    })
    const longer$ = respace(linearSchedule({ trainedSteps: 2000 }), trailing(3))
    expect(await failing(longer$.pipe(denoise({ model, rule: ddim(), noise })))).toMatchObject({
      _tag: 'ScheduleMismatch',
      model: undefined,
    })
  })

  it('refuses to clip to a range that nobody has named', async () => {
    const frames$ = from([a]).pipe(denoise({ model, rule: ddim(), noise, clip: 'x0' }))
    expect(await failing(frames$)).toMatchObject({ _tag: 'ClipWithoutRange', clip: 'x0' })
    const clipped$ = from([a]).pipe(denoise({ model, rule: ddim(), noise, clip: { mode: 'x0', range: 1 } }))
    expect(await failing(clipped$)).toBe('no error')
  })

  it('clips x₀ and ε to the range of a model that has one, unless told otherwise', async () => {
    const far = { ...modelThat(() => of({ output: -100 })), range: 1 }
    const run = (clip?: DenoiseConfig<number>['clip']): Promise<readonly [number, number]> =>
      lastValueFrom(
        from([a]).pipe(
          denoise({ model: far, rule: ddim(), noise, start: 0.5, ...(clip === undefined ? {} : { clip }) }),
          map(({ x0, eps }) => [x0, eps] as const),
        ),
      )
    const [x0, eps] = await run()
    expect(x0).toBe(1)
    expect(Math.sqrt(a.from.alphaBar) * x0 + Math.sqrt(1 - a.from.alphaBar) * eps).toBeCloseTo(0.5, 12)
    expect(await run('x0')).toEqual([1, -100])
    expect(await run('none')).not.toContain(1)
  })

  it('draws as many samples as there are labels, or as it is told', async () => {
    const shapes: Array<readonly number[]> = []
    const shaped = {
      algebra: float64,
      predicts: 'epsilon',
      schedule,
      shape: [2, 2, 1],
      labels: { count: 3 },
      predict: (x: ReturnType<typeof float64.fromValues>, t: readonly number[]) => {
        shapes.push(x.shape, [t.length])
        return of({ output: float64.combine([[0, x]]) })
      },
    } as const
    const run = (config: Partial<DenoiseConfig<Parameters<typeof shaped.predict>[0]>>): Promise<unknown> =>
      lastValueFrom(from([a]).pipe(denoise({ model: shaped, rule: ddim(), noise, ...config })))
    await run({})
    await run({ condition: { labels: [0, 1, 2] } })
    await run({ batch: 5 })
    expect(shapes).toEqual([[1, 2, 2, 1], [1], [3, 2, 2, 1], [3], [5, 2, 2, 1], [5]])
  })

  it('starts from what it is given, and then draws no x_T', async () => {
    const counted = countedNoise()
    const path = await lastValueFrom(
      from([a, b, c]).pipe(
        denoise({
          model: gaussianMixture([{ mean: 0, deviation: 1 }]),
          rule: ddpm(),
          noise: counted,
          start: 1,
        }),
        map(({ xt }) => xt),
        toArray(),
      ),
    )
    expect(path).toHaveLength(3)
    // the last step leads to the clean level, where σ is 0
    expect(counted.draws).toEqual([1, 2])
  })

  it('takes a rule of the user’s own, and says what it throws', async () => {
    const broken = rule('broken', [
      () => {
        throw new Error('divided by zero')
      },
    ])
    expect(sentence(await failing(from([a]).pipe(denoise({ model, rule: broken, noise }))))).toBe(
      'divided by zero',
    )
  })

  it('passes on the failure of a spacing that does not fit', async () => {
    const frames$ = respace(schedule, trailing(1001)).pipe(denoise({ model, rule: ddim(), noise }))
    expect(await failing(frames$)).toMatchObject({ _tag: 'TooManySteps', steps: 1001 })
    expect(
      await failing(
        concat(
          of(a),
          throwError(() => 'upstream'),
        ).pipe(denoise({ model, rule: ddim(), noise })),
      ),
    ).toBe('upstream')
  })
})
