/**
 * Laws of whole streams, on double precision.
 */
import fc from 'fast-check'
import { lastValueFrom, map, of, type Observable, tap, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import type { Values, VectorAlgebra } from '../../src/algebra/algebra.ts'
import { ddim, ddpm, rule, type Rule } from '../../src/diffusion/rule.ts'
import { cosineSchedule, linearSchedule } from '../../src/diffusion/schedule.ts'
import { leading, linspace, trailing } from '../../src/diffusion/spacing.ts'
import { directionToXt, predictedX0, randomNoise } from '../../src/diffusion/terms.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import { type Latent, step } from '../../src/stream/step.ts'
import { maxAbsDifference } from '../support/goldens.ts'
import { useBackend } from '../support/tensorflow.ts'
import { countedNoise, modelThat, schedule, stepsOf } from './support/doubles.ts'

const noise = philox({ seed: 7 })
const shape = [4, 4, 2]

/** A network that bends x and knows the time, on any algebra; it looks at each row alone. */
const bending = <T>(algebra: VectorAlgebra<T>): Denoiser<T> => ({
  algebra,
  predicts: 'epsilon',
  schedule,
  shape,
  range: 1,
  predict: (x, [t = 0]) => {
    const bent = algebra.clamp([[1, x]], -1.5, 1.2)
    const output = algebra.combine([
      [0.6, x],
      [0.3 + t / 4000, bent],
    ])
    algebra.dispose(bent)
    return of({ output })
  },
})

const path = <T>(config: DenoiseConfig<T>, steps: number): Promise<readonly Values[]> =>
  lastValueFrom(
    respace(schedule, trailing(steps)).pipe(
      denoise(config),
      snapshot(),
      map(({ xt }) => xt),
      toArray(),
    ),
  )

const row = ({ shape: [rows = 1], data }: Values, k: number): number[] => {
  const size = data.length / rows
  return [...data.subarray(k * size, (k + 1) * size)]
}

describe('a run', () => {
  const rules: Readonly<Record<string, Rule>> = {
    DDIM: ddim(),
    'half stochastic': ddim({ eta: 0.5 }),
    DDPM: ddpm(),
    'DDPM with the large variance': ddpm({ variance: 'fixed-large' }),
  }

  for (const [name, chosen] of Object.entries(rules))
    it(`ends where its steps, composed, lead: ${name}`, async () => {
      const config = { model: bending(float64), rule: chosen, noise }
      const start = float64.fromValues({ shape: [3, ...shape], data: noise.draw(0, [3, ...shape]) })
      const folded = stepsOf(8).reduce<Observable<Latent<Values64>>>(
        (latent$, transition) => latent$.pipe(step(config)(transition)),
        of({ x: start, draws: 1 }),
      )
      const { x } = await lastValueFrom(folded)
      const last = await finalSnapshot(respace(schedule, trailing(8)).pipe(denoise({ ...config, batch: 3 })))
      expect(last.xt).toEqual(x)
    })

  it('gives the same when subscribed to again, also at the same time', async () => {
    const frames$ = respace(schedule, trailing(8)).pipe(
      denoise({ model: bending(float64), rule: ddpm(), noise, batch: 3 }),
    )
    const [one, two] = await Promise.all([finalSnapshot(frames$), finalSnapshot(frames$)])
    const three = await finalSnapshot(frames$)
    expect([two.xt, three.xt]).toEqual([one.xt, one.xt])
    const other = await path(
      { model: bending(float64), rule: ddpm(), noise: philox({ seed: 8 }), batch: 3 },
      8,
    )
    expect(other.at(-1)).not.toEqual(one.xt)
  })

  const samplesAlone = async <T>(algebra: VectorAlgebra<T>): Promise<void> => {
    const config = { model: bending(algebra), rule: ddpm() }
    const together = await path({ ...config, noise, batch: 8 }, 12)
    for (const k of [0, 3, 7]) {
      const alone = await path({ ...config, noise: philox({ seed: 7, samples: [k] }) }, 12)
      alone.forEach((values, index) => expect(row(values, 0)).toEqual(row(together[index]!, k)))
    }
    expect(row(together.at(-1)!, 0)).not.toEqual(row(together.at(-1)!, 1))
  }

  it('gives a sample the same path, bit for bit, whatever the batch, on float64', () => samplesAlone(float64))

  it('gives a sample the same path, bit for bit, whatever the batch, on tfjs', async () => {
    await useBackend('cpu')
    await samplesAlone(tfjs)
  })
})

describe('noise', () => {
  const drawn = async (chosen: Rule, steps: number): Promise<readonly number[]> => {
    const counted = countedNoise()
    await path({ model: modelThat(({ x }) => of({ output: x / 2 })), rule: chosen, noise: counted }, steps)
    return counted.draws
  }

  it('is drawn for x_T alone where σ is 0', async () => {
    expect(await drawn(ddim(), 20)).toEqual([0])
  })

  it('is drawn in order where σ is above 0, and there only', async () => {
    // the step to the clean level draws none
    expect(await drawn(ddpm(), 6)).toEqual([0, 1, 2, 3, 4, 5])
    const nowAndThen = ddim({ eta: ({ index }) => (index % 2 === 0 ? 1 : 0) })
    expect(await drawn(nowAndThen, 6)).toEqual([0, 1, 2, 3])
  })

  it('has z of the k-th stochastic step in draw k, wherever in the chain that is', async () => {
    const path = (only: number): Promise<number> => {
      const spike = rule('spike', [
        predictedX0,
        directionToXt({ eta: 0 }),
        randomNoise({ sigma: ({ index }) => (index === only ? 0.01 : 0) }),
      ])
      return lastValueFrom(
        respace(schedule, trailing(4)).pipe(
          // a network that always says x₀ = 0 and leaves what is there to the direction
          denoise({
            model: { ...modelThat(({ x }) => of({ output: x })), predicts: 'epsilon' },
            rule: spike,
            noise,
            start: 0,
          }),
          map(({ xt }) => xt),
          toArray(),
          map((values) => values[only] ?? NaN),
        ),
      )
    }
    const z = noise.draw(1, [1])[0]!
    for (const only of [0, 1, 2]) expect(await path(only)).toBeCloseTo(0.01 * z, 15)
  })
})

describe('the family', () => {
  it('is DDPM at η = 1 over a whole stream, to 1e-12', async () => {
    // ε of a Gaussian is a multiple of x, so no step blows rounding up
    const model: Denoiser<Values64> = {
      ...bending(float64),
      predict: (x, [t = 0]) => {
        const alphaBar = schedule.alphaBars[t]!
        return [
          { output: float64.combine([[Math.sqrt(1 - alphaBar) / (0.25 * alphaBar + 1 - alphaBar), x]]) },
        ]
      },
    }
    for (const [steps, clip] of [
      [10, 'none'],
      [50, 'none'],
      [200, 'none'],
      [50, 'x0+eps'],
    ] as const) {
      const [small, one] = await Promise.all([
        path({ model, rule: ddpm(), noise, batch: 2, clip }, steps),
        path({ model, rule: ddim({ eta: 1 }), noise, batch: 2, clip }, steps),
      ])
      small.forEach((values, k) => expect(maxAbsDifference(values.data, one[k]!.data)).toBeLessThan(1e-12))
    }
  })

  it('follows the exact path of a Gaussian the better the more steps it takes', async () => {
    // data N(0, 0.5²), x_T = 1.3, DDIM: reference/semantics.md, 6.7
    const table: ReadonlyArray<readonly [steps: number, end: number]> = [
      [10, 0.480941],
      [20, 0.560778],
      [50, 0.612823],
      [100, 0.631081],
      [200, 0.640422],
      [500, 0.646119],
      [1000, 0.648044],
    ]
    const model = gaussianMixture([{ mean: 0, deviation: 0.5 }])
    for (const [steps, end] of table) {
      const frames$ = respace(schedule, trailing(steps)).pipe(
        denoise({ model, rule: ddim(), noise, start: 1.3 }),
      )
      const x = await lastValueFrom(frames$.pipe(map(({ xt }) => xt)))
      expect([steps, x.toFixed(6)]).toEqual([steps, end.toFixed(6)])
    }
  })
})

describe('Lemma 1: every σ keeps q(x_t | x₀)', () => {
  const rows = 8000
  const x0 = 0.7
  /** A network that knows x₀. */
  const knowing: Denoiser<Values64> = {
    algebra: float64,
    predicts: 'sample',
    schedule,
    shape: [],
    predict: (x) => [{ output: { shape: x.shape, data: x.data.map(() => x0) } }],
  }

  /** Mean and variance of the rows, in standard errors of what they ought to be. */
  const deviations = (data: ArrayLike<number>, alphaBar: number): readonly [number, number] => {
    const variance = 1 - alphaBar
    const values = Array.from(data)
    const mean = values.reduce((sum, x) => sum + x, 0) / rows
    const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (rows - 1)
    return [
      Math.abs(mean - Math.sqrt(alphaBar) * x0) / Math.sqrt(variance / rows),
      Math.abs(spread - variance) / (variance * Math.sqrt(2 / (rows - 1))),
    ]
  }

  it('in mean and variance, over random chains of random σ, within four standard errors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(linearSchedule(), cosineSchedule()),
        fc.constantFrom(leading, trailing, linspace),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 0, max: 1e6 }),
        async (chosen, spacing, shares, seed) => {
          const source = philox({ seed })
          const wild = rule('wild', [
            predictedX0,
            directionToXt({ sigma: ({ index, to }) => shares[index]! * Math.sqrt(1 - to.alphaBar) }),
            randomNoise({ sigma: ({ index, to }) => shares[index]! * Math.sqrt(1 - to.alphaBar) }),
          ])
          const first = chosen.alphaBars[spacing === leading ? 875 : 999]!
          const z = source.draw(0, [rows])
          const start: Values64 = {
            shape: [rows],
            data: Float64Array.from(z, (value) => Math.sqrt(first) * x0 + Math.sqrt(1 - first) * value),
          }
          await lastValueFrom(
            respace(chosen, spacing(8)).pipe(
              denoise({ model: { ...knowing, schedule: chosen }, rule: wild, noise: source, start }),
              tap(({ xt, transition: { to } }) => {
                if (to.alphaBar === 1) {
                  expect(maxAbsDifference(xt.data, new Float64Array(rows).fill(x0))).toBeLessThan(1e-12)
                  return
                }
                const [mean, variance] = deviations(xt.data, to.alphaBar)
                expect(mean).toBeLessThan(4)
                expect(variance).toBeLessThan(4)
              }),
            ),
          )
        },
      ),
      { seed: 1, numRuns: 12 },
    )
  })

  it('and a σ that does not belong to its direction breaks it', async () => {
    const wrong = rule('wrong', [predictedX0, directionToXt({ eta: 0 }), randomNoise({ eta: 1 })])
    const start: Values64 = { shape: [rows], data: Float64Array.from(noise.draw(0, [rows])) }
    const worst: number[] = []
    await lastValueFrom(
      respace(schedule, trailing(8)).pipe(
        denoise({ model: knowing, rule: wrong, noise, start }),
        tap(({ xt, transition: { to } }) => {
          if (to.alphaBar < 1) worst.push(deviations(xt.data, to.alphaBar)[1])
        }),
      ),
    )
    expect(Math.max(...worst)).toBeGreaterThan(20)
  })
})
