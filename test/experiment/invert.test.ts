import { firstValueFrom, from, lastValueFrom, map, type Observable, of, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { linearSchedule, zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { leading, trailing } from '../../src/diffusion/spacing.ts'
import type { EvaluateAt } from '../../src/diffusion/transition.ts'
import { invert } from '../../src/experiment/invert.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { ascend } from '../../src/stream/ascend.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { modelThat } from '../stream/support/doubles.ts'
import { aWhile } from '../stream/support/time.ts'
import { type Counted, countingAlgebra } from '../support/counting-algebra.ts'

const schedule = linearSchedule()
const noise = {
  name: 'none',
  draw: () => {
    throw new Error('nobody draws')
  },
}
const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])

interface Trip {
  readonly count: number
  readonly evaluateAt: EvaluateAt
  readonly refinements?: number
  readonly model?: Denoiser<number>
}

/** x at the end of a chain. */
const endOf = (frames$: ReturnType<ReturnType<typeof invert<number>>>): Promise<number> =>
  lastValueFrom(frames$.pipe(map(({ xt }) => xt)))

/** What becomes of x when it is encoded and decoded. */
const roundTrip = async (
  { count, evaluateAt, refinements = 0, model: network = model }: Trip,
  start = 1,
): Promise<number> => {
  const up$ = ascend(network.schedule, trailing(count), { evaluateAt })
  const xT = await endOf(up$.pipe(invert({ model: network, start, refinements })))
  const decode = denoise({ model: network, rule: ddim(), clip: 'none', noise, start: xT })
  return endOf(respace(network.schedule, trailing(count)).pipe(decode))
}

describe('invert', () => {
  // the exact model of N(0, ½²) is linear, so that a round trip is a factor; reference/semantics.md 6.7
  it.each([
    [10, 0.554867, 0.724196],
    [20, 0.749431, 0.86431],
    [50, 0.891563, 0.946363],
    [100, 0.944249, 0.973265],
    [1000, 0.994358, 0.997332],
  ])('encodes in %i steps what decodes to %d or %d of it', async (count, source, destination) => {
    expect((await roundTrip({ count, evaluateAt: 'source' })).toFixed(6)).toBe(source.toFixed(6))
    expect((await roundTrip({ count, evaluateAt: 'destination' })).toFixed(6)).toBe(destination.toFixed(6))
  })

  it('comes nearer with every refinement, until decoding undoes encoding', async () => {
    for (const evaluateAt of ['source', 'destination'] as const) {
      const errors: number[] = []
      for (const refinements of [0, 1, 2, 4, 8, 60])
        errors.push(Math.abs(1 - (await roundTrip({ count: 20, evaluateAt, refinements }))))
      errors.slice(1).forEach((error, k) => expect(error).toBeLessThan(errors[k]! / 2))
      expect(errors.at(-1)).toBeLessThan(1e-12)
    }
  })

  it('gains about an order in S by a refinement', async () => {
    const error = async (count: number, refinements: number): Promise<number> =>
      Math.abs(1 - (await roundTrip({ count, evaluateAt: 'destination', refinements })))
    const order = async (refinements: number): Promise<number> =>
      Math.log2((await error(200, refinements)) / (await error(400, refinements)))
    expect(await order(0)).toBeCloseTo(1, 0)
    expect(await order(1)).toBeGreaterThan(1.6)
  })

  it('inverts models of v, and those of x₀ from the first level on', async () => {
    const inWords = (predicts: 'sample' | 'v_prediction'): Denoiser<number> => ({
      ...model,
      predicts,
      predict: (x, t, condition, options) =>
        from(model.predict(x, t, condition, options)).pipe(
          map(({ output: eps }) => {
            const { [t[0]!]: alphaBar = 1 } = schedule.alphaBars
            const x0 = (x - Math.sqrt(1 - alphaBar) * eps) / Math.sqrt(alphaBar)
            return {
              output: predicts === 'sample' ? x0 : Math.sqrt(alphaBar) * eps - Math.sqrt(1 - alphaBar) * x0,
            }
          }),
        ),
    })
    const trip = { count: 100, evaluateAt: 'source', refinements: 20 } as const
    expect(await roundTrip({ ...trip, model: inWords('v_prediction') })).toBeCloseTo(1, 10)
    await expect(roundTrip({ ...trip, model: inWords('sample') })).rejects.toMatchObject({
      _tag: 'SampleAtCleanLevel',
    })
    const up$ = ascend(schedule, trailing(100), { evaluateAt: 'source', finalLevel: 'first' })
    const xT = await endOf(up$.pipe(invert({ model: inWords('sample'), start: 1, refinements: 20 })))
    const down = denoise({ model, rule: ddim(), clip: 'none', noise, start: xT })
    const steps$ = respace(schedule, trailing(100), { finalLevel: 'first' })
    expect(await endOf(steps$.pipe(down))).toBeCloseTo(1, 10)
  })

  it.each([
    ['source', 0, [0, 249, 499, 749]],
    ['destination', 0, [249, 499, 749, 999]],
    ['source', 2, [0, 249, 249, 249, 499, 499, 499, 749, 749, 749, 999, 999]],
    ['destination', 1, [249, 249, 499, 499, 749, 749, 999, 999]],
  ] as const)('asks at the %s, and %i times more', async (evaluateAt, refinements, times) => {
    const asked = modelThat(() => of({ output: 0.1 }))
    const up$ = ascend(schedule, trailing(4), { evaluateAt })
    const frames = await lastValueFrom(
      up$.pipe(
        invert({ model: asked, start: 1, refinements }),
        map(({ transition }) => transition.to.t),
        toArray(),
      ),
    )
    expect(frames).toEqual([249, 499, 749, 999])
    expect(asked.calls.map(({ t }) => t[0])).toEqual(times)
  })

  it('never clips, whatever the range of the model', async () => {
    const ranged = { ...model, range: 0.01 }
    expect(await roundTrip({ count: 10, evaluateAt: 'source', model: ranged })).toBeCloseTo(0.554867, 6)
  })

  it('goes up to a level without any image left, where the model predicts v', async () => {
    const snr = zeroTerminalSnr(schedule)
    const gaussian: Denoiser<number> = {
      ...modelThat(() => of({ output: 0 })),
      schedule: snr,
      predicts: 'v_prediction',
      // ε and x₀ of N(0, 1): √(1−ᾱ)·x and √ᾱ·x, so v vanishes
      predict: () => of({ output: 0 }),
    }
    const up$ = ascend(snr, trailing(5), { evaluateAt: 'source' })
    const path = await lastValueFrom(
      up$.pipe(
        invert({ model: gaussian, start: 0.7, refinements: 1 }),
        map(({ xt }) => xt),
        toArray(),
      ),
    )
    path.forEach((x) => expect(Number.isFinite(x)).toBe(true))
  })

  it('refuses steps towards the image, and refinements that are no number of calls', async () => {
    const down$ = respace(schedule, trailing(3))
    await expect(firstValueFrom(down$.pipe(invert({ model, start: 1 })))).rejects.toMatchObject({
      _tag: 'NoiseDescending',
      t: 999,
    })
    for (const refinements of [-1, 0.5, NaN, Infinity])
      expect(() => invert({ model, start: 1, refinements })).toThrow(
        expect.objectContaining({ _tag: 'RuleInvalid' }),
      )
  })

  it('is where ancestral rules are refused', async () => {
    const up$ = ascend(schedule, leading(3), { evaluateAt: 'source' })
    for (const rule of [ddpm(), ddpm({ variance: 'fixed-large' }), ddim({ eta: 0.5 })])
      await expect(
        lastValueFrom(up$.pipe(denoise({ model, rule, start: 1, noise, clip: 'none' }))),
      ).rejects.toMatchObject({ _tag: 'NoiseAscending' })
  })
})

