import { from, lastValueFrom, map, tap, timer, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { ClipMode } from '../../src/diffusion/clip.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame, OwnedFrame } from '../../src/stream/frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { type Books, type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { modelThat, schedule, stepsOf } from './support/doubles.ts'
import { deferred, macrotask, virtually } from './support/time.ts'

const noise = philox({ seed: 7 })

/** A model on the books that computes no combination itself. */
const clamping = (
  { algebra }: Books,
  predicts: Denoiser<Counted>['predicts'] = 'epsilon',
): Denoiser<Counted> => ({
  algebra,
  predicts,
  schedule,
  shape: [3],
  range: 1,
  predict: (x) => [{ output: algebra.clamp([[1, x]], -0.8, 0.9) }],
})

interface Choice {
  readonly steps?: number
  readonly clip?: ClipMode
  readonly predicts?: Denoiser<Counted>['predicts']
  readonly inFlight?: number
}
const sampling = (
  books: Books,
  { steps = 3, clip = 'none', predicts = 'epsilon', inFlight = 2 }: Choice = {},
): ReturnType<ReturnType<typeof denoise<Counted>>> =>
  respace(schedule, trailing(steps)).pipe(
    denoise({ model: clamping(books, predicts), rule: ddpm(), noise, batch: 2, clip, inFlight }),
  )

const data = (books: Books, tensor: Counted): number[] => {
  const values = books.algebra.toValues(tensor)
  if (values instanceof Promise) throw new Error('not at hand')
  return [...values.data]
}

const sentence = (field: string, step: number): string =>
  `${field} of the frame of step ${step} was read after the frame was handed back. ` +
  'Read it while next() runs, hold it with waitUntil(), copy it with snapshot(), or keep() it.'

describe('frames', () => {
  it('come one per transition, each with its own', async () => {
    const seen = await lastValueFrom(
      sampling(countingAlgebra(), { steps: 7 }).pipe(
        map(({ transition }) => transition),
        toArray(),
      ),
    )
    expect(seen).toEqual(stepsOf(7))
  })

  for (const predicts of ['epsilon', 'sample', 'v_prediction'] as const)
    for (const clip of ['none', 'x0+eps'] as const)
      it(`hold x₀ and ε that make up x_t, from a prediction of ${predicts}, clipped ${clip}`, async () => {
        const books = countingAlgebra()
        let before: readonly number[] = [...noise.draw(0, [2, 3])]
        let unclipped = 0
        await lastValueFrom(
          sampling(books, { steps: 10, clip, predicts }).pipe(
            tap((frame) => {
              const { alphaBar } = frame.transition.from
              const [x0, eps] = [data(books, frame.x0), data(books, frame.eps)]
              before.forEach((x, i) => {
                expect(Math.sqrt(alphaBar) * x0[i]! + Math.sqrt(1 - alphaBar) * eps[i]!).toBeCloseTo(x, 12)
              })
              unclipped = Math.max(unclipped, ...x0.map(Math.abs))
              before = data(books, frame.xt)
            }),
          ),
        )
        // this chain does reach the clip
        if (predicts === 'epsilon') expect(unclipped > 1).toBe(clip === 'none')
      })

  it('cost one combination per step where nothing is clipped and nothing but x_t is read', async () => {
    const books = countingAlgebra()
    await lastValueFrom(sampling(books, { steps: 10 }).pipe(tap(({ xt }) => data(books, xt))))
    expect(books.combined()).toBe(10)
  })

  it('cost one more, for x₀, where that is clipped', async () => {
    const books = countingAlgebra()
    await lastValueFrom(sampling(books, { steps: 10, clip: 'x0+eps' }).pipe(tap(({ xt }) => data(books, xt))))
    expect(books.combined()).toBe(10)
    // the network clamps as well
    expect(books.clamped()).toBe(20)
  })

  it('compute x₀ and ε when they are first read, and only then', async () => {
    const books = countingAlgebra()
    const spent = await lastValueFrom(
      sampling(books).pipe(
        map((frame) => {
          const counts = [books.combined()]
          const read = [frame.x0, frame.x0, frame.xt, frame.eps, frame.eps]
          expect(read[0]).toBe(read[1])
          expect(read[3]).toBe(read[4])
          counts.push(books.combined())
          return counts.map((count) => count - (counts[0] ?? 0))
        }),
        toArray(),
      ),
    )
    // ε is what the network said, and needs no computing
    expect(spent).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ])
    await expect(settled(sampling(books))).resolves.toBeUndefined()
    expect(books.alive()).toBe(0)
  })

  it('can be read while next() runs, also after it has unsubscribed', async () => {
    const books = countingAlgebra()
    const frames$ = sampling(books)
    const read = await new Promise<number>((resolve) => {
      const subscription = frames$.subscribe((frame) => {
        subscription.unsubscribe()
        resolve(data(books, frame.xt).length + data(books, frame.x0).length)
      })
    })
    expect(read).toBe(12)
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('expire when next() has returned, and say what to do', async () => {
    const frames$ = sampling(countingAlgebra())
    const frames: Array<Frame<Counted>> = []
    await lastValueFrom(frames$.pipe(tap((frame) => frames.push(frame))))
    expect(() => frames[1]!.xt).toThrow(sentence('xt', 1))
    expect(() => frames[1]!.x0).toThrow(sentence('x0', 1))
    expect(() => frames[2]!.eps).toThrow(sentence('eps', 2))
    expect(() => frames[2]!.keep()).toThrow(expect.objectContaining({ _tag: 'FrameExpired', step: 2 }))
    expect(frames[1]!.transition).toEqual(stepsOf(3)[1])
  })

  it('stay readable while work is under way, and expire when the last of it ends', async () => {
    const books = countingAlgebra()
    const [work, more] = [deferred<undefined>(), deferred<undefined>()]
    const frames$ = sampling(books, { steps: 1 })
    const frame = await new Promise<Frame<Counted>>((resolve) => {
      frames$.subscribe((lent) => {
        lent.waitUntil(work.promise)
        resolve(lent)
      })
    })
    await macrotask()
    expect(data(books, frame.xt)).toHaveLength(6)
    frame.waitUntil(more.promise)
    work.resolve(undefined)
    await macrotask()
    expect(data(books, frame.x0)).toHaveLength(6)
    more.resolve(undefined)
    await settled(frames$)
    expect(() => frame.x0).toThrow(sentence('x0', 0))
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('are not revived by late work, which holds the run all the same', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('       ----p|                 ', { p: { output: 0.5 } })
      const calls = ['          ^---!                  ', '----^---!', '---------------^---!']
      const expected = '        ----a---b----------(c|)'
      // late work              -------~~~~~~~~-----~~~~
      const frames$ = from(stepsOf(3)).pipe(
        denoise({ model: modelThat(() => call), rule: ddim(), noise, scheduler, inFlight: 1 }),
        tap((frame) => {
          // three instants after the frame was handed back
          timer(3).subscribe(() => {
            frame.waitUntil(timer(4))
            expect(() => frame.xt).toThrow('was read after the frame was handed back')
            expect(() => frame.keep()).toThrow('was read after the frame was handed back')
          })
          timer(8).subscribe(() => {
            expect(() => frame.keep()).toThrow('was read after the frame was handed back')
          })
        }),
        map(({ transition: { index } }) => 'abc'.charAt(index)),
      )
      expectObservable(frames$).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('refuse work that cannot be waited for, and the run goes on to its end', async () => {
    const books = countingAlgebra()
    const frames$ = sampling(books)
    let refused = 0
    const careless = tap((frame: Frame<Counted>) => {
      try {
        frame.waitUntil(undefined as never)
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError)
        refused++
      }
    })
    await lastValueFrom(frames$.pipe(careless))
    expect(refused).toBe(3)
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })
})

describe('kept frames', () => {
  const keepAll = async (
    books: Books,
    clip: ClipMode = 'none',
  ): Promise<ReadonlyArray<OwnedFrame<Counted>>> => {
    const frames$ = sampling(books, { steps: 4, clip })
    const kept = await lastValueFrom(
      frames$.pipe(
        map((frame) => frame.keep()),
        toArray(),
      ),
    )
    await settled(frames$)
    return kept
  }

  it('are readable for ever, with the values that the frames had', async () => {
    for (const clip of ['none', 'x0', 'x0+eps'] as const) {
      const books = countingAlgebra()
      const read = ({ xt, x0, eps }: OwnedFrame<Counted>): number[][] =>
        [xt, x0, eps].map((x) => data(books, x))
      const lent = await lastValueFrom(
        sampling(books, { steps: 4, clip }).pipe(
          map((f) => read(f.keep())),
          toArray(),
        ),
      )
      const kept = await keepAll(books, clip)
      expect(kept.map(read)).toEqual(lent)
      expect(kept.map(({ transition }) => transition.index)).toEqual([0, 1, 2, 3])
    }
  })

  it('are freed by disposing of them, once or twice', async () => {
    const books = countingAlgebra()
    const kept = await keepAll(books)
    expect(books.alive()).toBeGreaterThan(0)
    for (const frame of kept) {
      data(books, frame.x0)
      frame[Symbol.dispose]()
      frame[Symbol.dispose]()
      expect(() => frame.xt).toThrow(expect.objectContaining({ _tag: 'FrameExpired' }))
    }
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('do not depend on each other, nor on the frame', async () => {
    const books = countingAlgebra()
    const frames$ = sampling(books, { steps: 1 })
    const [one, two] = await lastValueFrom(
      frames$.pipe(map((frame) => [frame.keep(), frame.keep()] as const)),
    )
    one[Symbol.dispose]()
    expect(data(books, two.x0)).toHaveLength(6)
    two[Symbol.dispose]()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })
})
