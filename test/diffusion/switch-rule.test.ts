import fc from 'fast-check'
import { from, lastValueFrom, map, type Observable, of, queueScheduler } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { numbers } from '../../src/algebra/numbers.ts'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { dpmpp2m, dpmpp3m, heun, plms, rules, unipc } from '../../src/diffusion/solver.ts'
import { exponential, trailing } from '../../src/diffusion/spacing.ts'
import { type LastStage, type Stage, switchRule, type Until } from '../../src/diffusion/switch-rule.ts'
import { type Transition, transitions } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { checkSteps } from '../../src/stream/check-steps.ts'
import { type Latent, step } from '../../src/stream/step.ts'
import { right } from '../laws/arbitrary.ts'

const noise = philox({ seed: 7 })
const schedule = linearSchedule()
const steps = right(transitions(schedule, exponential(12)))

/** A network that bends, knows the time, has learned a variance, and counts its calls. */
const model = (): Denoiser<number> & { readonly calls: () => number } => {
  let calls = 0
  return {
    algebra: numbers,
    predicts: 'epsilon',
    schedule,
    shape: [],
    calls: () => calls,
    predict: (x, [t = 0]) => {
      calls += 1
      return of({ output: 0.4 * x + Math.sin(3 * x + t / 300), variance: Math.cos(5 * x) })
    },
  }
}

const start = 0.8
const run = (rule: Rule, chain = steps): Promise<number> =>
  lastValueFrom(
    from(chain).pipe(
      denoise({ model: model(), rule, noise, start, scheduler: queueScheduler }),
      map(({ xt }) => xt),
    ),
  )

/** The steps themselves, each by the rule that a plain function of the step chooses. */
const fold = async (ruleAt: (transition: Transition) => Rule): Promise<number> => {
  const config = { model: model(), noise }
  const folded = steps.reduce<Observable<Latent<number>>>(
    (latent$, transition) => latent$.pipe(step({ ...config, rule: ruleAt(transition) })(transition)),
    of({ x: start, draws: 1 }),
  )
  return (await lastValueFrom(folded)).x
}

const everyRule: ReadonlyArray<() => Rule> = [
  ...Object.values(rules),
  () => ddim({ eta: 0.5 }),
  () => ddpm({ variance: 'fixed-large' }),
  () => ddpm({ variance: 'learned-range' }),
  () => unipc({ order: 3 }),
]
const anyRule = fc.constantFrom(...everyRule).map((make) => make())
const anyPlace = fc.integer({ min: 1, max: steps.length - 1 })

/** The ways to say where the k-th step begins. */
const places = (k: number): readonly Until[] => {
  const { t, alphaBar } = steps[k]!.from
  return [{ step: k }, { t }, { alphaBar }, { logSnr: Math.log(alphaBar / (1 - alphaBar)) }]
}

