import fc from 'fast-check'
import { firstValueFrom, from, lastValueFrom, map, of, queueScheduler, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { numbers } from '../../../src/algebra/numbers.ts'
import type { PredictionType } from '../../../src/diffusion/estimate.ts'
import { ddpm, type Rule } from '../../../src/diffusion/rule.ts'
import {
  linearSchedule,
  type Schedule,
  schedules,
  type TableOptions,
  zeroTerminalSnr,
} from '../../../src/diffusion/schedule.ts'
import { dpmpp3m, dpmpp3mSde, rules, unipc } from '../../../src/diffusion/solver.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { inversionTransitions, type Transition, transitions } from '../../../src/diffusion/transition.ts'
import { E } from '../../../src/fp.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { gaussianMixture } from '../../../src/model/gaussian-mixture.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { step } from '../../../src/stream/step.ts'
import { right, spacingWithin } from '../../laws/arbitrary.ts'

const noise = philox({ seed: 7 })

const pathOf = (
  model: Denoiser<number>,
  rule: Rule,
  steps: readonly Transition[],
  start = 0.8,
): Promise<number[]> =>
  lastValueFrom(
    from(steps).pipe(
      denoise({ model, rule, noise, start, scheduler: queueScheduler }),
      map(({ xt }) => xt),
      toArray(),
    ),
  )

describe('the rules', () => {
  it('are there by name', () => {
    expect(Object.keys(rules)).toEqual([
      'ddim',
      'ddpm',
      'dpm2',
      'dpmpp-2m',
      'dpmpp-2m-sde',
      'dpmpp-3m',
      'dpmpp-3m-sde',
      'euler',
      'euler-ancestral',
      'heun',
      'lcm',
      'plms',
      'unipc',
    ])
    for (const [name, make] of Object.entries(rules))
      expect(make().name).toMatch(new RegExp(`^${name}(\\(|$)`))
  })

  it('say what they are, where they are not as usual', () => {
    expect(dpmpp3m({ bend: 'whole' }).name).toBe('dpmpp-3m(bend whole)')
    expect(rules['euler-ancestral']({ eta: 0.5 }).name).toBe('euler-ancestral(eta 0.5)')
    expect(rules['euler-ancestral']({ eta: () => 0.5 }).name).toBe('euler-ancestral(eta of the step)')
    expect(unipc({ order: 3 }).name).toBe('unipc(3)')
  })

  it.each<readonly [make: () => Rule, sentence: string]>([
    [() => unipc({ order: 4 as 3 }), 'The rule unipc is not possible: its order is 4, not 1, 2 or 3.'],
    [
      () => dpmpp3m({ bend: 'no' as 'half' }),
      'The rule dpmpp-3m is not possible: it bends half or whole, not no.',
    ],
    [
      () => dpmpp3mSde({ bend: '' as 'half' }),
      'The rule dpmpp-3m-sde is not possible: it bends half or whole, not .',
    ],
    [() => rules['euler-ancestral']({ eta: 2 }), 'eta is 2; it has to lie between 0 (DDIM) and 1 (DDPM).'],
  ])('refuse what they can’t be', (make, sentence) => {
    expect(make).toThrow(sentence)
  })

  const anyModel = fc
    .record({
      schedule: fc.constantFrom<Array<(options: TableOptions) => Schedule>>(...Object.values(schedules)),
      trainedSteps: fc.integer({ min: 2, max: 200 }),
      dark: fc.boolean(),
      predicts: fc.constantFrom<PredictionType>('epsilon', 'sample', 'v_prediction'),
      clip: fc.boolean(),
      outputs: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 7, maxLength: 7 }),
    })
    .map(({ schedule: make, trainedSteps, dark, predicts, clip, outputs }): Denoiser<number> => {
      const bright = make({ trainedSteps })
      let calls = 0
      return {
        algebra: numbers,
        predicts,
        schedule: dark && bright.alphaBars.at(-1) !== 0 ? zeroTerminalSnr(bright) : bright,
        shape: [],
        ...(clip ? { range: 1 } : {}),
        predict: () => of({ output: outputs[calls++ % 7]!, variance: 0.5 }),
      }
    })

  it.each(Object.entries(rules))(
    '%s makes numbers of numbers, or refuses when it is built',
    async (_, make) => {
      const rule = make()
      await fc.assert(
        fc.asyncProperty(
          anyModel.chain((model) =>
            spacingWithin(Math.min(20, model.schedule.trainedSteps)).map((spacing) => ({ model, spacing })),
          ),
          fc.boolean(),
          async ({ model, spacing }, ascending) => {
            const found = ascending
              ? inversionTransitions(model.schedule, spacing, { evaluateAt: 'source' })
              : transitions(model.schedule, spacing)
            if (E.isLeft(found)) return
            const steps = found.right
            try {
              steps.forEach(step({ model, rule, noise }))
            } catch (error) {
              expect(error).toMatchObject({
                _tag: expect.stringMatching(/EpsilonAtZeroSnr|SampleAtCleanLevel|NoiseAscending/) as string,
              })
              return
            }
            expect((await pathOf(model, rule, steps)).every(Number.isFinite)).toBe(true)
          },
        ),
        { numRuns: 150 },
      )
    },
  )

  it.each(['euler', 'heun', 'dpm2', 'plms', 'dpmpp-2m', 'dpmpp-3m', 'unipc'] as const)(
    '%s also goes from an image to noise, and back to it',
    async (name) => {
      const model = gaussianMixture([{ mean: 0.3, deviation: 0.5 }], linearSchedule())
      const rule = rules[name]()
      const up = right(inversionTransitions(model.schedule, trailing(100), { evaluateAt: 'source' }))
      const down = right(transitions(model.schedule, trailing(100)))
      const noisy = (await pathOf(model, rule, up)).at(-1)!
      const back = (await pathOf(model, rule, down, noisy)).at(-1)!
      // the first step from the clean level and the last one to it are Euler's
      expect(Math.abs(back - 0.8)).toBeLessThan(name === 'euler' ? 0.06 : 0.02)
    },
  )
})

