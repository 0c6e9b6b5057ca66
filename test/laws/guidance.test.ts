import fc from 'fast-check'
import { firstValueFrom, from, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { numbers } from '../../src/algebra/numbers.ts'
import type { PredictionType } from '../../src/diffusion/estimate.ts'
import { evaluate } from '../../src/diffusion/linear-form.ts'
import { trainingTarget } from '../../src/diffusion/objective.ts'
import { levelAt, linearSchedule } from '../../src/diffusion/schedule.ts'
import { M } from '../../src/fp.ts'
import { ask } from '../../src/model/ask.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { type Gaussian, gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { gradientGuided } from '../../src/model/gradient-guided.ts'
import { type Guidance, guidanceMonoid } from '../../src/model/guidance.ts'
import { guided } from '../../src/model/guided.ts'

const schedule = linearSchedule()
const predictions: readonly PredictionType[] = ['epsilon', 'sample', 'v_prediction']
const x = fc.double({ min: -4, max: 4, noNaN: true })
const t = fc.integer({ min: 0, max: 999 })
const weight = fc.double({ min: -2, max: 9, noNaN: true })

/** The same model in other words. */
const inWords =
  (predicts: PredictionType) =>
  (model: Denoiser<number>): Denoiser<number> => ({
    ...model,
    predicts,
    predict: (at, times, condition, options) => {
      let said = NaN
      from(model.predict(at, times, condition, options)).subscribe(({ output }) => (said = output))
      const level = levelAt(schedule, times[0]!)
      const x0 = (at - Math.sqrt(1 - level.alphaBar) * said) / Math.sqrt(level.alphaBar)
      const form = trainingTarget(predicts, level)
      const basis = { xt: [], x0: [[1, x0]], eps: [], z: [[1, said]] } as const
      return of({ output: evaluate(form, basis).reduce((sum, [c, v]) => sum + Number(c) * v, 0) })
    },
  })

const outputOf = async (
  model: Denoiser<number>,
  at: number,
  time: number,
  labels: readonly number[] = [0],
): Promise<number> => (await firstValueFrom(ask(model, { x: at, t: [time], condition: { labels } }))).output

const close = (a: number, b: number, scale = 1): void => {
  expect(Math.abs(a - b)).toBeLessThan(1e-11 * Math.max(1, scale, Math.abs(b)))
}

const classes: readonly Gaussian[] = [
  { weight: 1, mean: -1, deviation: 0.5 },
  { weight: 3, mean: 1.5, deviation: 0.7 },
]

/** `∇ log p(y | x_t)` of a class, exactly: the score of the class less the score of all. */
const bayes = (label: number, at: number, time: number): number => {
  const { alphaBar } = levelAt(schedule, time)
  const score = (parts: readonly Gaussian[]): number => {
    let epsilon = NaN
    ask(gaussianMixture(parts, schedule), { x: at, t: [time], condition: {} }).subscribe(
      ({ output }) => (epsilon = output),
    )
    return -epsilon / Math.sqrt(1 - alphaBar)
  }
  return score([classes[label]!]) - score(classes)
}

describe('gradientGuided', () => {
  it.each(predictions)(
    'makes of all images’ exact %s, with an exact classifier, the exact one of a class',
    async (predicts) => {
      await fc.assert(
        fc.asyncProperty(x, t, fc.constantFrom(0, 1), async (at, time, label) => {
          const gradient = (here: number): number => bayes(label, here, time)
          const steered = gradientGuided({ gradient })(inWords(predicts)(gaussianMixture(classes, schedule)))
          const exact = inWords(predicts)(gaussianMixture([classes[label]!], schedule))
          const { alphaBar } = levelAt(schedule, time)
          close(await outputOf(steered, at, time), await outputOf(exact, at, time), 1 / alphaBar)
        }),
      )
    },
  )
})

/** A model of three labels, each with an opinion of its own; 2 is none. */
const opinions = (values: readonly number[]): Denoiser<number> => ({
  algebra: numbers,
  predicts: 'epsilon',
  schedule,
  shape: [],
  labels: { count: 3, unconditional: 2 },
  predict: (at, _, { labels }) => of({ output: 0.1 * at + values[labels![0]!]! }),
})
const model = fc.tuple(x, x, x).map(opinions)

const constant: fc.Arbitrary<Guidance<number>> = weight.map((w) => guided({ weight: w }))
const slope: fc.Arbitrary<Guidance<number>> = fc
  .tuple(weight, x)
  .map(([w, towards]) => gradientGuided({ gradient: (at) => towards - at, weight: w }))
const interval: fc.Arbitrary<Guidance<number>> = fc
  .tuple(weight, t, t)
  .map(([w, a, b]) => guided({ weight: (level) => ((level.t - a) * (level.t - b) < 0 ? w : 1) }))
const negative: fc.Arbitrary<Guidance<number>> = weight.map((w) =>
  guided({ weight: w, negative: { labels: [1] } }),
)
const any = fc.oneof(constant, slope, interval, negative)
const { concat, empty } = guidanceMonoid<number>()

describe('guidanceMonoid', () => {
  it('has an identity, which guides nowhere', async () => {
    await fc.assert(
      fc.asyncProperty(any, model, x, t, async (f, plain, at, time) => {
        const alone = await outputOf(f(plain), at, time)
        expect(await outputOf(concat(f, empty)(plain), at, time)).toBe(alone)
        expect(await outputOf(concat(empty, f)(plain), at, time)).toBe(alone)
        expect(empty(plain)).toBe(plain)
      }),
    )
  })

  it('is associative', async () => {
    await fc.assert(
      fc.asyncProperty(any, any, any, model, x, t, async (f, g, h, plain, at, time) => {
        const left = concat(concat(f, g), h)(plain)
        const right = concat(f, concat(g, h))(plain)
        expect(await outputOf(left, at, time)).toBe(await outputOf(right, at, time))
      }),
    )
  })

  it('does not commute: what one leans away from, the other may lean towards', async () => {
    const [f, g] = [guided({ weight: 2 }), guided({ weight: 3, negative: { labels: [1] } })]
    const plain = opinions([1, 2, 4])
    expect(await outputOf(concat(f, g)(plain), 0, 500)).not.toBeCloseTo(
      await outputOf(concat(g, f)(plain), 0, 500),
      6,
    )
  })
})

describe('guided', () => {
  it('twice is guided once by the product, in either order', async () => {
    await fc.assert(
      fc.asyncProperty(weight, weight, model, x, t, async (a, b, plain, at, time) => {
        const twice = M.concatAll(guidanceMonoid<number>())([guided({ weight: a }), guided({ weight: b })])
        const once = guided({ weight: a * b })
        close(await outputOf(twice(plain), at, time), await outputOf(once(plain), at, time), 100)
      }),
    )
  })

  it('commutes with a gradient that does not know the label', async () => {
    await fc.assert(
      fc.asyncProperty(constant, slope, model, x, t, async (f, g, plain, at, time) => {
        const [one, other] = [concat(f, g)(plain), concat(g, f)(plain)]
        close(await outputOf(one, at, time), await outputOf(other, at, time), 1000)
      }),
    )
  })
})
