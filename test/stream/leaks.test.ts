/**
 * Tensors over the life of a run, on a real backend in real time: flat, whatever happens.
 */
import * as tf from '@tensorflow/tfjs-core'
import {
  bufferCount,
  exhaustMap,
  filter,
  lastValueFrom,
  map,
  type Observable,
  type ObservableInput,
  of,
  share,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  toArray,
} from 'rxjs'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import { useBackend } from '../support/tensorflow.ts'
import { schedule } from './support/doubles.ts'
import { aWhile, deferred, macrotask, unhandledDuring } from './support/time.ts'

const noise = philox({ seed: 7 })

const answer = (x: tf.Tensor): Prediction<tf.Tensor> => ({ output: tf.mul(x, 0.4) })

type Asked = Denoiser<tf.Tensor> & { readonly calls: number }

/** A model on tensors that counts its calls. */
const asked = (
  predict: (
    x: tf.Tensor,
    call: number,
    label: number | undefined,
  ) => ObservableInput<Prediction<tf.Tensor>> = (x) => of(answer(x)),
): Asked => {
  let calls = 0
  return {
    algebra: tfjs,
    predicts: 'epsilon',
    schedule,
    shape: [2, 2, 1],
    range: 1,
    labels: { count: 3, unconditional: 2 },
    get calls() {
      return calls
    },
    predict: (x, _t, { labels }) => predict(x, calls++, labels?.[0]),
  }
}

const sampling = (
  model: Denoiser<tf.Tensor>,
  { steps = 20, ...config }: Partial<DenoiseConfig<tf.Tensor>> & { readonly steps?: number } = {},
): Observable<Frame<tf.Tensor>> =>
  respace(schedule, trailing(steps)).pipe(denoise({ model, rule: ddpm(), noise, batch: 2, ...config }))

const memory = (): readonly [tensors: number, bytes: number] => {
  const { numTensors, numBytes } = tf.memory()
  return [numTensors, numBytes]
}

