import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { firstValueFrom, from, lastValueFrom, map, of, range, timer, toArray } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { variationalBound } from '../../src/diffusion/bound.ts'
import type { Variance } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { transitions } from '../../src/diffusion/transition.ts'
import { bitsPerDimension } from '../../src/evaluate/bits-per-dimension.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { denoiserOf } from '../../src/model/denoiser-of.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import { gaussian, meanOf, PIXELS } from '../experiment/bench.ts'

const DEVIATION = 0.3

/** Images of the exact model's own distribution, on the 256 levels that pixels have. */
const drawn = (count: number, label: number): Values64 => {
  const z = philox({ seed: 5 }).draw(0, [count, PIXELS])
  const data = Float64Array.from(z, (each, i) => {
    const value = meanOf(label, i % PIXELS) + DEVIATION * each
    return Math.round((Math.min(0.95, Math.max(-0.95, value)) + 1) * 127.5) / 127.5 - 1
  })
  return { shape: [count, 2, 3, 1], data }
}

/** What the images take under the distribution itself. */
const trueBits = ({ data }: Values, label: number): number =>
  [...data].reduce((total, x, i) => {
    const density =
      Math.exp(-(((x - meanOf(label, i % PIXELS)) / DEVIATION) ** 2) / 2) /
      (DEVIATION * Math.sqrt(2 * Math.PI))
    return total - Math.log2(density * (2 / 255))
  }, 0) / data.length