describe('ascend', () => {
  it('errs where the spacing does not fit the schedule', async () => {
    await expect(
      lastValueFrom(ascend(schedule, trailing(1001), { evaluateAt: 'source' })),
    ).rejects.toMatchObject({ _tag: 'TooManySteps' })
  })
})

describe('invert, on books', () => {
  const encoding = (
    answer: (x: Counted, call: number) => Promise<Prediction<Counted>> | Observable<Prediction<Counted>>,
    refinements: number,
    books = countingAlgebra(),
  ) => {
    const { algebra } = books
    const start = algebra.fromValues({ shape: [2, 1], data: Float64Array.of(0.5, -1) })
    let calls = 0
    const network: Denoiser<Counted> = {
      algebra,
      predicts: 'epsilon',
      schedule,
      shape: [1],
      predict: (x) => answer(x, calls++),
    }
    const frames$ = ascend(schedule, trailing(4), { evaluateAt: 'destination' }).pipe(
      invert({ model: network, start, refinements }),
    )
    return { books, frames$, start, calls: () => calls }
  }

  for (const refinements of [0, 3])
    it(`keeps nothing of a run with ${refinements} refinements, but what was given`, async () => {
      const books = countingAlgebra()
      const run = encoding((x) => of({ output: books.algebra.combine([[0.3, x]]) }), refinements, books)
      await lastValueFrom(run.frames$)
      await settled(run.frames$)
      expect(run.calls()).toBe(4 * (1 + refinements))
      expect(books.alive()).toBe(1)
      books.algebra.dispose(run.start)
      expect([books.alive(), books.faults]).toEqual([0, []])
    })

  it('keeps nothing when cancelled before any call, or while it is under way', async () => {
    for (let cut = 0; cut < 12; cut++) {
      const books = countingAlgebra()
      const run = encoding(
        async (x, call) => {
          if (call === cut) subscription.unsubscribe()
          await aWhile()
          return { output: books.algebra.combine([[0.3, x]]) }
        },
        2,
        books,
      )
      const subscription = run.frames$.subscribe()
      await settled(run.frames$)
      expect(run.calls()).toBe(cut + 1)
      books.algebra.dispose(run.start)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })
})
