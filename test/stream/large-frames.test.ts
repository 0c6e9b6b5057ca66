/**
 * A long film of large frames, into sinks that can't keep up.
 */
import * as tf from '@tensorflow/tfjs-core'
import { connect, finalize, lastValueFrom, map, merge, type Observable, of, tap, timer, toArray } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { tapFrame } from '../../src/stream/operators/tap-frame.ts'
import { timed } from '../../src/stream/operators/timed.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { useBackend } from '../support/tensorflow.ts'

const shape = [256, 256, 3]
const frameBytes = 4 * 256 * 256 * 3
const schedule = linearSchedule({ trainedSteps: 2000 })

/** Nothing but the step is computed: what the network says is x itself. */
const model: Denoiser<tf.Tensor> = {
  algebra: tfjs,
  predicts: 'epsilon',
  schedule,
  shape,
  predict: (x) => of({ output: tf.clone(x) }),
}

const film = (steps: number): Observable<Frame<tf.Tensor>> =>
  respace(schedule, trailing(steps)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))

/** What a step of the sampler takes by itself, in milliseconds: half of them take less. */
const pace = async (): Promise<number> => {
  const steps = await lastValueFrom(
    film(60).pipe(
      timed(),
      map(({ ms }) => ms),
      toArray(),
    ),
  )
  return steps.toSorted((a, b) => a - b)[30] ?? 0
}

/** A sink that takes its time over each frame, and counts those that it has at once. */
const slowSink = (ms: number) => {
  let [held, most, frames] = [0, 0, 0]
  const bytes: number[] = []
  const sink = tapFrame(({ xt }: Frame<tf.Tensor>) => {
    held += 1
    frames += 1
    most = Math.max(most, held)
    return timer(ms).pipe(
      tap(() => {
        expect(xt.shape).toEqual([1, ...shape])
        bytes.push(tf.memory().numBytes)
      }),
      finalize(() => {
        held -= 1
      }),
    )
  })
  return { sink, counts: () => ({ most, frames, held }), bytes }
}

describe('2,000 frames of 256×256×3', () => {
  beforeAll(() => useBackend('cpu'))

  it('into a sink ten times slower than the sampler: two at once, in memory that stays flat', async () => {
    const before = tf.memory()
    const { sink, counts, bytes } = slowSink(10 * (await pace()))
    const frames$ = film(2000)
    await lastValueFrom(frames$.pipe(sink))
    expect(counts()).toEqual({ most: 2, frames: 2000, held: 0 })
    const most = (some: readonly number[]): number => Math.max(...some) - before.numBytes
    // the two frames' x_t, and what the next step is made of
    expect(most(bytes)).toBeLessThanOrEqual(6 * frameBytes)
    expect(most(bytes.slice(1000))).toBeLessThanOrEqual(most(bytes.slice(0, 1000)))
    await settled(frames$)
    expect(tf.memory().numTensors).toBe(before.numTensors)
  }, 300_000)

  it('into two sinks of different speed: the slower one governs, and both see all', async () => {
    const slow = slowSink(3 * (await pace()))
    const fast = slowSink(0)
    let ahead = 0
    const frames$ = film(200)
    const both$ = frames$.pipe(
      connect((shared$) =>
        merge(shared$.pipe(slow.sink), shared$.pipe(fast.sink)).pipe(
          tap(() => {
            ahead = Math.max(ahead, fast.counts().frames - (slow.counts().frames - slow.counts().held))
          }),
        ),
      ),
    )
    await lastValueFrom(both$)
    expect([slow.counts(), fast.counts()]).toMatchObject([
      { most: 2, frames: 200, held: 0 },
      { frames: 200, held: 0 },
    ])
    expect(ahead).toBeLessThanOrEqual(2)
    await settled(frames$)
  }, 60_000)
})
