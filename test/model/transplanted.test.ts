import { firstValueFrom, from, lastValueFrom, map, of, queueScheduler, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../src/algebra/float64.ts'
import { numbers } from '../../src/algebra/numbers.ts'
import { ddim, type Rule } from '../../src/diffusion/rule.ts'
import {
  explodingSchedule,
  flowSchedule,
  levelAt,
  levelAtSigma,
  sigmaOfLevel,
} from '../../src/diffusion/schedule.ts'
import { heun } from '../../src/diffusion/solver.ts'
import { karras, karrasSigmas, type Spacing, trailing } from '../../src/diffusion/spacing.ts'
import { transitions } from '../../src/diffusion/transition.ts'
import { ask } from '../../src/model/ask.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { flowDenoiser } from '../../src/model/flow.ts'
import type { ForeignNetwork } from '../../src/model/transplanted.ts'
import { edmDenoiser, veDenoiser } from '../../src/model/ve.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { countingAlgebra } from '../support/counting-algebra.ts'
import { right } from '../laws/arbitrary.ts'

const noise = philox({ seed: 7 })

const pathOf = (model: Denoiser<number>, rule: Rule, spacing: Spacing, start: number): Promise<number[]> =>
  lastValueFrom(
    from(right(transitions(model.schedule, spacing))).pipe(
      denoise({ model, rule, noise, start, scheduler: queueScheduler }),
      map(({ xt }) => xt),
      toArray(),
    ),
  )

const close = (ours: readonly number[], theirs: readonly number[], digits: number): void => {
  expect(ours).toEqual(theirs.map((x): unknown => expect.closeTo(x, digits)))
}

describe('a flow', () => {
  it.each([1, 3])('is walked by Euler in its own coordinates, shift %d', async (shift) => {
    const velocity = (x: number, s: number): number => 0.4 * x - 1.1 * Math.cos(2 * s)
    const model = flowDenoiser<number>(
      { algebra: numbers, shape: [], shift, trainedSteps: 200 },
      (x, [s = 0]) => of({ output: velocity(x, s) }),
    )
    const start = 0.8
    const theirs: number[] = []
    let x = start
    const times = Array.from({ length: 9 }, (_, k) => {
      const u = 1 - k / 8
      return (shift * u) / (1 + (shift - 1) * u)
    })
    times.slice(1).forEach((next, k) => {
      const s = times[k]!
      x += (next - s) * velocity(x, s)
      // x = x̃·(√ᾱ + √(1−ᾱ)), and √(1−ᾱ)/√ᾱ = s/(1−s)
      theirs.push(x / Math.hypot(next, 1 - next))
    })
    close(await pathOf(model, ddim(), trailing(8), start), theirs, 12)
  })

  it('has the noise of its times at every real t, and finds them', () => {
    const schedule = flowSchedule({ shift: 3 })
    for (const t of [-0.5, 0, 1.25, 500, 998.5]) {
      const level = levelAt(schedule, t)
      const u = (t + 1) / 1000
      const s = (3 * u) / (1 + 2 * u)
      expect((sigmaOfLevel(level) * (1 - s)) / s).toBeCloseTo(1, 8)
      expect(levelAtSigma(schedule, sigmaOfLevel(level)).t).toBeCloseTo(t, 6)
    }
    expect(levelAt(schedule, 999).alphaBar).toBe(0)
  })

  it('is refused with a shift that is none', () => {
    expect(() => flowSchedule({ shift: 0 })).toThrow('the shift of its times is 0, and it has to be above 0')
    expect(() => flowSchedule({ trainedSteps: 0.5 })).toThrow('T is 0.5')
  })
})

describe('a variance-exploding model', () => {
  const range = { sigmaMin: 0.01, sigmaMax: 50 }
  const sigmas = [...karrasSigmas(12, range), 0]
  const network = { algebra: numbers, shape: [], ...range }

  /** EDM's algorithm 1 without churn. */
  const heunByHand = (denoised: (x: number, sigma: number) => number, start: number): readonly number[] => {
    let x = start
    return sigmas.slice(1).map((next, k) => {
      const sigma = sigmas[k]!
      const slope = (x - denoised(x, sigma)) / sigma
      const there = x + (next - sigma) * slope
      x = next === 0 ? there : x + ((next - sigma) * (slope + (there - denoised(there, next)) / next)) / 2
      return x / Math.sqrt(1 + next * next)
    })
  }

  const denoised = (x: number, sigma: number): number => 0.3 + Math.tanh(x / (1 + sigma * sigma))
  const start = 0.8
  const exploded = start * Math.sqrt(1 + range.sigmaMax ** 2)

  it('is walked by Heun in its own coordinates, from its denoised images or its ε', async () => {
    const theirs = heunByHand(denoised, exploded)
    const images = veDenoiser<number>({ ...network, predicts: 'sample' }, (x, [sigma = 0]) =>
      of({ output: denoised(x, sigma) }),
    )
    const epsilon = veDenoiser<number>({ ...network, predicts: 'epsilon' }, (x, [sigma = 0]) =>
      of({ output: (x - denoised(x, sigma)) / sigma }),
    )
    for (const model of [images, epsilon])
      close(await pathOf(model, heun(), karras(12, range), start), theirs, 9)
  })

  it.each([0.5, 1, 2])('with EDM’s preconditioning says what it says, σ_d = %d', async (sigmaData) => {
    const f = (x: number, time: number): number => Math.sin(2 * x) + 0.1 * time
    const preconditioned = (x: number, sigma: number): number => {
      const total = sigma ** 2 + sigmaData ** 2
      const out = (sigma * sigmaData) / Math.sqrt(total)
      return (sigmaData ** 2 / total) * x + out * f(x / Math.sqrt(total), 0.25 * Math.log(sigma))
    }
    const model = edmDenoiser<number>({ ...network, sigmaData }, (x, [time = 0]) =>
      of({ output: f(x, time) }),
    )
    close(await pathOf(model, heun(), karras(12, range), start), heunByHand(preconditioned, exploded), 9)
  })

  it('is told of every row what is the row’s', async () => {
    const seen: Array<readonly number[]> = []
    const tell: ForeignNetwork<ReturnType<typeof float64.fromValues>> = (x, sigma) => {
      seen.push([...x.data], sigma)
      return of({ output: x })
    }
    const model = veDenoiser(
      { algebra: float64, shape: [], predicts: 'sample', ...range, trainedSteps: 3 },
      tell,
    )
    const x = float64.fromValues({ shape: [2], data: Float64Array.of(1, 1) })
    await firstValueFrom(ask(model, { x, t: [0, 2], condition: {} }))
    close(seen[0]!, [Math.hypot(1, 0.01), Math.hypot(1, 50)], 12)
    close(seen[1]!, [0.01, 50], 12)
  })

  it('is refused where its σs or its data make no sense', () => {
    expect(() => explodingSchedule({ sigmaMin: 2, sigmaMax: 2 })).toThrow('its σ goes from 2 to 2')
    expect(() => explodingSchedule({ sigmaMin: 0 })).toThrow('its σ goes from 0 to 80')
    expect(() => edmDenoiser({ ...network, sigmaData: 0 }, () => of({ output: 0 }))).toThrow(
      'its data have the standard deviation 0, and it has to be above 0',
    )
  })
})

describe('tensors of a transplanted network', () => {
  const shape = [1]
  const question = <T>(x: T) => ({ x, t: [500], condition: {} })

  it('are gone but for the prediction, which keeps its variance', async () => {
    const books = countingAlgebra()
    const { algebra } = books
    const model = flowDenoiser({ algebra, shape: [] }, (x) =>
      of({ output: algebra.combine([[2, x]]), variance: algebra.combine([[3, x]]) }),
    )
    const x = algebra.fromValues({ shape, data: Float64Array.of(1) })
    const { output, variance } = await firstValueFrom(ask(model, question(x)))
    expect(books.alive()).toBe(3)
    for (const tensor of [x, output, variance!]) algebra.dispose(tensor)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('stay while a network computes that nobody waits for any more', async () => {
    const books = countingAlgebra()
    const { algebra } = books
    const model = edmDenoiser({ algebra, shape: [] }, async (x) => {
      await new Promise(setImmediate)
      return { output: algebra.combine([[2, x]]) }
    })
    const x = algebra.fromValues({ shape, data: Float64Array.of(1) })
    const late: Array<PromiseLike<unknown>> = []
    ask(model, question(x), (work) => late.push(Promise.resolve(work as PromiseLike<unknown>)))
      .subscribe()
      .unsubscribe()
    expect(books.alive()).toBe(2)
    expect(late).toHaveLength(1)
    await Promise.all(late)
    expect(books.alive()).toBe(1)
    algebra.dispose(x)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('are gone when the network fails', async () => {
    const books = countingAlgebra()
    const { algebra } = books
    const broken = veDenoiser({ algebra, shape: [], predicts: 'sample' }, () => {
      throw new Error('out of order')
    })
    const x = algebra.fromValues({ shape, data: Float64Array.of(1) })
    await expect(firstValueFrom(ask(broken, question(x)))).rejects.toThrow('out of order')
    expect(books.alive()).toBe(1)
  })
})
