import {
  concat,
  delay,
  EMPTY,
  from,
  lastValueFrom,
  map,
  mergeMap,
  NEVER,
  type Observable,
  of,
  take,
  tap,
  throwError,
  timer,
  toArray,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import { type Books, type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { modelThat, schedule, stepsOf } from './support/doubles.ts'
import { aWhile, deferred, macrotask, virtually } from './support/time.ts'

const noise = philox({ seed: 7 })
const half = { p: { output: 0.5 } }

const sampling = (
  { algebra }: Books,
  config: Partial<DenoiseConfig<Counted>> & { readonly steps?: number } = {},
  asked: () => void = () => undefined,
): Observable<Frame<Counted>> => {
  const model: Denoiser<Counted> = {
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [3],
    range: 1,
    predict: (x) => {
      asked()
      return [{ output: algebra.clamp([[1, x]], -0.8, 0.9) }]
    },
  }
  return respace(schedule, trailing(config.steps ?? 5)).pipe(
    denoise({ model, rule: ddim(), noise, batch: 2, ...config }),
  )
}

describe('snapshot', () => {
  it('copies each frame at the instant that it comes, where numbers are at hand', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('  --p|           ', half)
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler }),
      )
      const expected = '   --0-1-(2|)     '
      expectObservable(
        frames$.pipe(
          snapshot(),
          map(({ transition }) => String(transition.index)),
        ),
      ).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(['^-!', '--^-!', '----^-!'])
    })
  })

  it('passes on emptiness, silence, errors and unsubscription', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const copied = (frames$: Observable<Frame<number>>): Observable<unknown> => frames$.pipe(snapshot())
      expectObservable(copied(EMPTY)).toBe('|')
      expectObservable(copied(throwError(() => 'broken'))).toBe('#', undefined, 'broken')
      const never = cold<Frame<number>>('-')
      expectObservable(copied(never), '^--!').toBe('----')
      expectSubscriptions(never.subscriptions).toBe('^--!')
      expectObservable(copied(NEVER), '^-!').toBe('---')
    })
  })

  it('copies what it is asked for, and nothing else', async () => {
    const copy = async (fields?: Parameters<typeof snapshot>[0]): Promise<string[]> =>
      Object.keys(await lastValueFrom(sampling(countingAlgebra()).pipe(snapshot(fields)))).sort()
    expect(await copy()).toEqual(['transition', 'waitUntil', 'xt'])
    expect(await copy({ x0: true, eps: true })).toEqual(['eps', 'transition', 'waitUntil', 'x0'])
    expect(await copy({ xt: true, x0: false })).toEqual(['transition', 'waitUntil', 'xt'])
    expect(await copy({})).toEqual(['transition', 'waitUntil'])
  })

  for (const reading of ['at once', 'later'] as const)
    it(`keeps the order and the values of the frames, which are read ${reading}, and leaves nothing behind`, async () => {
      const truth = await lastValueFrom(
        sampling(countingAlgebra()).pipe(
          map(({ xt, x0 }) => [[...xt.values.data], [...x0.values.data]]),
          toArray(),
        ),
      )
      const books = countingAlgebra(reading)
      const frames$ = sampling(books)
      const snapshots = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
      expect(snapshots.map(({ xt, x0 }) => [[...xt.data], [...x0.data]])).toEqual(truth)
      expect(snapshots.map(({ transition }) => transition)).toEqual(stepsOf(5))
      await settled(frames$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    })

  it('holds a frame from its reading on without a gap until the work of whoever received the snapshot ends', async () => {
    const books = countingAlgebra('later')
    let finished = 0
    const before: number[] = []
    const frames$ = sampling(books, { inFlight: 1 }, () => before.push(finished))
    const work = async (): Promise<void> => {
      await aWhile()
      finished++
    }
    await lastValueFrom(
      frames$.pipe(
        snapshot(),
        tap(({ waitUntil }) => waitUntil(work())),
      ),
    )
    expect(before).toEqual([0, 1, 2, 3, 4])
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('completes after the work on the last snapshot, and fails if that fails', async () => {
    for (const reading of ['at once', 'later'] as const) {
      const books = countingAlgebra(reading)
      let written = 0
      const write = async (): Promise<void> => {
        await aWhile()
        written++
      }
      await lastValueFrom(
        sampling(books).pipe(
          snapshot(),
          tap(({ waitUntil }) => waitUntil(write())),
        ),
      )
      expect(written).toBe(5)
      const failing = tap<{ transition: { index: number }; waitUntil: Frame<Counted>['waitUntil'] }>(
        ({ transition: { index }, waitUntil }) => {
          if (index === 4) waitUntil(macrotask().then(() => Promise.reject(new Error('the disk is full'))))
        },
      )
      await expect(lastValueFrom(sampling(books).pipe(snapshot(), failing))).rejects.toThrow(
        'the disk is full',
      )
    }
  })

  it('lets go of what nobody is going to receive', async () => {
    const books = countingAlgebra('later')
    const frames$ = sampling(books, { inFlight: 3, steps: 10 })
    await lastValueFrom(frames$.pipe(snapshot(), take(1)))
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('lets a snapshot be held, in vain, when its run is over', async () => {
    const snapshots = await lastValueFrom(sampling(countingAlgebra()).pipe(snapshot(), toArray()))
    snapshots.forEach(({ waitUntil }) => waitUntil(Promise.reject(new Error('too late'))))
    await aWhile()
    expect(snapshots).toHaveLength(5)
  })

  it('fails, and the run with it, where numbers can’t be read', async () => {
    for (const toValues of [
      () => {
        throw new Error('lost')
      },
      () => Promise.reject(new Error('lost')),
    ]) {
      const books = countingAlgebra()
      let calls = 0
      const frames$ = sampling({ ...books, algebra: { ...books.algebra, toValues } }, {}, () => calls++)
      await expect(lastValueFrom(frames$.pipe(snapshot()))).rejects.toThrow('lost')
      await settled(frames$)
      await aWhile()
      expect(calls).toBe(1)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('says that a frame has expired when it comes too late', async () => {
    const late$ = sampling(countingAlgebra()).pipe(delay(1), snapshot())
    await expect(lastValueFrom(late$)).rejects.toMatchObject({ _tag: 'FrameExpired', field: 'xt', step: 0 })
  })
})

describe('finalSnapshot', () => {
  it('is the last frame of the run, and leaves nothing behind', async () => {
    for (const reading of ['at once', 'later'] as const) {
      const books = countingAlgebra(reading)
      const frames$ = sampling(books)
      const all = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true, eps: true }), toArray()))
      const last = await finalSnapshot(frames$, { xt: true, x0: true, eps: true })
      for (const field of ['xt', 'x0', 'eps'] as const) expect(last[field]).toEqual(all.at(-1)?.[field])
      expect(last.transition).toEqual(stepsOf(5)[4])
      await settled(frames$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('waits for the holds of the others', async () => {
    const work = deferred<undefined>()
    let done = false
    const final = finalSnapshot(
      sampling(countingAlgebra()).pipe(
        tap((frame) => {
          if (frame.transition.index === 4) frame.waitUntil(work.promise)
        }),
      ),
    ).then(() => {
      done = true
    })
    await aWhile()
    expect(done).toBe(false)
    work.resolve(undefined)
    await final
    expect(done).toBe(true)
  })

  it('rejects with the error of the run, and leaves nothing behind', async () => {
    const books = countingAlgebra('later')
    const frames$ = sampling(books)
    const broken$ = frames$.pipe(
      mergeMap((frame) => (frame.transition.index === 3 ? throwError(() => new Error('broken')) : of(frame))),
    )
    await expect(finalSnapshot(broken$)).rejects.toThrow('broken')
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
    const lost = {
      ...books,
      algebra: { ...books.algebra, toValues: () => Promise.reject(new Error('lost')) },
    }
    await expect(finalSnapshot(sampling(lost))).rejects.toThrow('lost')
    await aWhile()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('rejects with RxJS’s EmptyError where there was no frame', async () => {
    await expect(finalSnapshot(EMPTY)).rejects.toMatchObject({ name: 'EmptyError' })
  })

  it('takes the last of several runs in a row', async () => {
    const books = countingAlgebra()
    const { transition } = await finalSnapshot(concat(sampling(books), sampling(books, { steps: 2 })))
    expect(transition).toEqual(stepsOf(2)[1])
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('rejects where its frames come too late', async () => {
    await expect(finalSnapshot(sampling(countingAlgebra()).pipe(delay(1)))).rejects.toMatchObject({
      _tag: 'FrameExpired',
    })
    await lastValueFrom(timer(1))
  })
})
