/**
 * What a rule makes of finite answers is finite: whatever could be otherwise is refused when the step is built.
 */
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { lastValueFrom, map, of, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TensorAlgebra } from '../../src/algebra/algebra.ts'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import type { ClipChoice, ClipMode } from '../../src/diffusion/clip.ts'
import type { PredictionType } from '../../src/diffusion/estimate.ts'
import { inversion } from '../../src/diffusion/inversion.ts'
import { linearForm } from '../../src/diffusion/linear-form.ts'
import { ddim, ddpm, type Rule, rule } from '../../src/diffusion/rule.ts'
import { jsdSchedule, linearSchedule, type Schedule, zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { rules } from '../../src/diffusion/solver.ts'
import {
  directionToXt,
  posteriorMean,
  predictedX0,
  randomNoise,
  type Term,
} from '../../src/diffusion/terms.ts'
import { leading, trailing } from '../../src/diffusion/spacing.ts'
import { inversionTransitions, type Transition, transitions } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { checkSteps } from '../../src/stream/check-steps.ts'
import { type Latent, step, type StepConfig, type Stepped } from '../../src/stream/step.ts'
import { describeApart } from '../support/engines.ts'
import { anySchedule, right, spacingWithin } from './arbitrary.ts'

const shape = [2, 2]
const values = (data: readonly number[]): Values64 => ({ shape, data: Float64Array.from(data) })

/** Finite, and mostly not what a network should say. */
const output = (most: number): fc.Arbitrary<number[]> =>
  fc.array(
    fc.oneof(
      fc.double({ min: -most, max: most, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom(0, -0, most, -most, 5e-324),
    ),
    { minLength: 4, maxLength: 4 },
  )

const anyTable: fc.Arbitrary<Schedule> = fc.oneof(
  { weight: 4, arbitrary: anySchedule },
  fc.constantFrom(jsdSchedule(), jsdSchedule({ trainedSteps: 2 }), zeroTerminalSnr(linearSchedule())),
)

/** A few steps in a row of any chain, up or down. */
const anySteps = anyTable.chain((schedule) =>
  fc
    .tuple(
      spacingWithin(schedule.trainedSteps),
      fc.constantFrom('down', 'source', 'destination'),
      fc.constantFrom('clean' as const, 'first' as const),
      fc.nat(),
    )
    .map(([spacing, way, finalLevel, skip]) => {
      const found =
        way === 'down'
          ? transitions(schedule, spacing, { finalLevel })
          : inversionTransitions(schedule, spacing, { evaluateAt: way, finalLevel })
      return E.isLeft(found)
        ? undefined
        : { schedule, steps: found.right.slice((skip % found.right.length) - 6).slice(0, 6) }
    })
    .filter((chain) => chain !== undefined),
)

const share = fc.double({ min: 0, max: 1, noNaN: true })
/** A σ that is somewhere in its range. */
const raw = share.map((part) => ({ sigma: ({ to }: Transition) => part * Math.sqrt(1 - to.alphaBar) }))
const anyTerm: fc.Arbitrary<Term> = fc.oneof(
  fc.constantFrom(predictedX0, posteriorMean),
  fc
    .oneof(
      share.map((eta) => ({ eta })),
      raw,
    )
    .chain((by) => fc.constantFrom(directionToXt(by), randomNoise(by))),
  fc.double({ min: -10, max: 10, noNaN: true }).map((xt) => () => linearForm({ xt })),
)
const anyRule: fc.Arbitrary<Rule> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Object.values(rules)).map((make) => make()) },
  share.map((eta) => ddim({ eta })),
  fc
    .constantFrom('fixed-small', 'fixed-large', 'learned', 'learned-range')
    .map((variance) => ddpm({ variance })),
  raw.map((by) => rule('raw', [predictedX0, directionToXt(by), randomNoise(by)])),
  fc.array(anyTerm, { minLength: 1, maxLength: 4 }).map((terms) => rule('any', terms)),
  fc.integer({ min: 0, max: 3 }).map((refinements) => inversion({ refinements })),
)

interface Run {
  readonly chain: { readonly schedule: Schedule; readonly steps: readonly Transition[] }
  readonly rule: Rule
  readonly predicts: PredictionType
  readonly clip: ClipChoice
  readonly answers: readonly number[][]
  readonly start: readonly number[]
}

const anyRun = (most: number): fc.Arbitrary<Run> =>
  fc.record({
    chain: anySteps,
    rule: anyRule,
    predicts: fc.constantFrom<PredictionType>('epsilon', 'sample', 'v_prediction'),
    clip: fc.oneof(
      fc.constantFrom<ClipMode>('none', 'x0', 'x0+eps', 'threshold', 'threshold+eps'),
      fc.record({
        mode: fc.constantFrom<ClipMode>('threshold', 'threshold+eps'),
        ratio: share,
        largest: fc.double({ min: 1, max: 1e3, noNaN: true }),
      }),
    ),
    answers: fc.array(output(most), { minLength: 40, maxLength: 40 }),
    start: output(most),
  })

const stepped = <T>(config: StepConfig<T>, transition: Transition, latent: Latent<T>): Stepped<T> => {
  let next: Stepped<T> | undefined
  of(latent)
    .pipe(step(config)(transition))
    .subscribe((given) => (next = given))
  return next ?? expect.fail('it is all there at once')
}

