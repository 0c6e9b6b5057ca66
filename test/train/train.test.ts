import * as tf from '@tensorflow/tfjs-core'
import { concatMap, from, lastValueFrom, map, type Observable, range, take, tap, timer, toArray } from 'rxjs'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { fail } from '../../src/failure.ts'
import { TE } from '../../src/fp.ts'
import { mlp } from '../../src/model/mlp.ts'
import { settled } from '../../src/stream/settled.ts'
import type { Batch } from '../../src/train/batch.ts'
import { hybridLoss } from '../../src/train/hybrid-loss.ts'
import { meanOfRows } from '../../src/train/loss.ts'
import { adamw } from '../../src/train/optimiser.ts'
import { antitheticTimesteps, lossAwareTimesteps } from '../../src/train/timesteps.ts'
import { train, type TrainConfig, type TrainEvent } from '../../src/train/train.ts'
import { stateOfTensors, tensorsOfState, type TrainingState } from '../../src/train/training-state.ts'
import { uniform } from '../../src/noise/uniform.ts'
import { useBackend } from '../support/tensorflow.ts'

const schedule = linearSchedule()
const config: TrainConfig = {
  architecture: mlp({ size: 2, width: 16, depth: 2, classes: 3 }),
  description: { shape: [2], predicts: 'epsilon', schedule, labels: { count: 3, unconditional: 2 } },
  optimiser: adamw({ rate: () => 3e-3, clip: 1 }),
  dropLabels: 0.2,
  seed: 7,
}

/** Batch k of eight points on two arcs. */
const batch = (k: number): Batch => {
  const share = uniform(1, 'order')(k, 8)
  const images: Values = {
    shape: [8, 2],
    data: Float32Array.from(share, Number).reduce<Float32Array>((points, one, i) => {
      points[2 * i] = Math.cos(3 * one)
      points[2 * i + 1] = Math.sin(3 * one)
      return points
    }, new Float32Array(16)),
  }
  return TE.right({ images, labels: Array.from({ length: 8 }, (_, i) => i % 2) })
}
const batches = (first: number, count: number): Observable<Batch> => range(first, count).pipe(map(batch))
const lossesOf = (events$: Observable<TrainEvent>): Promise<number[]> =>
  lastValueFrom(
    events$.pipe(
      map(({ loss }) => loss),
      toArray(),
    ),
  )

/** What is left after the run is what was there before it. */
let before = 0
beforeAll(() => useBackend('cpu'))
beforeEach(() => {
  before = tf.memory().numTensors
})

