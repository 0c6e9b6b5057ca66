import { EMPTY, from, lastValueFrom, map, NEVER, Observable, of, throwError, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import type { Denoiser, Prediction } from '../../../src/model/denoiser.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { everyNth } from '../../../src/stream/operators/every-nth.ts'
import type { Holding } from '../../../src/stream/operators/of-step.ts'
import { toAsyncIterable } from '../../../src/stream/operators/to-async-iterable.ts'
import { respace } from '../../../src/stream/respace.ts'
import { settled } from '../../../src/stream/settled.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import { countingAlgebra } from '../../support/counting-algebra.ts'
import { leavesNothingOnTensors, looseFrames } from '../support/checklist.ts'
import { modelThat, schedule } from '../support/doubles.ts'
import { aWhile, deferred, unhandledDuring } from '../support/time.ts'

const noise = philox({ seed: 7 })
const instant = (): ReturnType<typeof modelThat> => modelThat(() => of({ output: 0.5 }))
const sampling = (model: Denoiser<number>, inFlight = 1, steps = 5): Observable<Frame<number>> =>
  respace(schedule, trailing(steps)).pipe(denoise({ model, rule: ddim(), noise, inFlight }))
const open = <F extends Holding>(frames$: Observable<F>): AsyncIterator<F, undefined> =>
  toAsyncIterable(frames$)[Symbol.asyncIterator]()
const indexOf = ({ value }: IteratorResult<Holding, undefined>): number | undefined => value?.transition.index

/** A stream that pulls an iterator, and closes it when nobody listens any more. */
const pulling = <F extends Holding>(frames$: Observable<F>): Observable<F> =>
  new Observable((subscriber) => {
    const iterator = open(frames$)
    const pull = async (): Promise<void> => {
      const result = await iterator.next()
      if (result.done === true) {
        subscriber.complete()
        return
      }
      subscriber.next(result.value)
      if (!subscriber.closed) await pull()
    }
    pull().catch((error: unknown) => {
      subscriber.error(error)
    })
    return () => {
      void iterator.return?.()
    }
  })

leavesNothingOnTensors('toAsyncIterable', { operator: pulling })
leavesNothingOnTensors('toAsyncIterable of snapshots', {
  operator: (frames$) => frames$.pipe(snapshot(), pulling),
  reads: true,
})

describe('toAsyncIterable', () => {
  it('makes a step exactly when it is asked for one, at inFlight 1', async () => {
    const model = instant()
    const iterator = open(sampling(model))
    await aWhile()
    expect(model.calls).toHaveLength(0)
    for (const asked of [1, 2, 3, 4, 5]) {
      expect(indexOf(await iterator.next())).toBe(asked - 1)
      await aWhile()
      expect(model.calls).toHaveLength(asked)
    }
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(model.calls).toHaveLength(5)
  })

  it.each([2, 3, 5])('is at most inFlight − 1 steps ahead, at inFlight %i', async (inFlight) => {
    const model = instant()
    const iterator = open(sampling(model, inFlight, 10))
    for (const asked of [1, 2, 3, 4]) {
      expect(indexOf(await iterator.next())).toBe(asked - 1)
      await aWhile()
      expect(model.calls).toHaveLength(asked + inFlight - 1)
    }
    await iterator.return?.()
    await aWhile()
    expect(model.calls).toHaveLength(4 + inFlight - 1)
  })

  it('pulls through operators that leave frames out, and through snapshots', async () => {
    const model = instant()
    const iterator = open(sampling(model, 1, 9).pipe(everyNth(3), snapshot()))
    for (const asked of [3, 6, 9]) {
      expect(indexOf(await iterator.next())).toBe(asked - 1)
      await aWhile()
      expect(model.calls).toHaveLength(asked)
    }
    expect((await iterator.next()).done).toBe(true)
  })

  it('keeps a frame readable until the next is asked for, and no longer', async () => {
    const books = countingAlgebra('later')
    const { algebra } = books
    const model: Denoiser<ReturnType<typeof algebra.combine>> = {
      algebra,
      predicts: 'epsilon',
      schedule,
      shape: [3],
      predict: (x) => of({ output: algebra.combine([[0.5, x]]) }),
    }
    for (const inFlight of [1, 2, 4]) {
      const frames$ = respace(schedule, trailing(6)).pipe(denoise({ model, rule: ddim(), noise, inFlight }))
      let before: Frame<ReturnType<typeof algebra.combine>> | undefined
      let seen = 0
      for await (const frame of toAsyncIterable(frames$)) {
        const last = before
        if (last !== undefined) expect(() => last.xt).toThrow('was read after the frame was handed back')
        await aWhile()
        expect((await algebra.toValues(frame.x0)).data).toHaveLength(3)
        await aWhile()
        expect(frame.transition.index).toBe(seen++)
        expect((await algebra.toValues(frame.xt)).data).toHaveLength(3)
        before = frame
      }
      expect(seen).toBe(6)
      await settled(frames$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('cancels the run at a break, and at an error in the loop', async () => {
    for (const leave of ['break', 'throw'] as const) {
      const model = instant()
      const frames$ = sampling(model, 3, 50)
      const loop = async (): Promise<void> => {
        for await (const { transition } of toAsyncIterable(frames$)) {
          if (transition.index < 4) continue
          if (leave === 'break') break
          throw new Error('enough')
        }
      }
      if (leave === 'break') await loop()
      else await expect(loop()).rejects.toThrow('enough')
      await settled(frames$)
      const made = model.calls.length
      expect(made).toBeLessThanOrEqual(4 + 3)
      await aWhile()
      expect(model.calls).toHaveLength(made)
    }
  })

  it('can be closed while a frame is awaited, which aborts the call', async () => {
    const answer = deferred<Prediction<number>>()
    const model = modelThat(() => answer.promise)
    const frames$ = sampling(model)
    const iterator = open(frames$)
    const [one, two] = [iterator.next(), iterator.next()]
    await aWhile()
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect([(await one).done, (await two).done]).toEqual([true, true])
    expect(model.calls[0]?.signal.aborted).toBe(true)
    answer.resolve({ output: 0.5 })
    await settled(frames$)
    expect((await iterator.next()).done).toBe(true)
    expect(model.calls).toHaveLength(1)
  })

  it('never starts a run that is closed before it is asked', async () => {
    let begun = 0
    const iterator = open(
      new Observable<Frame<number>>(() => {
        begun += 1
      }),
    )
    await iterator.return?.()
    expect((await iterator.next()).done).toBe(true)
    expect(begun).toBe(0)
  })

  it('rejects with the run’s error, after the frames that came before it, once', async () => {
    const model = modelThat(({ number }) =>
      number < 3 ? of({ output: 0.5 }) : throwError(() => new Error('out of memory')),
    )
    const frames$ = sampling(model, 9)
    const unhandled = await unhandledDuring(async () => {
      const iterator = open(frames$)
      expect(indexOf(await iterator.next())).toBe(0)
      await aWhile()
      expect(model.calls).toHaveLength(4)
      expect(indexOf(await iterator.next())).toBe(1)
      expect(indexOf(await iterator.next())).toBe(2)
      await expect(iterator.next()).rejects.toThrow('out of memory')
      expect((await iterator.next()).done).toBe(true)
      await settled(frames$)
    })
    expect(unhandled).toEqual([])
  })

  it('says so when there is nothing, or at once an error, and waits where nothing comes', async () => {
    expect((await open(EMPTY).next()).done).toBe(true)
    await expect(open(throwError(() => new Error('broken'))).next()).rejects.toThrow('broken')
    const throwing$ = new Observable<Holding>(() => {
      throw new Error('broken')
    })
    await expect(open(throwing$).next()).rejects.toThrow('broken')
    let answered = false
    const iterator = open(NEVER)
    void iterator.next().then(() => {
      answered = true
    })
    await aWhile()
    expect(answered).toBe(false)
    await iterator.return?.()
    await aWhile()
    expect(answered).toBe(true)
  })

  it('answers who asks for several at once, in order', async () => {
    const iterator = open(sampling(instant()))
    const results = await Promise.all(Array.from({ length: 7 }, () => iterator.next()))
    expect(results.map(indexOf)).toEqual([0, 1, 2, 3, 4, undefined, undefined])
    expect(results.map(({ done }) => done)).toEqual([...Array<boolean>(5).fill(false), true, true])
  })

  it('loses nothing of a source that nothing holds', async () => {
    const frames = Object.values(looseFrames())
    const seen = await lastValueFrom(from(toAsyncIterable(from(frames))).pipe(toArray()))
    expect(seen).toEqual(frames)
    expect(frames.map(({ waited }) => waited.length)).toEqual([1, 1, 1, 1, 1])
  })

  it('gives plain values, and the error of a frame that refuses to be held', async () => {
    const plain$ = sampling(instant()).pipe(map(({ transition }) => transition.index))
    const seen: Array<number | string | undefined> = []
    for await (const index of toAsyncIterable(plain$)) seen.push(index)
    for await (const value of toAsyncIterable(of('a', undefined, 'b'))) seen.push(value)
    expect(seen).toEqual([0, 1, 2, 3, 4, 'a', undefined, 'b'])

    const refusal = new Error('no more')
    const refusing = {
      waitUntil: () => {
        throw refusal
      },
    }
    const iterator = toAsyncIterable(of(refusing))[Symbol.asyncIterator]()
    await expect(iterator.next()).rejects.toBe(refusal)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('closes a source from within its subscription', async () => {
    let closed = 0
    const frame = Object.values(looseFrames())[0]!
    const iterator: AsyncIterator<Holding, undefined> = open(
      new Observable<Holding>((subscriber) => {
        void iterator.return?.()
        subscriber.next(frame)
        return () => {
          closed += 1
        }
      }),
    )
    expect((await iterator.next()).done).toBe(true)
    expect([closed, frame.waited]).toEqual([1, []])
  })

  it('runs again for another iterator', async () => {
    const model = instant()
    const iterable = toAsyncIterable(sampling(model))
    const paths: number[][] = []
    for (const _ of [1, 2]) {
      const path: number[] = []
      for await (const { xt } of iterable) path.push(xt)
      paths.push(path)
    }
    expect(paths[1]).toEqual(paths[0])
    expect(model.calls).toHaveLength(10)
  })
})
