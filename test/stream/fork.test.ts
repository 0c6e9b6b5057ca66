import {
  concatMap,
  defaultIfEmpty,
  EMPTY,
  filter,
  identity,
  lastValueFrom,
  map,
  merge,
  NEVER,
  type Observable,
  of,
  retry,
  Subject,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
  toArray,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { dpmpp2m, heun } from '../../src/diffusion/solver.ts'
import type { Transition } from '../../src/diffusion/transition.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { coalesce } from '../../src/model/coalesce.ts'
import { guided } from '../../src/model/guided.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import type { Branch } from '../../src/stream/branch.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { fork, type FrameOperator } from '../../src/stream/fork.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { everyNth } from '../../src/stream/operators/every-nth.ts'
import { metrics } from '../../src/stream/operators/metrics.ts'
import { onlyX0 } from '../../src/stream/operators/only-x0.ts'
import { untilStable } from '../../src/stream/operators/until-stable.ts'
import { respace } from '../../src/stream/respace.ts'
import { resume } from '../../src/stream/resume.ts'
import { settled } from '../../src/stream/settled.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import type { Counted } from '../support/counting-algebra.ts'
import { modelThat } from './support/doubles.ts'
import { slope, type Slope } from './support/slope.ts'
import { aWhile, unhandledDuring, virtually } from './support/time.ts'

const noise = philox({ seed: 7 })
const batch = 2
const rules = { ddpm: ddpm(), ddim: ddim(), half: ddim({ eta: 0.5 }) }

const chainOf = ({ model }: Slope, rule: Rule, steps = 50): Observable<Frame<Counted>> =>
  respace(model.schedule, trailing(steps)).pipe(denoise({ model, rule, noise, batch }))

/** The end of a chain by itself. */
const endOf = async (rule: Rule, steps = 50): Promise<readonly number[]> => {
  const { xt } = await finalSnapshot(chainOf(slope(), rule, steps))
  return [...xt.data]
}

/** Every frame as a step and numbers. */
const steps = (
  frames$: Observable<Frame<Counted>>,
): Observable<ReadonlyArray<{ index: number; data: number[] }>> =>
  frames$.pipe(
    snapshot(),
    map(({ transition, xt }) => ({ index: transition.index, data: [...xt.data] })),
    toArray(),
  )

/** The same, of branches. */
const seen = (
  frames$: Observable<Frame<Counted> & Branch>,
): Observable<ReadonlyArray<Branch & { index: number; data: number[] }>> =>
  frames$.pipe(
    snapshot(),
    map(({ transition, xt, branch, path }) => ({
      branch,
      path,
      index: transition.index,
      data: [...xt.data],
    })),
    toArray(),
  )

const branchesOf = (model: Denoiser<Counted>) => {
  const branch = (rule: Rule) => denoise({ model, rule, noise, batch })
  return { ddpm: branch(rules.ddpm), ddim: branch(rules.ddim), half: branch(rules.half) }
}

describe('fork at x_T', () => {
  const serially = (): ((frame: { waitUntil: Frame<Counted>['waitUntil'] }) => void) => {
    let last = Promise.resolve()
    return (frame) => {
      last = last.then(() => new Promise((done) => setTimeout(done, 1)))
      frame.waitUntil(last)
    }
  }
  it.each([
    ['without a sink', () => () => undefined],
    ['with one that takes one frame after the other', serially],
    [
      'with a slow one on one branch',
      () => (frame: Frame<Counted> & Branch) => {
        if (frame.branch === 'ddim') frame.waitUntil(timer(2))
      },
    ],
  ])('makes as many calls for three branches as for one, %s', async (_, sinkOf) => {
    const alone = slope()
    const forked$ = respace(alone.model.schedule, trailing(50)).pipe(fork(branchesOf(coalesce(alone.model))))
    const sink = sinkOf()
    const frames = await lastValueFrom(seen(forked$.pipe(tap(sink))))
    expect(alone.calls).toEqual(Array<number>(50).fill(6))
    // in the order of the record, round after round
    expect(frames.map(({ branch, index }) => `${branch} ${String(index)}`)).toEqual(
      Array.from({ length: 50 }, (__, i) =>
        ['ddpm', 'ddim', 'half'].map((name) => `${name} ${String(i)}`),
      ).flat(),
    )
    for (const [name, rule] of Object.entries(rules))
      expect(frames.findLast(({ branch }) => branch === name)?.data).toEqual(await endOf(rule))
    await settled(forked$)
    expect([alone.books.alive(), alone.books.faults]).toEqual([0, []])
  })

  it('makes as many calls as its longest branch, and in each round as many as whoever asks most', async () => {
    const { model, calls } = slope()
    const shared = coalesce(model)
    const own = (rule: Rule, steps: number) => (): Observable<Frame<Counted>> =>
      respace(model.schedule, trailing(steps)).pipe(denoise({ model: shared, rule, noise, batch }))
    await lastValueFrom(
      respace(model.schedule, trailing(50)).pipe(fork({ long: own(ddim(), 50), short: own(ddpm(), 10) })),
    )
    expect(calls).toEqual([...Array<number>(10).fill(4), ...Array<number>(40).fill(2)])
    const two = slope()
    const both = coalesce(two.model)
    await lastValueFrom(
      respace(model.schedule, trailing(10)).pipe(
        fork({
          heun: denoise({ model: both, rule: heun(), noise, batch }),
          ddim: denoise({ model: both, rule: ddim(), noise, batch }),
        }),
      ),
    )
    // Heun's last step asks once
    expect(two.calls.length).toBeLessThanOrEqual(20)
    expect(two.calls.filter((rows) => rows === 4)).toHaveLength(10)
  })

  it('cancels one branch alone, which changes nothing for the others', async () => {
    const { model, calls, books } = slope()
    const { ddpm: noisy, ddim: still } = branchesOf(coalesce(model))
    const stop$ = new Subject<void>()
    const forked$ = respace(model.schedule, trailing(50)).pipe(
      fork({ noisy: (steps$: Parameters<typeof noisy>[0]) => steps$.pipe(noisy, takeUntil(stop$)), still }),
    )
    const frames = await lastValueFrom(
      seen(
        forked$.pipe(
          tap(({ branch, transition }) => {
            if (branch === 'still' && transition.index === 9) stop$.next()
          }),
        ),
      ),
    )
    expect(frames.filter(({ branch }) => branch === 'noisy')).toHaveLength(10)
    expect(frames.at(-1)).toMatchObject({ branch: 'still', index: 49, data: await endOf(rules.ddim) })
    expect(calls).toEqual([...Array<number>(10).fill(4), ...Array<number>(40).fill(2)])
    await settled(forked$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('fails as a whole when a branch fails, and frees everything', async () => {
    const { model, books } = slope()
    const failing: Denoiser<Counted> = {
      ...model,
      predict: (x, t, condition, options) =>
        (t[0] ?? 0) < 500 ? throwError(() => new Error('no more')) : model.predict(x, t, condition, options),
    }
    const forked$ = respace(model.schedule, trailing(50)).pipe(
      fork({ good: branchesOf(model).ddim, bad: denoise({ model: failing, rule: ddim(), noise, batch }) }),
    )
    const unhandled = await unhandledDuring(async () => {
      await expect(lastValueFrom(forked$)).rejects.toThrow('no more')
      await settled(forked$)
    })
    expect([unhandled, books.alive(), books.faults]).toEqual([[], 0, []])
  })

  it('starts no call after it has been unsubscribed from', async () => {
    const { model, calls, books } = slope()
    const forked$ = respace(model.schedule, trailing(50)).pipe(fork(branchesOf(coalesce(model))))
    await lastValueFrom(forked$.pipe(take(30)))
    const made = calls.length
    await aWhile()
    expect([made, calls.length]).toEqual([10, 10])
    await settled(forked$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('completes at once with no branches, and never while a source never does', async () => {
    const { model } = slope()
    const none$ = chainOf(slope(), ddim(), 3).pipe(fork({}), toArray())
    expect(await lastValueFrom(none$)).toEqual([])
    let over = false
    NEVER.pipe(fork(branchesOf(model))).subscribe({ complete: () => (over = true) })
    await aWhile()
    expect(over).toBe(false)
    expect(await lastValueFrom(EMPTY.pipe(fork(branchesOf(model)), toArray()))).toEqual([])
    const failed$ = throwError(() => new Error('upstream'))
    await expect(lastValueFrom(failed$.pipe(fork(branchesOf(model))))).rejects.toThrow('upstream')
  })

  it('is cold: another subscription is another run with the same result', async () => {
    const { model } = slope()
    const forked$ = respace(model.schedule, trailing(5)).pipe(fork(branchesOf(coalesce(model))))
    const [one, other] = await Promise.all([lastValueFrom(seen(forked$)), lastValueFrom(seen(forked$))])
    expect(one).toEqual(other)
  })

  it('puts the two calls of guidance into the batch of all', async () => {
    const { model, calls } = slope()
    const labelled: Denoiser<Counted> = { ...model, labels: { count: 3, unconditional: 2 } }
    const shared = coalesce(labelled)
    const branch = (weight: number) =>
      denoise({ model: guided({ weight })(shared), rule: ddim(), noise, condition: { labels: [0, 1] } })
    const forked$ = respace(model.schedule, trailing(5)).pipe(
      fork({ one: branch(1), two: branch(2), four: branch(4) }),
    )
    await lastValueFrom(forked$)
    expect(calls).toEqual(Array<number>(5).fill(2 + 4 + 4))
  })

  it('keeps to virtual time, one macrotask a round', () => {
    virtually(({ scheduler, cold, expectObservable }) => {
      const model = modelThat(({ number }) =>
        cold(number % 2 === 0 ? '--------(p|)' : '-(p|)', { p: { output: 0.5 } }),
      )
      const branch = denoise({ model, rule: ddim(), noise, scheduler })
      const names$ = respace(model.schedule, trailing(2)).pipe(
        fork({ slow: branch, fast: branch }),
        map(({ branch: name }) => name[0]),
      )
      // the fast one waits for the slow one in every round
      expectObservable(names$).toBe('--------(sf)----(sf|)')
    })
  })
})

describe('fork in mid-chain', () => {
  it('computes what branches have in common once', async () => {
    const { model, calls, books } = slope()
    const forked$ = chainOf({ model: coalesce(model), books, calls }, ddpm()).pipe(
      take(25),
      fork({ ddim: resume({ rule: ddim() }), same: resume(), few: resume({ spacing: trailing(10) }) }),
    )
    const frames = await lastValueFrom(seen(forked$))
    expect(calls).toEqual([
      ...Array<number>(25).fill(2),
      ...Array<number>(5).fill(6),
      ...Array<number>(20).fill(4),
    ])
    expect(frames.filter(({ branch }) => branch === 'few')).toHaveLength(5)
    expect(frames.findLast(({ branch }) => branch === 'same')?.data).toEqual(await endOf(ddpm()))
    await settled(forked$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('says of copies, too, which branch they are of', async () => {
    const frames$ = chainOf(slope(), ddpm(), 4).pipe(
      take(3),
      fork({ a: resume(), b: resume({ rule: ddim() }) }),
    )
    const names = await Promise.all([
      lastValueFrom(
        frames$.pipe(
          onlyX0(),
          map(({ branch }) => branch),
          toArray(),
        ),
      ),
      lastValueFrom(
        frames$.pipe(
          metrics(),
          map(({ branch, xt }) => (xt.length === batch ? branch : 'c')),
          toArray(),
        ),
      ),
      lastValueFrom(
        frames$.pipe(
          everyNth(4),
          map(({ branch }) => branch),
          toArray(),
        ),
      ),
      lastValueFrom(
        frames$.pipe(
          untilStable(1e9),
          map(({ branch }) => branch),
          take(2),
          toArray(),
        ),
      ),
    ])
    expect(names).toEqual(Array(4).fill(['a', 'b']))
  })

  it('forks a fork, and says the whole path', async () => {
    const { model, calls, books } = slope()
    const forked$ = chainOf({ model: coalesce(model), books, calls }, ddpm(), 20).pipe(
      take(5),
      fork({
        a: <T>(frames$: Observable<Frame<T>>) =>
          frames$.pipe(resume({ rule: ddim() }), take(5), fork({ x: resume(), y: resume({ rule: ddpm() }) })),
        b: resume(),
      }),
    )
    const frames = await lastValueFrom(seen(forked$))
    expect(calls).toHaveLength(20)
    expect(new Set(frames.map(({ path }) => path.join('/')))).toEqual(new Set(['a/x', 'a/y', 'b']))
    expect(new Set(frames.map(({ branch }) => branch))).toEqual(new Set(['a', 'b']))
    await settled(forked$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('lets branches begin at any time, beside the run itself', async () => {
    const { model, calls, books } = slope()
    const keys$ = new Subject<string>()
    const live = <T>(frames$: Observable<Frame<T>>): Observable<Frame<T>> =>
      frames$.pipe(take(1), resume({ rule: ddim() }))
    const forked$ = chainOf({ model: coalesce(model), books, calls }, ddpm()).pipe(
      fork(merge(of({ main: identity }), keys$.pipe(map((key) => ({ [key]: live }))))),
    )
    const frames = await lastValueFrom(
      seen(
        forked$.pipe(
          tap(({ branch, transition: { index } }) => {
            if (branch === 'main' && (index === 9 || index === 29)) keys$.next(`from ${String(index)}`)
            if (branch === 'main' && index === 49) keys$.complete()
          }),
        ),
      ),
    )
    expect(calls).toHaveLength(50)
    const firsts = ['main', 'from 9', 'from 29'].map(
      (name) => frames.find(({ branch }) => branch === name)?.index,
    )
    expect(firsts).toEqual([0, 11, 31])
    expect(frames.findLast(({ branch }) => branch === 'main')?.data).toEqual(await endOf(ddpm()))
    await settled(forked$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('refuses a branch that is called as no key can be', async () => {
    for (const branches of [
      { __proto__: resume(), other: resume() } as unknown as Record<string, FrameOperator>,
      Object.fromEntries([['__proto__', resume()]]),
    ]) {
      const { books, ...counted } = slope()
      const forked$ = chainOf({ books, ...counted }, ddim(), 8).pipe(take(3), fork(branches))
      await expect(lastValueFrom(forked$)).rejects.toMatchObject({
        message: 'The branch __proto__ is not possible: that is no key of an object; it needs another name.',
      })
      await settled(forked$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('refuses a branch of a name that is under way, and takes the name when that has ended', async () => {
    for (const [ends, expected] of [
      [3, { _tag: 'BranchInvalid', branch: 'twin' }],
      [1, undefined],
    ] as const) {
      const { model, books, calls } = slope()
      const records$ = new Subject<
        Record<string, <T>(frames$: Observable<Frame<T>>) => Observable<Frame<T>>>
      >()
      const twin = { twin: <T>(frames$: Observable<Frame<T>>) => frames$.pipe(take(ends)) }
      const forked$ = chainOf({ model, books, calls }, ddpm(), 6).pipe(
        tap(({ transition: { index } }) => {
          if (index === 0 || index === 2) records$.next(twin)
          if (index === 3) records$.complete()
        }),
        fork(records$),
      )
      const failed: unknown = await lastValueFrom(forked$).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (expected === undefined) expect(failed).toBe(undefined)
      else expect(failed).toMatchObject(expected)
      await settled(forked$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('refuses to retry a branch whose frames have gone by, and retries one whose transitions have', async () => {
    let asked = 0
    const { model, books, calls } = slope()
    const shaky: Denoiser<Counted> = {
      ...model,
      predict: (...question) => {
        asked += 1
        return asked === 5 ? throwError(() => new Error('lost')) : model.predict(...question)
      },
    }
    const onward = <T>(frames$: Observable<Frame<T>>): Observable<Frame<T>> =>
      frames$.pipe(resume(), retry(1))
    const inChain$ = chainOf({ model: shaky, books, calls }, ddim(), 8).pipe(take(3), fork({ onward }))
    await expect(lastValueFrom(inChain$)).rejects.toMatchObject({
      _tag: 'BranchInvalid',
      branch: 'onward',
      message: expect.stringContaining('retry the whole run') as string,
    })
    await settled(inChain$)

    asked = 0
    const anew = (steps$: Observable<Transition>): Observable<Frame<Counted>> =>
      steps$.pipe(denoise({ model: shaky, rule: ddim(), noise, batch }), retry(1))
    const from$ = respace(model.schedule, trailing(8)).pipe(fork({ anew }))
    expect(await lastValueFrom(from$.pipe(map(({ transition }) => transition.index)))).toBe(7)
    await settled(from$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })
})

describe('resume', () => {
  it.each([ddim(), ddpm(), dpmpp2m(), heun()])('goes on as if nothing had been cut: $name', async (rule) => {
    for (const cut of [1, 7, 19]) {
      const one = slope()
      const rest$ = chainOf(one, rule, 20).pipe(take(cut), resume())
      const frames = await lastValueFrom(steps(rest$))
      expect(frames.map(({ index }) => index)).toEqual(Array.from({ length: 20 - cut }, (_, i) => cut + i))
      expect(frames.at(-1)?.data).toEqual(await endOf(rule, 20))
      await settled(rest$)
      expect([one.books.alive(), one.books.faults]).toEqual([0, []])
    }
  })

  it('has nothing to do after the last frame, or without one', async () => {
    const one = slope()
    expect(await lastValueFrom(chainOf(one, ddim(), 5).pipe(resume(), toArray()))).toEqual([])
    const none$: Observable<Frame<Counted>> = EMPTY
    expect(await lastValueFrom(none$.pipe(resume(), toArray()))).toEqual([])
  })

  it('passes errors on, and frees what it has kept', async () => {
    const one = slope()
    const broken$ = chainOf(one, ddpm(), 5).pipe(
      concatMap((frame) => (frame.transition.index < 3 ? of(frame) : throwError(() => new Error('broken')))),
      resume(),
    )
    await expect(lastValueFrom(broken$)).rejects.toThrow('broken')
    await settled(broken$)
    expect([one.books.alive(), one.books.faults]).toEqual([0, []])
  })

  it('frees what it has kept when it is cancelled, before and after it goes on', async () => {
    for (const when of [2, 8]) {
      const one = slope()
      const frames$ = chainOf(one, dpmpp2m(), 20)
      let count = 0
      const stop$ = new Subject<void>()
      const rest$ = frames$.pipe(
        tap(() => {
          count += 1
          if (count === when) stop$.next()
        }),
        take(5),
        resume(),
      )
      await lastValueFrom(
        rest$.pipe(
          filter(({ transition }) => transition.index === 5 + when),
          take(1),
          takeUntil(stop$),
          defaultIfEmpty(undefined),
        ),
      )
      await settled(rest$)
      expect([one.books.alive(), one.books.faults]).toEqual([0, []])
    }
  })

  it('lets each part be resumed as often as one likes', async () => {
    const one = slope()
    const thrice$ = chainOf(one, ddpm(), 12).pipe(take(3), resume(), take(3), resume(), take(3), resume())
    const frames = await lastValueFrom(steps(thrice$))
    expect(frames.map(({ index }) => index)).toEqual([9, 10, 11])
    expect(frames.at(-1)?.data).toEqual(await endOf(ddpm(), 12))
    await settled(thrice$)
    expect([one.books.alive(), one.books.faults]).toEqual([0, []])
  })
})