describe('tensors', () => {
  let before: readonly [tensors: number, bytes: number] = [0, 0]
  beforeAll(() => useBackend('cpu'))
  beforeEach(() => {
    before = memory()
  })
  afterEach(() => {
    // every test of this file, however its run ends
    expect(memory()).toEqual(before)
  })

  it('are where they were after 1000 steps of DDPM, and few on the way', async () => {
    let most = 0
    const frames$ = sampling(asked(), { steps: 1000, batch: 1 })
    await lastValueFrom(
      frames$.pipe(
        tap(({ x0, eps, xt }) => {
          expect(x0.shape).toEqual(eps.shape)
          expect(xt.isDisposed).toBe(false)
          most = Math.max(most, tf.memory().numTensors - before[0])
        }),
      ),
    )
    await settled(frames$)
    // x before and after, the network's answer, x₀ clipped, ε computed
    expect(most).toBeLessThan(8)
  })

  for (const clip of ['none', 'x0', 'x0+eps'] as const)
    it(`are freed by a run that is cancelled at step 10, which starts no eleventh call (clip ${clip})`, async () => {
      const model = asked()
      const frames$ = sampling(model, { clip })
      await lastValueFrom(frames$.pipe(take(10)))
      await settled(frames$)
      await aWhile()
      expect(model.calls).toBe(10)
    })

  it('stay alive for a promise that answers late, and are freed when it has', async () => {
    const late = deferred<undefined>()
    let alive: boolean | undefined
    const model = asked(async (x, call) => {
      if (call === 3) await late.promise
      alive = !x.isDisposed
      return { ...answer(x), variance: tf.mul(x, 0.1) }
    })
    const frames$ = sampling(model)
    const subscription = frames$.subscribe()
    while (model.calls < 4) await macrotask()
    subscription.unsubscribe()
    await aWhile()
    // x alone, which the network is still reading
    expect(tf.memory().numTensors).toBe(before[0] + 1)
    late.resolve(undefined)
    await settled(frames$)
    expect([alive, model.calls]).toEqual([true, 4])
  })

  it('are freed where a network gives two predictions, of which the first counts', async () => {
    const frames$ = sampling(asked((x) => of(answer(x), answer(x))))
    const { xt } = await finalSnapshot(frames$)
    expect(xt).toEqual((await finalSnapshot(sampling(asked()))).xt)
    await settled(frames$)
  })

  it('are freed when the network fails, in a promise or at once', async () => {
    for (const fail of [
      () => {
        throw new Error('out of memory')
      },
      () => Promise.reject(new Error('out of memory')),
    ]) {
      const frames$ = sampling(asked((x, call) => (call === 3 ? fail() : of(answer(x)))))
      await expect(lastValueFrom(frames$)).rejects.toThrow('out of memory')
      await settled(frames$)
      expect(memory()).toEqual(before)
    }
  })

  it('are freed when the work of a sink fails, with other work still under way', async () => {
    const slow = deferred<undefined>()
    const frames$ = sampling(asked(), { inFlight: 4 })
    const unhandled = await unhandledDuring(async () => {
      const failed = lastValueFrom(
        frames$.pipe(
          tap((frame) => {
            const { index } = frame.transition
            frame.waitUntil(
              index === 0
                ? slow.promise
                : macrotask().then(() => Promise.reject(new Error(`full at ${index}`))),
            )
          }),
        ),
      )
      await expect(failed).rejects.toThrow('full at 1')
      expect(tf.memory().numTensors).toBeGreaterThan(before[0])
      slow.resolve(undefined)
      await settled(frames$)
    })
    expect(unhandled).toEqual([])
  })

  it('are freed when somebody downstream throws', async () => {
    const frames$ = sampling(asked())
    const picky = map((frame: Frame<tf.Tensor>) => {
      if (frame.transition.index === 3) throw new Error('not this one')
      return frame.x0.shape
    })
    await expect(lastValueFrom(frames$.pipe(picky))).rejects.toThrow('not this one')
    await settled(frames$)
  })

  it('are freed when the noise throws, at x_T or later', async () => {
    for (const deaf of [0, 3]) {
      const source: DenoiseConfig<tf.Tensor>['noise'] = {
        name: 'deaf',
        draw: (draw, shape) => {
          if (draw === deaf) throw new Error('no noise')
          return noise.draw(draw, shape)
        },
      }
      const frames$ = sampling(asked(), { noise: source })
      await expect(lastValueFrom(frames$)).rejects.toThrow('no noise')
      await settled(frames$)
      expect(memory()).toEqual(before)
    }
  })

  for (const early of [2, 0])
    it(`are freed when a guided run is cancelled with only the answer ${early === 2 ? 'for none' : 'with the label'} in`, async () => {
      const late = deferred<undefined>()
      const model = asked(async (x, _call, label) => {
        if (label !== early) await late.promise
        return answer(x)
      })
      const frames$ = sampling(guided({ weight: 2 })(model), { condition: { labels: [0, 1] } })
      const subscription = frames$.subscribe()
      await aWhile()
      subscription.unsubscribe()
      await macrotask()
      expect(tf.memory().numTensors).toBe(before[0] + 1)
      late.resolve(undefined)
      await settled(frames$)
      expect(model.calls).toBe(2)
    })

  it('are freed by a guided run that ends', async () => {
    const frames$ = sampling(guided({ weight: 2 })(asked()), { condition: { labels: [0, 1] } })
    await lastValueFrom(frames$)
    await settled(frames$)
  })

  it('that a run was given to start from stay the caller’s, whatever becomes of it', async () => {
    const start = tf.ones<tf.Rank.R4>([2, 2, 2, 1])
    const end: ReadonlyArray<(frames$: Observable<Frame<tf.Tensor>>) => Promise<unknown>> = [
      (frames$) => lastValueFrom(frames$),
      (frames$) => lastValueFrom(frames$.pipe(take(1))),
      (frames$) => Promise.all([finalSnapshot(frames$), finalSnapshot(frames$)]),
      (frames$) => {
        frames$.subscribe().unsubscribe()
        return Promise.resolve()
      },
      (frames$) =>
        lastValueFrom(frames$.pipe(map(({ xt }) => tf.reshape(xt, [-1, 9])))).catch(() => undefined),
    ]
    for (const run of end) {
      const frames$ = sampling(asked(), { start })
      await run(frames$)
      await settled(frames$)
      expect([...(await start.data())]).toEqual(Array(8).fill(1))
      expect(tf.memory().numTensors).toBe(before[0] + 1)
    }
    start.dispose()
  })

  it('that were kept are the keeper’s', async () => {
    const frames$ = sampling(asked(), { steps: 5 })
    const kept = await lastValueFrom(
      frames$.pipe(
        filter(({ transition: { index } }) => index > 2),
        map((frame) => frame.keep()),
        toArray(),
      ),
    )
    await settled(frames$)
    for (const frame of kept) {
      expect((await frame.x0.data()).every((value) => Math.abs(value) <= 1)).toBe(true)
      expect((await frame.xt.data()).every(Number.isFinite)).toBe(true)
      expect(frame.eps.isDisposed).toBe(false)
      frame[Symbol.dispose]()
      frame[Symbol.dispose]()
    }
  })

  it('are copied by snapshots, and by the final one', async () => {
    const frames$ = sampling(asked())
    const copies = await lastValueFrom(
      frames$.pipe(snapshot({ xt: true, x0: true, eps: true }), bufferCount(3), toArray()),
    )
    expect(copies.flat()).toHaveLength(20)
    const last = await finalSnapshot(frames$, { xt: true, x0: true })
    expect([last.xt, last.x0]).toEqual([copies.flat().at(-1)?.xt, copies.flat().at(-1)?.x0])
    await lastValueFrom(frames$.pipe(snapshot(), take(2)))
    await settled(frames$)
  })

  it('are held for the slower of two sinks, and not longer', async () => {
    const frames$ = sampling(asked(), { steps: 6 })
    const shared$ = frames$.pipe(share())
    const sums: number[][] = [[], []]
    const sink = (k: number, turns: number): Observable<unknown> =>
      shared$.pipe(
        tap((frame) => {
          const read = async (): Promise<void> => {
            for (let turn = 0; turn < turns; turn++) await macrotask()
            sums[k]!.push(Array.from(await frame.xt.data()).reduce((sum, x) => sum + x, 0))
          }
          frame.waitUntil(read())
        }),
      )
    const [fast, slow] = [lastValueFrom(sink(0, 1)), lastValueFrom(sink(1, 9))]
    await Promise.all([fast, slow])
    expect(sums[0]).toHaveLength(6)
    expect(sums[1]).toEqual(sums[0])
    await settled(frames$)
  })

  it('are freed by a run of 1000 steps that a timer stops after a few', async () => {
    const begun$ = new Subject<void>()
    const model = asked((x) => {
      begun$.next()
      const until = performance.now() + 1
      while (performance.now() < until);
      return of(answer(x))
    })
    const frames$ = sampling(model, { steps: 1000, rule: ddim() })
    await lastValueFrom(frames$.pipe(takeUntil(begun$.pipe(exhaustMap(() => timer(10))))), {
      defaultValue: undefined,
    })
    await settled(frames$)
    expect(model.calls).toBeGreaterThan(0)
    expect(model.calls).toBeLessThan(100)
  })
})