describe('a learned variance', () => {
  const model = gaussianMixture([{ mean: 0.3, deviation: 0.5 }])
  const [first] = right(transitions(model.schedule, trailing(10)))

  it.each(['learned', 'learned-range'] as const)(
    'is refused of a model that has none (%s)',
    async (variance) => {
      const sentence = `ddpm(${variance}) needs a model that has learned a variance, and this one predicts none.`
      const config = { rule: ddpm({ variance }), noise }
      // before anything is asked where it is known, and as soon as it turns out
      expect(() => step({ model: { ...model, learnedVariance: false }, ...config })(first!)).toThrow(sentence)
      const answer$ = of({ x: 0.5, draws: 1 }).pipe(step({ model, ...config })(first!))
      await expect(firstValueFrom(answer$)).rejects.toMatchObject({
        _tag: 'VarianceMissing',
        message: sentence,
      })
    },
  )

  it('at −1 is the small one, at 1 the large one, in between in the logarithm', async () => {
    const after = async (rule: Rule, variance: number): Promise<number> => {
      const knowing: Denoiser<number> = { ...model, predict: () => of({ output: 0, variance }) }
      const latent$ = of({ x: 0.5, draws: 1 }).pipe(step({ model: knowing, rule, noise })(first!))
      return (await firstValueFrom(latent$)).x
    }
    const range = ddpm({ variance: 'learned-range' })
    const [still, small, large] = await Promise.all([
      after({ ...ddpm(), step: (t) => ({ ...ddpm().step(t), z: 0 }) }, 0),
      after(ddpm(), 0),
      after(ddpm({ variance: 'fixed-large' }), 0),
    ])
    expect(await after(range, -1)).toBeCloseTo(small, 12)
    expect(await after(range, 1)).toBeCloseTo(large, 12)
    expect((await after(range, 0)) - still).toBeCloseTo(
      Math.sign(small - still) * Math.sqrt((small - still) * (large - still)),
      12,
    )
  })
})