describe('train', () => {
  it('learns', async () => {
    const losses = await lossesOf(batches(0, 300).pipe(train(config)))
    const mean = (list: number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length
    expect(mean(losses.slice(-50))).toBeLessThan(0.75 * mean(losses.slice(0, 20)))
    expect(tf.memory().numTensors).toBe(before)
  })

  it('is cold: each subscription trains anew, to the same bits', async () => {
    const events$ = batches(0, 5).pipe(train(config))
    expect(await lossesOf(events$)).toEqual(await lossesOf(events$))
  })

  it('goes on from a saved state to the same bits', async () => {
    const learning = { ...config, timesteps: lossAwareTimesteps({ history: 1 }) }
    const whole = await lastValueFrom(
      batches(0, 12).pipe(
        train(learning),
        concatMap((event) => event.save()),
        toArray(),
      ),
    )
    const saved = whole[4]!
    expect(saved.step).toBe(5)
    const start = stateOfTensors(tensorsOfState(saved), { step: saved.step, seed: saved.seed })
    const rest = await lastValueFrom(
      batches(5, 7).pipe(
        train({ ...learning, start }),
        concatMap((event) => event.save()),
        toArray(),
      ),
    )
    expect(rest).toEqual(whole.slice(5))
    expect(tf.memory().numTensors).toBe(before)
  })

  it('waits for those who hold, and completes after them', async () => {
    const done: number[] = []
    const started: number[] = []
    const events$ = batches(0, 4).pipe(
      tap((_) => started.push(0)),
      train({ ...config, inFlight: 1 }),
    )
    let most = 0
    let held = 0
    await lastValueFrom(
      events$.pipe(
        tap((event) => {
          held += 1
          most = Math.max(most, held)
          event.waitUntil(
            timer(3).pipe(
              tap(() => {
                expect(event.parameters.get('input.weight')?.isDisposed).toBe(false)
                held -= 1
                done.push(event.step)
              }),
            ),
          )
        }),
      ),
    )
    expect(most).toBe(1)
    expect(done).toEqual([1, 2, 3, 4])
    expect(tf.memory().numTensors).toBe(before)
  })

  it('lends its tensors', async () => {
    const [event] = await lastValueFrom(batches(0, 1).pipe(train(config), toArray()))
    expect(() => event?.ema).toThrow(expect.objectContaining({ _tag: 'FrameExpired' }))
    await expect(async () => event?.save()).rejects.toMatchObject({ _tag: 'FrameExpired' })
  })

  it('stops when nobody listens, and leaves nothing', async () => {
    let read = 0
    const counted$ = batches(0, 100).pipe(
      map((one): Batch => () => {
        read += 1
        return one()
      }),
    )
    const events$ = counted$.pipe(train(config))
    await lastValueFrom(events$.pipe(take(3)))
    await settled(events$)
    expect(read).toBeLessThanOrEqual(4)
    expect(tf.memory().numTensors).toBe(before)

    const subscription = events$.subscribe()
    await lastValueFrom(timer(2))
    subscription.unsubscribe()
    await settled(events$)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says that the gradients are no numbers, where the loss is one', async () => {
    const steep: TrainConfig = { ...config, loss: ({ output }) => tf.sqrt(tf.mul(meanOfRows(output), 0)) }
    const events$ = from([batch(0)]).pipe(train(steep))
    await expect(lastValueFrom(events$)).rejects.toMatchObject({
      _tag: 'LossNotFinite',
      message: expect.stringContaining('The norm of the gradients is NaN at step 1,') as string,
    })
    await settled(events$)
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each([
    [
      'a loss that is no number',
      { images: { shape: [1, 2], data: Float32Array.of(NaN, 0) }, labels: [0] },
      'LossNotFinite',
    ],
    [
      'another shape',
      { images: { shape: [1, 3], data: new Float32Array(3) }, labels: [0] },
      'ShapesDisagree',
    ],
    [
      'a class beyond the model’s',
      { images: { shape: [1, 2], data: new Float32Array(2) }, labels: [3] },
      'LabelUnknown',
    ],
    ['no classes', { images: { shape: [1, 2], data: new Float32Array(2) } }, 'LabelsMissing'],
  ])('refuses %s', async (_, examples, tag) => {
    const saved: TrainingState[] = []
    const events$ = from([batch(0), TE.right(examples), batch(1)]).pipe(train(config))
    const run = lastValueFrom(
      events$.pipe(tap((event) => void event.save().then((state) => saved.push(state)))),
    )
    await expect(run).rejects.toMatchObject({ _tag: tag })
    await settled(events$)
    expect(saved.map(({ step }) => step)).toEqual([1])
    expect(tf.memory().numTensors).toBe(before)
  })

  it('fails with a batch that can’t be read, and with work that fails', async () => {
    const unreadable = fail('FileUnreadable', { path: 'x.png', reason: 'it is damaged' })
    const bad$ = from([batch(0), TE.left(unreadable)]).pipe(train(config))
    await expect(lastValueFrom(bad$)).rejects.toBe(unreadable)
    const held$ = batches(0, 9).pipe(train(config))
    const failing$ = held$.pipe(
      tap((event) => {
        if (event.step === 2) event.waitUntil(Promise.reject(unreadable))
      }),
    )
    await expect(lastValueFrom(failing$)).rejects.toBe(unreadable)
    await settled(held$)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses a state of another run', async () => {
    const state = await lastValueFrom(
      batches(0, 1).pipe(
        train(config),
        concatMap((event) => event.save()),
      ),
    )
    const going = (more: Partial<TrainConfig>, start = state) =>
      lossesOf(batches(1, 1).pipe(train({ ...config, ...more, start })))
    await expect(going({ seed: 8 })).rejects.toMatchObject({ _tag: 'StateMismatch', what: 'seed' })
    await expect(going({ architecture: mlp({ size: 2, width: 8, classes: 3 }) })).rejects.toMatchObject({
      _tag: 'StateInvalid',
    })
    await expect(going({ optimiser: adamw({ rate: () => 1 }) })).rejects.toMatchObject({
      reason: 'its optimiser is another one',
    })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('gives the same bits on wasm twice', async () => {
    await useBackend('wasm')
    try {
      const events$ = batches(0, 4).pipe(train({ ...config, timesteps: antitheticTimesteps }))
      const losses = await lossesOf(events$)
      expect(await lossesOf(events$)).toEqual(losses)
    } finally {
      await useBackend('cpu')
    }
  })
})

describe('the loss of a learned variance', () => {
  it('has the slope of its differences, and teaches the variance alone', () => {
    tf.tidy(() => {
      const loss = hybridLoss({ predicts: 'epsilon', schedule, lambda: 0.001 })
      const wave = (salt: number, width: number) =>
        tf.tensor(
          Array.from({ length: 3 * width }, (_, i) => 0.6 * Math.sin(1.7 * i + salt)),
          [3, 1, 1, width],
        )
      const [x0, noise, mean, variance, step] = [1, 2, 3, 4, 5].map((salt) => wave(salt, 2))
      const levels = [0, 1, 600].map((t) => ({ t, alphaBar: schedule.alphaBars[t]! }))
      const of = (v: tf.Tensor): tf.Scalar =>
        tf.sum(loss({ levels, x0: x0!, noise: noise!, output: tf.concat([mean!, v], -1) }))
      const at = (h: number): number => of(tf.add(variance!, tf.mul(step!, h))).dataSync()[0]!
      const slope = tf.sum(tf.mul(tf.grad(of)(variance!), step!)).dataSync()[0]!
      const numeric = (at(1e-2) - at(-1e-2)) / 2e-2
      expect(Math.abs(slope - numeric)).toBeLessThan(1e-2 * Math.abs(numeric))

      const byMean = (l: typeof loss) =>
        tf
          .grad((m) => tf.sum(l({ levels, x0: x0!, noise: noise!, output: tf.concat([m, variance!], -1) })))(
            mean!,
          )
          .dataSync()
      expect(byMean(loss)).toEqual(byMean(hybridLoss({ predicts: 'epsilon', schedule, lambda: 0 })))
    })
  })
})