const rows = ({ shape, data }: Values64, first: number, end: number): Values64 => {
  const size = data.length / shape[0]!
  return { shape: [end - first, ...shape.slice(1)], data: data.slice(first * size, end * size) }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const labels = (count: number, label: number): readonly number[] => Array.from({ length: count }, () => label)

describe('bits per dimension', () => {
  const images = drawn(64, 2)
  const batch = { images, labels: labels(64, 2) }
  const of64 = (steps: number, options: { label?: number; variance?: Variance } = {}) => {
    const { label = 2, variance = 'fixed-large' } = options
    return lastValueFrom(
      of({ images, labels: labels(64, label) }).pipe(
        bitsPerDimension({ model: gaussian, spacing: trailing(steps), variance }),
      ),
    )
  }

  it('of the exact model are the true ones, up to what steps of a normal distribution cost', async () => {
    const wanted = trueBits(images, 2)
    const { bits, prior, terms } = await of64(1000)
    expect(bits).toBeGreaterThan(wanted)
    expect(bits).toBeLessThan(wanted + 0.25)
    expect(prior + sum(terms)).toBeCloseTo(bits, 10)
  })

  it.each(['fixed-small', 'fixed-large'] as const)(
    'have the parts that were worked out on paper, %s',
    async (variance) => {
      // x̂₀ = m + k·(x_t − √ᾱ·m) with k = √ᾱ·d²/(ᾱ·d² + 1 − ᾱ), so that x₀ − x̂₀ = (1 − k·√ᾱ)·(x₀ − m) − k·√(1−ᾱ)·z
      const { terms } = await of64(50, { variance })
      const chain = orThrow(transitions(linearSchedule(), trailing(50)))
      const wanted = chain.slice(0, -1).map(({ from: { alphaBar: a }, to: { alphaBar: b } }) => {
        const k = (Math.sqrt(a) * DEVIATION ** 2) / (a * DEVIATION ** 2 + 1 - a)
        const squares = images.data.map(
          (x, i) => ((1 - k * Math.sqrt(a)) * (x - meanOf(2, i % PIXELS))) ** 2 + k ** 2 * (1 - a),
        )
        const beta = 1 - a / b
        const own = (beta * (1 - b)) / (1 - a)
        const given = variance === 'fixed-small' ? own : beta
        const pull = (Math.sqrt(b) * beta) / (1 - a)
        const error = (pull ** 2 * sum([...squares])) / squares.length
        return (Math.log(given / own) + (own + error) / given - 1) / 2 / Math.LN2
      })
      // 384 draws of z² in each part
      wanted.forEach((part, k) => {
        expect(Math.abs(terms[k]! - part)).toBeLessThan(0.25 * part + 1e-6)
      })
      expect(sum(terms.slice(0, -1)) / sum(wanted)).toBeCloseTo(1, 1)
    },
  )

  it('are more for images of another class', async () => {
    const [right, wrong] = await Promise.all([of64(100), of64(100, { label: 1 })])
    expect(wrong.bits).toBeGreaterThan(right.bits + 1)
  })

  it('do not depend on the batches, and count on', async () => {
    const cuts = [0, 1, 30, 64]
    const batches$ = from(cuts.slice(1)).pipe(
      map((end, i) => ({
        images: rows(images, cuts[i]!, end),
        labels: labels(end - cuts[i]!, 2),
      })),
    )
    const measured = await lastValueFrom(
      batches$.pipe(bitsPerDimension({ model: gaussian, spacing: trailing(20) }), toArray()),
    )
    expect(measured.map((each) => each.images)).toEqual([1, 30, 64])
    const whole = await of64(20, { variance: 'fixed-small' })
    expect(measured.at(-1)!.bits).toBeCloseTo(whole.bits, 10)
    expect(measured.at(-1)!.error).toBeCloseTo(whole.error, 10)
    expect(measured[0]!.error).toBe(0)

    const ones$ = range(0, 3).pipe(map((i) => ({ images: rows(images, i, i + 1), labels: [2] })))
    const three = await lastValueFrom(
      ones$.pipe(bitsPerDimension({ model: gaussian, spacing: trailing(20) }), toArray()),
    )
    const each = three.map(({ bits }, i) => (i + 1) * bits - i * (three[i - 1]?.bits ?? 0))
    const squares = each.map((bits) => (bits - three[2]!.bits) ** 2)
    expect(three[2]!.error).toBeCloseTo(Math.sqrt(sum(squares) / 2 / 3), 10)
  })

  it('have the learned variance as OpenAI mean it', async () => {
    const schedule = linearSchedule()
    const v = 0.4
    const model: Denoiser<Values64> = denoiserOf(
      { algebra: float64, predicts: 'sample', schedule, shape: [2, 3, 1], learnedVariance: true },
      (x) => ({ ...x, data: x.data.map(() => 0.1) }),
    )
    const learned: Denoiser<Values64> = {
      ...model,
      predict: (x) =>
        of({
          output: { shape: x.shape, data: x.data.map(() => 0.1) },
          variance: { shape: x.shape, data: x.data.map(() => v) },
        }),
    }
    const chain = orThrow(transitions(schedule, trailing(4)))
    const { terms, prior } = variationalBound(chain)
    const predicted = { shape: images.shape, data: images.data.map(() => 0.1) }
    const wanted = terms.map(({ transition: { from: noisy, to }, bits }, k) => {
      const before = chain[k - 1]
      const [a, b] = k === 3 ? [before!.from.alphaBar, before!.to.alphaBar] : [noisy.alphaBar, to.alphaBar]
      const small = ((1 - a / b) * (1 - b)) / (1 - a)
      const beta = 1 - noisy.alphaBar / to.alphaBar
      const share = (v + 1) / 2
      const variance = beta ** share * small ** (1 - share)
      const each = bits(images, predicted, { shape: images.shape, data: images.data.map(() => variance) })
      return sum(each) / 64
    })
    const measured = await lastValueFrom(
      of({ images }).pipe(bitsPerDimension({ model: learned, spacing: trailing(4), clip: 'none' })),
    )
    measured.terms.forEach((term, k) => {
      expect(term).toBeCloseTo(wanted[k]!, 10)
    })
    expect(measured.prior).toBeCloseTo(sum(prior(images)) / 64, 10)
  })

  it('need a variance where one is asked for', async () => {
    const measured$ = of(batch).pipe(
      bitsPerDimension({ model: gaussian, spacing: trailing(4), variance: 'learned-range' }),
    )
    await expect(lastValueFrom(measured$)).rejects.toMatchObject({ _tag: 'VarianceMissing' })
  })

  it('refuse a chain before anything is asked', () => {
    expect(() => bitsPerDimension({ model: gaussian, spacing: trailing(2000) })).toThrow(
      'only 1000 timesteps',
    )
  })
})

describe('tensors of the measurement', () => {
  beforeAll(() => tf.setBackend('cpu'))
  const model = (fails: boolean): Denoiser<tf.Tensor> => ({
    algebra: tfjs,
    predicts: 'epsilon',
    schedule: linearSchedule(),
    shape: [2, 2, 1],
    range: 1,
    predict: (x, t) =>
      timer(0).pipe(
        map(() => {
          if (fails && t[0]! < 500) throw new Error('no more')
          return { output: tf.mul(0.5, x) }
        }),
      ),
  })
  const images = { shape: [2, 2, 2, 1], data: new Float32Array(8) }
  const run = (fails: boolean) =>
    of({ images }, { images }).pipe(bitsPerDimension({ model: model(fails), spacing: trailing(4) }))

  it('are freed at the end, after an error and after a cancel', async () => {
    const before = tf.memory().numTensors
    const all = await lastValueFrom(run(false).pipe(toArray()))
    expect(all).toHaveLength(2)
    expect(tf.memory().numTensors).toBe(before)

    await expect(lastValueFrom(run(true))).rejects.toThrow('no more')
    expect(tf.memory().numTensors).toBe(before)

    const subscription = run(false).subscribe()
    await firstValueFrom(timer(2))
    subscription.unsubscribe()
    await firstValueFrom(timer(20))
    expect(tf.memory().numTensors).toBe(before)
  })
})