describe('switchRule', () => {
  it.each(everyRule.map((make) => [make().name, make] as const))(
    'is that rule, where all stages have it: %s',
    async (_, make) => {
      const alone = make()
      const switched = switchRule([
        { until: { step: 3 }, rule: make() },
        { until: { step: 8 }, rule: make() },
        { rule: make() },
      ])
      expect([switched.order, switched.memory]).toEqual([alone.order, alone.memory])
      expect(Object.keys(switched).sort()).toEqual(Object.keys(alone).sort())
      expect(await run(switched)).toBe(await run(alone))
      expect(await run(switchRule([{ rule: alone }]))).toBe(await run(alone))
    },
  )

  it('is both halves, one after the other, wherever and however the switch is said', async () => {
    await fc.assert(
      fc.asyncProperty(anyRule, anyRule, anyPlace, async (first, second, k) => {
        const halves = await fold(({ index }) => (index < k ? first : second))
        for (const until of places(k))
          expect(await run(switchRule([{ until, rule: first }, { rule: second }]))).toBe(halves)
      }),
      { numRuns: 60 },
    )
  })

  it('is all its parts, of which there may be many', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRule, { minLength: 4, maxLength: 4 }),
        fc.uniqueArray(anyPlace, { minLength: 3, maxLength: 3 }).map((ks) => ks.sort((a, b) => a - b)),
        fc.integer({ min: 0, max: 3 }),
        async ([a, b, c, d], [i, j, k], way) => {
          const parts = await fold(({ index }) => (index < i! ? a! : index < j! ? b! : index < k! ? c! : d!))
          const switched = switchRule([
            { until: places(i!)[way]!, rule: a! },
            { until: places(j!)[(way + 1) % 4]!, rule: b! },
            { until: places(k!)[(way + 2) % 4]!, rule: c! },
            { rule: d! },
          ])
          expect(await run(switched)).toBe(parts)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('keeps in step with a chain that is resumed', async () => {
    const switched = switchRule([{ until: { step: 5 }, rule: heun() }, { rule: ddpm() }])
    const tail = steps.slice(5)
    expect(await run(switched, tail)).toBe(await run(ddpm(), tail))
  })

  it('asks the network as its stages do', async () => {
    const asked = model()
    const rule = switchRule([{ until: { step: 4 }, rule: heun() }, { rule: ddim() }])
    await lastValueFrom(
      from(steps).pipe(denoise({ model: asked, rule, noise, start, scheduler: queueScheduler })),
    )
    expect(asked.calls()).toBe(4 * 2 + 8)
  })

  it('has the parts that its stages have, the largest memory and the smallest order', () => {
    const plain = switchRule([{ until: { step: 2 }, rule: ddpm() }, { rule: ddim() }])
    expect(Object.keys(plain).sort()).toEqual(['name', 'step'])
    const mixed = switchRule([
      { until: { step: 2 }, rule: dpmpp3m({ bend: 'whole' }) },
      { until: { t: 300 }, rule: plms() },
      { rule: dpmpp2m() },
    ])
    expect([mixed.memory, mixed.order]).toEqual([3, 2])
    expect(mixed.name).toBe('dpmpp-3m(bend whole) until step 2, plms until t 300, dpmpp-2m')
  })

  it('leaves stages out that a step passes over', () => {
    const chain = right(transitions(schedule, trailing(4)))
    const switched = switchRule([
      { until: { t: 700 }, rule: ddim() },
      { until: { t: 650 }, rule: plms() },
      { rule: ddpm() },
    ])
    // from 999, 749, 499 and 249
    const eta: readonly Rule[] = [ddim(), ddim(), ddpm(), ddpm()]
    chain.forEach((transition, k) => expect(switched.step(transition)).toEqual(eta[k]!.step(transition)))
  })

  const rule = ddim()
  it.each<readonly [unknown, string]>([
    [[], 'it has no stages'],
    [[{ rule }, { rule }], 'only the last stage has no end'],
    [[{ until: { step: 3 }, rule }], 'the last stage has an end'],
    [[{ until: { step: 0 }, rule }, { rule }], 'step is 0, and has to be a whole number from 1'],
    [[{ until: { step: 1.5 }, rule }, { rule }], 'step is 1.5, and has to be a whole number from 1'],
    [[{ until: { t: NaN }, rule }, { rule }], 't is NaN, and has to be a number from −1'],
    [[{ until: { alphaBar: 2 }, rule }, { rule }], 'alphaBar is 2, and has to lie between 0 and 1'],
    [[{ until: {}, rule }, { rule }], 'a stage ends at one of step, t, alphaBar and logSnr'],
    [[{ until: { step: 3, t: 5 }, rule }, { rule }], 'a stage ends at one of step, t, alphaBar and logSnr'],
    [
      [{ until: { step: 5 }, rule }, { until: { step: 3 }, rule }, { rule }],
      'no step lies after step 5 and before step 3',
    ],
    [
      [{ until: { step: 5 }, rule }, { until: { step: 5 }, rule }, { rule }],
      'no step lies after step 5 and before step 5',
    ],
    [
      [{ until: { t: 100 }, rule }, { until: { step: 3 }, rule }, { until: { t: 500 }, rule }, { rule }],
      'no step lies after t 100 and before t 500',
    ],
    [
      [{ until: { alphaBar: 0.5 }, rule }, { until: { alphaBar: 0.4 }, rule }, { rule }],
      'no step lies after alphaBar 0.5 and before alphaBar 0.4',
    ],
  ])('refuses what is no order of stages: %j', (stages, reason) => {
    expect(() => switchRule(stages as readonly [...Stage[], LastStage])).toThrow(
      `The rule switchRule is not possible: ${reason}.`,
    )
  })

  it('refuses ends that are out of order on different scales before anything is computed', () => {
    const switched = switchRule([{ until: { t: 100 }, rule }, { until: { step: 3 }, rule: ddpm() }, { rule }])
    const checked = checkSteps({ model: model(), rule: switched, noise })(steps)
    expect(checked).toMatchObject(
      E.left({
        _tag: 'RuleInvalid',
        reason: 'step 3 comes before t 100, and is said after it',
      }),
    )
  })
})
