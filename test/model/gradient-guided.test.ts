import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { firstValueFrom, type ObservableInput, of, Subject, type Subscription } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { levelAt, linearSchedule, zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { ask } from '../../src/model/ask.ts'
import type { Condition, Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { gradientGuided } from '../../src/model/gradient-guided.ts'
import { gradientOf } from '../../src/model/guidance-gradient.ts'
import type { Weight } from '../../src/model/guidance.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { backends, useBackend } from '../support/tensorflow.ts'

const schedule = linearSchedule()
beforeAll(() => tf.setBackend('cpu'))

/** Likes a row the better, the nearer its pixels are to a number. */
const near = (wanted: number): ReturnType<typeof gradientOf> =>
  gradientOf((x) => tf.mul(-0.5, tf.sum(tf.square(tf.sub(x, wanted)), [1, 2, 3])))

const zeros = (over: Partial<Denoiser<tf.Tensor>> = {}): Denoiser<tf.Tensor> => ({
  algebra: tfjs,
  predicts: 'epsilon',
  schedule,
  shape: [4, 4, 1],
  predict: (x) => of({ output: tf.zerosLike(x) }),
  ...over,
})

const outputOf = async (
  model: Denoiser<tf.Tensor>,
  x: tf.Tensor,
  t: readonly number[],
): Promise<readonly number[]> => {
  const { output } = await firstValueFrom(ask(model, { x, t, condition: {} }))
  const values = [...(await output.data())]
  output.dispose()
  return values
}

describe('gradientGuided', () => {
  it.each([
    ['epsilon', (alphaBar: number) => -Math.sqrt(1 - alphaBar)],
    ['sample', (alphaBar: number) => (1 - alphaBar) / Math.sqrt(alphaBar)],
    ['v_prediction', (alphaBar: number) => -Math.sqrt((1 - alphaBar) / alphaBar)],
  ] as const)('moves a prediction of %s by its share of the score, row by row', async (predicts, share) => {
    const model = gradientGuided({ gradient: near(3), weight: 2 })(zeros({ predicts }))
    const x = tf.ones([2, 4, 4, 1])
    const found = await outputOf(model, x, [700, 100])
    const wanted = [700, 100].flatMap((t) =>
      Array<number>(16).fill(2 * (3 - 1) * share(schedule.alphaBars[t]!)),
    )
    found.forEach((value, k) => expect(value / wanted[k]!).toBeCloseTo(1, 5))
    x.dispose()
  })

  it('reads levels between timesteps off the schedule', async () => {
    const model = gradientGuided({ gradient: near(3) })(zeros())
    const x = tf.ones([1, 4, 4, 1])
    const [at, above, below] = await Promise.all([500.5, 501, 500].map((t) => outputOf(model, x, [t])))
    expect(at![0]!).toBeGreaterThan(above![0]!)
    expect(at![0]!).toBeLessThan(below![0]!)
    x.dispose()
  })

  it('asks for no gradient where it has no weight, or nothing of the image is left', async () => {
    const counted = (
      weight: Weight,
      over?: Partial<Denoiser<tf.Tensor>>,
    ): [Denoiser<tf.Tensor>, () => number] => {
      let asked = 0
      const gradient = (x: tf.Tensor): tf.Tensor => {
        asked++
        return tf.onesLike(x)
      }
      return [gradientGuided({ gradient, weight })(zeros(over)), () => asked]
    }
    const x = tf.ones([2, 4, 4, 1])
    const [early, times] = counted(({ t }) => (t > 500 ? 1 : 0))
    expect(new Set(await outputOf(early, x, [400, 300]))).toEqual(new Set([0]))
    expect(times()).toBe(0)
    const [first, second] = [await outputOf(early, x, [600, 300]), times()]
    expect([first[0] !== 0, first[16], second]).toEqual([true, 0, 1])

    const snr = { schedule: zeroTerminalSnr(schedule), predicts: 'v_prediction' } as const
    const [noise, never] = counted(1, snr)
    expect(new Set(await outputOf(noise, x, [999, 999]))).toEqual(new Set([0]))
    expect(never()).toBe(0)
    x.dispose()
  })

  it('tells the function what the model is told', async () => {
    const told: unknown[] = []
    const gradient = (x: tf.Tensor, t: readonly number[], condition: unknown): tf.Tensor => {
      told.push(t, condition)
      return tf.zerosLike(x)
    }
    const x = tf.ones([2, 4, 4, 1])
    const condition = { labels: [3, 4] }
    const model = gradientGuided({ gradient })(zeros())
    const { output } = await firstValueFrom(ask(model, { x, t: [500, 20], condition }))
    expect(told).toEqual([[500, 20], condition])
    tf.dispose([x, output])
  })

  it('gives a model without labels those that the function knows, and tells the function alone', async () => {
    const told: unknown[] = []
    const model = zeros({
      predict: (x, _t, condition) => {
        told.push(['model', condition])
        return of({ output: tf.zerosLike(x) })
      },
    })
    const gradient = (x: tf.Tensor, _t: readonly number[], condition: unknown): tf.Tensor => {
      told.push(['function', condition])
      return tf.zerosLike(x)
    }
    const condition = { labels: [3, 4] }
    const drawn = (of_: Denoiser<tf.Tensor>, asked: Condition): Promise<unknown> =>
      finalSnapshot(
        respace(schedule, trailing(1)).pipe(
          denoise({ model: of_, rule: ddim(), noise: philox({ seed: 7 }), condition: asked }),
        ),
      )
    const classified = gradientGuided({ gradient, labels: { count: 5 } })
    await drawn(classified(model), condition)
    expect(told).toEqual([
      ['model', {}],
      ['function', condition],
    ])
    await expect(drawn(classified(model), { labels: [5] })).rejects.toMatchObject({ _tag: 'LabelUnknown' })
    await expect(drawn(gradientGuided({ gradient })(model), condition)).rejects.toMatchObject({
      _tag: 'LabelsUnexpected',
    })
    // whose labels a model has already, are the model's
    expect(classified({ ...model, labels: { count: 9 } }).labels).toEqual({ count: 9 })
  })

  it('refuses a weight that is no number', () => {
    expect(() => gradientGuided({ gradient: near(0), weight: NaN })).toThrow(
      expect.objectContaining({ _tag: 'GuidanceInvalid' }),
    )
  })

  it('pulls whole samples where the function wants them, and keeps no tensor', async () => {
    const before = tf.memory().numTensors
    // of data x₀ ~ N(0, 1) and a wish for 2 of the same precision: p(wish | x_t) is a Gaussian about √ᾱ·x_t
    const wish = gradientOf((x, t) => {
      const { alphaBar } = levelAt(schedule, t[0]!)
      const missing = tf.sub(tf.mul(x, Math.sqrt(alphaBar)), 2)
      return tf.mul(-0.5 / (2 - alphaBar), tf.sum(tf.square(missing), [1, 2, 3]))
    })
    const drawn = async (weight: number): Promise<number> => {
      const frames$ = respace(schedule, trailing(50)).pipe(
        denoise({
          model: gradientGuided({ gradient: wish, weight })(
            zeros({
              predict: (x, [t = 0]) =>
                of({ output: tfjs.combine([[Math.sqrt(1 - schedule.alphaBars[t]!), x]]) }),
            }),
          ),
          rule: ddim(),
          noise: philox({ seed: 7 }),
          batch: 3,
        }),
      )
      const { xt } = await finalSnapshot(frames$)
      await settled(frames$)
      return [...xt.data].reduce((sum, value) => sum + value, 0) / xt.data.length
    }
    const [free, pulled] = [await drawn(0), await drawn(1)]
    // the two are N(0, 1) and N(1, ½), of the same noise
    expect(Math.abs(free)).toBeLessThan(0.5)
    expect(Math.abs(pulled - (1 + free * Math.SQRT1_2))).toBeLessThan(0.02)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('keeps no tensor when the function throws', async () => {
    const before = tf.memory().numTensors
    const gradient = gradientOf((x) => {
      tf.square(x)
      throw new Error('no opinion')
    })
    const x = tf.ones([1, 4, 4, 1])
    await expect(outputOf(gradientGuided({ gradient })(zeros()), x, [500])).rejects.toThrow('no opinion')
    x.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe.each(backends)('gradientOf on %s', (backend) => {
  beforeAll(() => useBackend(backend))
  afterAll(() => tf.setBackend('cpu'))

  it('differentiates a classifier, row by row, and keeps nothing but the gradient', async () => {
    const weights = tf.tidy(() =>
      [
        [3, 3, 1, 4],
        [64, 5],
      ].map((shape, k) => tf.mul(tf.truncatedNormal(shape, 0, 1, 'float32', 7 + k), 0.3)),
    )
    const [filter, matrix] = weights
    const logits = (x: tf.Tensor): tf.Tensor2D => {
      // wasm has no derivative of a convolution
      const seen =
        backend === 'wasm'
          ? tf.concat([x, x, x, x], 3)
          : tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, strides: 1, pad: 'same' })
      const bent = tf.mul(seen, tf.sigmoid(seen))
      return tf.matMul(tf.reshape(bent, [-1, 64]), matrix as tf.Tensor2D)
    }
    const logProbability = (x: tf.Tensor, _: unknown, { labels = [] }: Condition): tf.Tensor => {
      const wanted = tf.oneHot(tf.tensor1d([...labels], 'int32'), 5)
      return tf.sum(tf.mul(tf.logSoftmax(logits(x)), wanted), 1)
    }
    const x = tf.randomNormal([2, 4, 4, 1], 0, 1, 'float32', 3)
    const condition = { labels: [1, 4] }

    const before = tf.memory().numTensors
    const gradient = gradientOf(logProbability)(x, [500, 20], condition)
    expect(tf.memory().numTensors).toBe(before + 1)
    const slope = await gradient.data()

    // against what a nudge of one pixel does to each row
    const values = await x.data()
    for (const pixel of [0, 5, 15, 16, 30]) {
      const nudged = [0.01, -0.01].map((by) =>
        tf.tidy(() => {
          const moved = values.map((value, k) => (k === pixel ? value + by : value))
          return tf.sum(logProbability(tf.tensor(moved, x.shape), [], condition)).dataSync()[0]!
        }),
      )
      expect(slope[pixel]!).toBeCloseTo((nudged[0]! - nudged[1]!) / 0.02, 2)
    }
    tf.dispose([x, gradient, ...weights])
  })
})

describe('gradientGuided, on books', () => {
  const { algebra, alive, faults } = countingAlgebra()
  const withVariance = (x: Counted): Prediction<Counted> => ({
    output: algebra.combine([[0.5, x]]),
    variance: algebra.combine([[0.1, x]]),
  })
  const model = (answer: (x: Counted) => ObservableInput<Prediction<Counted>>): Denoiser<Counted> => ({
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [2],
    predict: answer,
  })
  const image = (): Counted => algebra.fromValues({ shape: [1, 2], data: Float64Array.of(1, 2) })
  const flat = (...tensors: readonly Counted[]): void => {
    tensors.forEach(algebra.dispose)
    expect([alive(), faults]).toEqual([0, []])
  }

  it('hands over one prediction, and takes back what it was made of', async () => {
    const x = image()
    const gradient = (at: Counted): Counted => algebra.combine([[-1, at]])
    const guided = gradientGuided({ gradient })(model((at) => of(withVariance(at))))
    const { output, variance } = await firstValueFrom(ask(guided, { x, t: [500], condition: {} }))
    expect(alive()).toBe(3)
    flat(x, output, variance!)
  })

  it.each([
    ['of another shape', () => algebra.fromValues({ shape: [1, 3], data: new Float64Array(3) })],
    [
      'that fails',
      () => {
        throw new Error('don’t')
      },
    ],
  ])('leaves nothing behind of a gradient %s', async (_, gradient) => {
    const x = image()
    const guided = gradientGuided({ gradient })(model((at) => of(withVariance(at))))
    await expect(firstValueFrom(ask(guided, { x, t: [500], condition: {} }))).rejects.toThrow('don')
    flat(x)
  })

  it('leaves nothing behind when cancelled before the answer, or by the gradient itself', () => {
    const x = image()
    const answer$ = new Subject<Prediction<Counted>>()
    const gradient = (at: Counted): Counted => {
      subscription.unsubscribe()
      return algebra.combine([[1, at]])
    }
    const guided = gradientGuided({ gradient })(model(() => answer$))
    const asking = (): Subscription =>
      ask(guided, { x, t: [500], condition: {} }).subscribe(() => expect.fail('nobody listens'))
    let subscription = asking()
    subscription.unsubscribe()
    expect(answer$.observed).toBe(false)
    subscription = asking()
    answer$.next(withVariance(x))
    flat(x)
  })
})
