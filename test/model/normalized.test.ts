import { firstValueFrom, from, of, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { numbers } from '../../src/algebra/numbers.ts'
import type { PredictionType } from '../../src/diffusion/estimate.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import {
  continuousLinear,
  cosineSchedule,
  levelAt,
  levelAtSigma,
  linearSchedule,
} from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { ask } from '../../src/model/ask.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import type { DataRange } from '../../src/diffusion/ranged-schedule.ts'
import { normalized } from '../../src/model/normalized.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { snapshot } from '../../src/stream/snapshot.ts'

const schedule = linearSchedule()

/** The mixture's model, which knows the score, as one that says x₀ or v. */
const says = (predicts: PredictionType, model: Denoiser<number>): Denoiser<number> => ({
  ...model,
  predicts,
  predict: (x, [t = 0], condition, options) => {
    const { alphaBar } = levelAt(model.schedule, t)
    const [a, s] = [Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)]
    const answer = ask(model, { x, t: [t], condition }, options.waitUntil)
    return firstValueFrom(answer).then(({ output: eps }) => {
      const x0 = (x - s * eps) / a
      return { output: { epsilon: eps, sample: x0, v_prediction: a * eps - s * x0 }[predicts] }
    })
  },
})

const path = async (model: Denoiser<number>, start: number, rule = ddim()): Promise<readonly number[]> => {
  // noise that is the same whatever the process
  const noise = { name: 'waves', draw: (n: number) => Float32Array.of(Math.sin(n)) }
  const frames$ = respace(model.schedule, trailing(20)).pipe(
    denoise({ model, rule, noise, start, clip: 'none' }),
    snapshot(),
    toArray(),
  )
  return (await firstValueFrom(frames$)).map(({ xt }) => xt.data[0]!)
}

const mixture = gaussianMixture(
  [
    { mean: 0.2, deviation: 0.05 },
    { mean: 0.9, deviation: 0.02, weight: 2 },
  ],
  schedule,
)

describe('a model of data in [low, high]', () => {
  const ranges: readonly DataRange[] = [
    [0, 1],
    [-1, 3],
    [0, 255],
    [0, 2],
    [-0.5, 0.5],
  ]
  const kinds: readonly PredictionType[] = ['epsilon', 'sample', 'v_prediction']
  const cases = ranges.flatMap((range) => kinds.map((predicts) => [range, predicts] as const))

  it.each(cases)(
    'in %j that says %s visits the same images, with and without noise',
    async (range, predicts) => {
      const [low, high] = range
      const [half, centre] = [(high - low) / 2, (high + low) / 2]
      const model = says(predicts, mixture)
      const own = normalized(range)(model)
      expect(own.range).toBe(1)
      expect(own.schedule.trainedSteps).toBe(1000)
      const alphaBar = schedule.alphaBars[999]!
      const scale = (of: number): number => Math.sqrt(half * half * of + 1 - of)
      for (const rule of [ddim(), ddim({ eta: 0.4 }), ddpm()]) {
        const ys = await path(model, 0.7, rule)
        const xs = await path(own, (0.7 - Math.sqrt(alphaBar) * centre) / scale(alphaBar), rule)
        const last = half * xs.at(-1)! + centre
        expect(Math.abs(last - ys.at(-1)!)).toBeLessThan(1e-9 * Math.max(1, high))
      }
    },
  )

  it('is the model itself in [−1, 1]', () => {
    expect(normalized([-1, 1])(mixture)).toEqual({ ...mixture, range: 1 })
  })

  it('keeps the schedule where only the centre moves, and what lies between its timesteps', () => {
    expect(normalized([0, 2])(mixture).schedule).toBe(schedule)
    const half = normalized([0, 1])(mixture).schedule
    // σ of the data in their own range is twice as large
    const { alphaBar, t } = levelAt(schedule, 500.5)
    const sigma = 2 * Math.sqrt(1 / alphaBar - 1)
    expect(levelAtSigma(half, sigma).t).toBeCloseTo(t, 9)
    const continuous = { ...mixture, schedule: continuousLinear() }
    const moved = normalized([0, 1])(continuous).schedule
    expect(levelAtSigma(moved, sigma).alphaBar).toBeCloseTo(1 / (1 + sigma * sigma), 12)
    expect(levelAt(moved, levelAtSigma(moved, sigma).t).alphaBar).toBeCloseTo(1 / (1 + sigma * sigma), 9)
  })

  it('decodes what the network’s data are', async () => {
    const seen: number[] = []
    const model: Denoiser<number> = {
      ...mixture,
      decode: (x) => {
        seen.push(x)
        return of(x)
      },
    }
    const image = normalized([0, 1])(model).decode!(-1)
    await firstValueFrom(from(image))
    expect(seen).toEqual([0])
  })

  it('frees what it makes', async () => {
    const made = new Set<object>()
    interface Boxed {
      readonly value: number
    }
    const box = (value: number): Boxed => {
      const boxed = { value }
      made.add(boxed)
      return boxed
    }
    const model: Denoiser<Boxed> = {
      predicts: 'v_prediction',
      schedule: cosineSchedule({ trainedSteps: 10 }),
      shape: [],
      algebra: {
        ...(numbers as never as Denoiser<Boxed>['algebra']),
        combine: (sum) => box(sum.reduce((total, [, { value }]) => total + value, 0)),
        fromValues: ({ data }) => box(data[0]!),
        shape: () => [],
        dispose: (x) => {
          if (!made.delete(x)) throw new Error('freed twice, or not ours')
        },
      },
      predict: ({ value }) => of({ output: box(value) }),
    }
    const x = { value: 1 }
    const { output } = await firstValueFrom(ask(normalized([0, 1])(model), { x, t: [3], condition: {} }))
    expect([...made]).toEqual([output])
  })

  it.each<DataRange>([
    [1, 1],
    [2, -2],
    [0, Infinity],
  ])('refuses [%j, %j]', (...range) => {
    expect(() => normalized(range)).toThrow('that is no range')
  })
})