const seen = new Map<string, number>()
afterAll(() => {
  console.log([...seen].map(([what, times]) => `${what} ${times}`).join(', '))
})
const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)

/** Walks a chain, and hands on everything that comes up. */
const walk =
  <T>(algebra: TensorAlgebra<T>, look: (x: T) => void) =>
  ({ chain: { schedule, steps }, rule: chosen, predicts, clip, answers, start }: Run): void => {
    let calls = 0
    const say = (): Prediction<T> => {
      const [first, second] = [calls++, calls++].map((k) =>
        algebra.fromValues(values(answers[k % answers.length]!)),
      )
      return { output: first!, variance: second! }
    }
    const model: Denoiser<T> = { algebra, predicts, schedule, shape: [2], range: 1, predict: () => of(say()) }
    const config = { model, rule: chosen, clip, noise: philox({ seed: 7 }) }
    const refused = checkSteps(config)(steps)
    if (E.isLeft(refused)) {
      count(refused.left._tag)
      return
    }
    count('ran')
    let latent: Latent<T> = { x: algebra.fromValues(values(start)), draws: 1 }
    for (const transition of steps) {
      const next = stepped(config, transition, latent)
      for (const tensor of [next.x, ...[next.estimate.x0, next.estimate.eps].map(algebra.combine)])
        look(tensor)
      latent = next
    }
  }

const expectFinite = (data: ArrayLike<number>): void => {
  expect(Array.from(data).filter((value) => !Number.isFinite(value))).toEqual([])
}
const walk64 = walk(float64, ({ data }) => {
  expectFinite(data)
})

const snr = zeroTerminalSnr(linearSchedule())
const source = { evaluateAt: 'source' } as const
type Over = Partial<Pick<Denoiser<Values64>, 'predicts' | 'learnedVariance'>> & { readonly clip?: ClipChoice }

describe('a rule that was built', () => {
  beforeAll(() => tf.setBackend('cpu'))

  it('gives finite numbers for finite numbers', () => {
    fc.assert(fc.property(anyRun(1e6), walk64), { numRuns: 2000 })
    expect(seen.get('ran')).toBeGreaterThan(1000)
  })

  it('gives finite numbers where float64 ends', () => {
    fc.assert(fc.property(anyRun(Number.MAX_VALUE), walk64), { numRuns: 500 })
  })

  it('gives finite numbers where float32 ends', () => {
    fc.assert(
      fc.property(anyRun(3.4e38), (run) => {
        tf.tidy(() => {
          walk(tfjs, (x) => {
            expectFinite(x.dataSync<'float32'>())
          })(run)
        })
      }),
      { numRuns: 500 },
    )
  })

  it('leaves x where it is on a step of no length, also if it looks back', async () => {
    const model = gaussianMixture([{ mean: 1, deviation: 0.5 }])
    // the step from t = 0 leads to ᾱ₀; the consistency model's starts anew at every level
    const steps$ = respace(model.schedule, leading(20), { finalLevel: 'first' })
    const { lcm: _, ...others } = rules
    for (const make of Object.values(others)) {
      const frames$ = steps$.pipe(denoise({ model, rule: make(), noise: philox({ seed: 7 }) }))
      const path = await lastValueFrom(
        frames$.pipe(
          map(({ xt }) => xt),
          toArray(),
        ),
      )
      expect(path.at(-1)).toBeCloseTo(path.at(-2)!, 12)
    }
  })

  it.each([
    ['EpsilonAtZeroSnr', 'down', ddim(), {}],
    ['SampleAtCleanLevel', 'up', ddim(), { predicts: 'sample' }],
    ['NoiseAscending', 'up', ddpm(), {}],
    ['NoiseAscending', 'up', ddim({ eta: 0.1 }), {}],
    ['NoiseDescending', 'down', inversion(), { predicts: 'v_prediction' }],
    ['SigmaOutOfRange', 'down', rule('raw', [randomNoise({ sigma: 1.5 })]), { predicts: 'v_prediction' }],
    ['ClipWithoutRange', 'up', ddim(), { clip: 'x0' }],
    ['ClipInvalid', 'up', ddim(), { clip: { mode: 'threshold', range: 0 } }],
    [
      'VarianceMissing',
      'down',
      ddpm({ variance: 'learned' }),
      { predicts: 'sample', learnedVariance: false },
    ],
  ] as const)('was not one that fails with %s going %s', (tag, way, chosen, { clip, ...over }: Over) => {
    const model: Denoiser<Values64> = {
      algebra: float64,
      predicts: 'epsilon',
      schedule: snr,
      shape: [2],
      predict: () => expect.fail('it is refused before'),
      ...over,
    }
    const config = {
      model,
      rule: chosen,
      noise: philox({ seed: 7 }),
      ...(clip === undefined ? {} : { clip }),
    }
    const steps = { down: transitions(snr, trailing(4)), up: inversionTransitions(snr, leading(4), source) }
    expect(checkSteps(config)(right(steps[way]))).toMatchObject(E.left({ _tag: tag }))
  })
})

describeApart('a rule that was built', () => {
  it('gives finite numbers where float32 ends', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun(3.4e38), async (run) => {
        const seen: tf.Tensor[] = []
        tf.tidy(() => {
          walk(tfjs, (x) => void seen.push(tf.keep(x)))(run)
        })
        for (const tensor of seen) expectFinite(await tensor.data())
        tf.dispose(seen)
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})
