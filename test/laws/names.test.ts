/** Names and numbers that no compiler has looked at: in JavaScript, what does not exist is refused in a sentence. */
import { lastValueFrom, of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../src/algebra/float64.ts'
import { clipFor } from '../../src/diffusion/clip.ts'
import { estimate } from '../../src/diffusion/estimate.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { ruleOf } from '../../src/diffusion/solver.ts'
import { spacingOf, trailing } from '../../src/diffusion/spacing.ts'
import { inversionTransitions, transitions, transitionsFrom } from '../../src/diffusion/transition.ts'
import { errorRatio, lossOn, minSnr } from '../../src/diffusion/weighting.ts'
import { ask } from '../../src/model/ask.ts'
import { denoiserOf } from '../../src/model/denoiser-of.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { guided } from '../../src/model/guided.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { E } from '../../src/fp.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { snapshot } from '../../src/stream/snapshot.ts'

const schedule = linearSchedule()
/** What is right, or throws what is wrong. */
const now = <A>(either: E.Either<Error, A>): A => {
  if (E.isLeft(either)) throw either.left
  return either.right
}
const level = { t: 500, alphaBar: 0.5 }
const described = { algebra: float64, predicts: 'epsilon', schedule, shape: [1] } as const
const network = (): never => {
  throw new Error('it is not asked')
}
const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
const frames$ = respace(schedule, trailing(3)).pipe(
  denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
)

describe('a name that there is not', () => {
  it.each<readonly [string, () => unknown, string | undefined]>([
    ['of a rule', () => ruleOf({ kind: 'dpmpp2m' as 'dpmpp-2m' }), 'dpmpp-2m'],
    ['of an option of a rule', () => ruleOf({ kind: 'ddim', etta: 1 }), 'eta'],
    ['of a spacing', () => spacingOf({ kind: 'trailling' as 'trailing', count: 5 }), 'trailing'],
    ['of an option of a spacing', () => spacingOf({ kind: 'karras', count: 5, roh: 7 }), 'rho'],
    ['that belongs to all objects', () => ruleOf({ kind: 'toString' as 'ddim' }), undefined],
    ['of no kind at all', () => ruleOf({} as { kind: 'ddim' }), undefined],
    ['of a prediction', () => estimate('epsilom' as 'epsilon', level), 'epsilon'],
    [
      'of a prediction of a network',
      () => denoiserOf({ ...described, predicts: 'v' as 'sample' }, network),
      undefined,
    ],
    ['of a layout', () => denoiserOf({ ...described, layout: 'nchw' as 'NCHW' }, network), 'NCHW'],
    ['of a measured prediction', () => lossOn('sampel' as 'sample'), 'sample'],
    ['of a ratio', () => errorRatio('epsilon', 'vprediction' as 'sample', level), 'v_prediction'],
    ['of a way to clip', () => clipFor('treshold' as 'threshold', 1), 'threshold'],
    [
      'of a final level',
      () => now(transitions(schedule, trailing(3), { finalLevel: 'frist' as 'first' })),
      'first',
    ],
    [
      'of a final level in mid-chain',
      () => now(transitionsFrom(schedule, trailing(3), level, 'clena' as 'clean')),
      'clean',
    ],
    [
      'of a place to evaluate at',
      () => now(inversionTransitions(schedule, trailing(3), { evaluateAt: 'sorce' as 'source' })),
      'source',
    ],
  ])('%s is refused, with the nearest', (_, make, nearest) => {
    expect(make).toThrow(expect.objectContaining({ _tag: 'NameUnknown', name: 'NameUnknown', nearest }))
  })

  it('is refused by runs, on their error channel', async () => {
    const chain$ = respace(schedule, trailing(3), { finalLevel: 'clea' as 'clean' })
    await expect(lastValueFrom(chain$)).rejects.toMatchObject({ _tag: 'NameUnknown', nearest: 'clean' })
    const misspelt: object = { x_0: true }
    const copied$ = frames$.pipe(snapshot(misspelt))
    await expect(lastValueFrom(copied$)).rejects.toMatchObject({ _tag: 'NameUnknown', nearest: 'x0' })
  })
})

describe('numbers that make nothing', () => {
  it.each([-1, 0, NaN, Infinity])('are refused as gamma: %d', (gamma) => {
    expect(() => minSnr({ gamma })).toThrow(expect.objectContaining({ _tag: 'WeightingInvalid' }))
  })

  it.each([
    [[]],
    [[{ mean: NaN, deviation: 1 }]],
    [[{ mean: 0, deviation: -1 }]],
    [[{ mean: 0, deviation: 1, weight: 0 }]],
    [[{ mean: 0, deviation: 1, weight: NaN }]],
    [[{ mean: 0, deviation: Infinity }]],
  ])('are refused as a mixture: %j', (gaussians) => {
    expect(() => gaussianMixture(gaussians)).toThrow(expect.objectContaining({ _tag: 'ModelInvalid' }))
  })
})

describe('a condition to lean away from', () => {
  const careless: Denoiser<number> = { ...model, labels: { count: 3 }, predict: () => of({ output: 1 }) }
  const leaning = guided({ weight: 2, negative: { labels: [0, 1] } })(careless)

  it('is looked at where the model does not look', async () => {
    expect(() => guided({ weight: 2, negative: { labels: [7] } })(careless)).toThrow(
      expect.objectContaining({ _tag: 'LabelUnknown', label: '7' }),
    )
    await expect(
      lastValueFrom(ask(leaning, { x: 0, t: [9], condition: { labels: [1] } })),
    ).rejects.toMatchObject({ _tag: 'LabelCount', labels: 2, rows: 1 })
  })
})

describe('a config', () => {
  it('of another class is refused by its name', () => {
    expect(
      decodeUNet2DConfig('config.json')({ _class_name: 'UNet2DConditionModel', sample_size: 8 }),
    ).toMatchObject({
      left: { reason: 'it is of a UNet2DConditionModel, and only a UNet2DModel can be read' },
    })
  })
})
