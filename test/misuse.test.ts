/**
 * What JavaScript hands over, and no compiler has looked at: each is refused in one sentence that says what was expected.
 */
import { firstValueFrom, lastValueFrom, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import * as rx from '../src/index.ts'

const model = rx.gaussianMixture([{ mean: 2, deviation: 0.1 }])
const config = { model, rule: rx.ddim(), noise: rx.philox({ seed: 7 }) }
const description = {
  algebra: rx.float64,
  predicts: 'epsilon',
  schedule: model.schedule,
  shape: [2],
} as const
const network: rx.NetworkFunction = (x) => x

/** Anything at all, where something was expected. */
const any = (value?: unknown): never => value as never

const refused: ReadonlyArray<readonly [what: string, sentence: string, build: () => unknown]> = [
  // what runs are made of
  ['no config', 'options is missing, and has to be an object of options.', () => rx.denoise(any())],
  ['no rule', 'rule is missing', () => rx.denoise({ ...config, rule: any() })],
  ['a rule that is not called', 'rule is a function', () => rx.denoise({ ...config, rule: any(rx.ddim) })],
  ['a rule by its name', 'rule is "ddim"', () => rx.denoise({ ...config, rule: any('ddim') })],
  ['no model', 'model is missing', () => rx.denoise({ ...config, model: any() })],
  [
    'half a model',
    'model is {"algebra":{}',
    () => rx.denoise({ ...config, model: { ...model, schedule: any() } }),
  ],
  ['no noise', 'noise is missing', () => rx.denoise({ ...config, noise: any() })],
  ['clip null', 'clip is null', () => rx.denoise({ ...config, clip: any(null) })],
  ['one label', 'condition is {"labels":3}', () => rx.denoise({ ...config, condition: { labels: any(3) } })],
  ['inFlight "2"', 'inFlight is "2"', () => rx.denoise({ ...config, inFlight: any('2') })],
  ['inFlight "2"', 'inFlight is "2"', () => rx.resume({ inFlight: any('2') })],
  ['inFlight 1.5', 'inFlight is 1.5', () => rx.resume({ inFlight: 1.5 })],
  ['null for options', 'options is null', () => rx.resume(any(null))],
  ['a number for a spacing', 'spacing is 50', () => rx.resume({ spacing: any(50) })],
  ['a model for its change', 'model is an object with', () => rx.resume({ model: any(model) })],
  ['an empty state', 'state is {}', () => rx.replayFrom(any({}), config)],
  ['no state', 'state is missing', () => rx.replayFrom(any(), config)],
  ['an empty state', 'state is {}', () => rx.encodeState(any({}))],

  // operators
  ['no level', 'a level is said by one of t, alphaBar and logSnr', () => rx.takeUntilLevel(any())],
  ['ᾱ as text', 'alphaBar is "0.5"', () => rx.takeUntilLevel({ alphaBar: any('0.5') })],
  ['no writer', 'write is missing, and has to be a function.', () => rx.checkpointEvery(2, any())],
  ['no work', 'work is missing, and has to be a function.', () => rx.tapFrame(any())],
  ['times as text', 't1 is "5"', () => rx.between(any('5'), 1)],
  ['a tolerance as text', 'tolerance is "1"', () => rx.untilStable(any('1'))],
  ['no observable', 'frames$ is 5', () => rx.toAsyncIterable(any(5))],

  // rules
  ['η as text', 'eta is "1", and has to be a number', () => rx.ddim({ eta: any('1') })],
  ['η null', 'eta is null', () => rx.eulerAncestral({ eta: any(null) })],
  ['η misspelt', 'There is no option "etta"', () => rx.ddim({ etta: 1 } as object)],
  ['σ as text', 'sigma is "1"', () => rx.randomNoise({ sigma: any('1') })],
  ['neither η nor σ', 'eta is missing', () => rx.directionToXt(any({}))],
  ['nothing at all', 'options is missing', () => rx.directionToXt(any())],
  ['a boundary by name', 'boundary is "foo"', () => rx.lcm({ boundary: any('foo') })],
  ['a scale as text', 'boundary is {"scale":"1"}', () => rx.lcm({ boundary: { scale: any('1') } })],
  ['no stages', 'stages is missing', () => rx.switchRule(any())],
  ['a stage without a rule', 'rule is missing', () => rx.switchRule(any([{}]))],
  ['no terms', 'terms is missing', () => rx.rule('mine', any())],
  ['settings by name', 'settings is "ddim"', () => rx.ruleOf(any('ddim'))],

  // schedules
  ['a precision', 'There is no precision "f16"', () => rx.linearSchedule({ precision: any('f16') })],
  ['a precision', 'There is no precision "f16"', () => rx.scheduleFromBetas([0.5], 'x', any('f16'))],
  ['a scaling', 'scaling is "x"', () => rx.linearSchedule({ scaling: any('x') })],
  ['β as text', 'betaEnd is "0.02"', () => rx.linearSchedule({ betaEnd: any('0.02') })],
  ['T misspelt', 'There is no option "trainSteps"', () => rx.linearSchedule({ trainSteps: 5 } as object)],
  ['T by itself', 'options is 5', () => rx.linearSchedule(any(5))],
  ['a largest β above 1', 'the largest β is 2', () => rx.cosineSchedule({ maxBeta: 2 })],
  ['σ as text', 'sigmaMin is "1"', () => rx.explodingSchedule({ sigmaMin: any('1') })],
  ['a shift as text', 'shift is "1"', () => rx.flowSchedule({ shift: any('1') })],
  ['no βs', 'betas is missing', () => rx.scheduleFromBetas(any())],
  ['no schedule', 'schedule is missing', () => rx.zeroTerminalSnr(any())],

  // spacings
  [
    'where to begin',
    'from is "foo", and has to be one of 0.8T, T.',
    () => rx.quadratic(5, { from: any('foo') }),
  ],
  ['ρ as text', 'rho is "7"', () => rx.karras(5, { rho: any('7') })],
  ['no timesteps', 'timesteps is missing', () => rx.explicit(any())],
  ['a number for text', 'text is 5', () => rx.respacing(any(5))],
  ['a share as text', 'share is "0.5"', () => rx.strength(rx.trailing(5), any('0.5'))],
  ['no spacing', 'spacing is missing', () => rx.orThrow(rx.transitions(model.schedule, any()))],
  [
    'no place to evaluate',
    'options is missing',
    () => rx.orThrow(rx.inversionTransitions(model.schedule, rx.trailing(4), any())),
  ],

  // models
  [
    'a range of one number',
    'range is 1, and has to be two numbers',
    () => rx.denoiserOf({ ...description, range: any(1) }, network),
  ],
  ['a range as text', 'range is ["0","1"]', () => rx.normalized(any(['0', '1']))],
  ['a shape of nothing', 'shape is [0]', () => rx.denoiserOf({ ...description, shape: [0] }, network)],
  ['no network', 'network is missing', () => rx.denoiserOf(description, any())],
  ['a number of labels', 'labels is 3', () => rx.denoiserOf({ ...description, labels: any(3) }, network)],
  ['a weight as text', 'the weight is "2"', () => rx.guided({ weight: any('2') })],
  ['no weight', 'the weight is missing', () => rx.guided(any({}))],
  ['nothing to lean away from', 'negative is 5', () => rx.guided({ weight: 2, negative: any(5) })],
  ['no gradient', 'gradient is missing', () => rx.gradientGuided(any({}))],
  ['no model', 'model is missing', () => rx.coalesce(any())],
  ['rows as text', 'maxRows is "2"', () => rx.coalesce(model, { maxRows: any('2') })],
  ['a priority as text', 'priority is "1"', () => rx.timeshared(model)({ priority: any('1') })],
  ['no Gaussians', 'gaussians is missing', () => rx.gaussianMixture(any())],
  [
    'another prediction',
    'There is no prediction of a network that sees x̄ "foo"',
    () => rx.veDenoiser({ algebra: rx.numbers, shape: [], predicts: any('foo') }, any(network)),
  ],
  ['no seed', 'options is missing, and has to be seeds', () => rx.philox(any())],
  ['no seed', 'options is missing, and has to be a seed', () => rx.torch(any())],
  [
    'no mask',
    'mask is missing',
    () => rx.knowing(any({ images: { shape: [1, 2], data: new Float32Array(2) } })),
  ],
]

describe('what no compiler has looked at', () => {
  it.each(refused)('is refused: %s (%s)', (_, sentence, build) => {
    let error: unknown
    try {
      build()
    } catch (thrown) {
      error = thrown
    }
    expect(rx.isFailure(error)).toBe(true)
    expect((error as Error).message).toContain(sentence)
  })

  it('is not refused where it does no harm', () => {
    expect(rx.ddim({ eta: undefined } as object).name).toBe('ddim(eta 0)')
    expect(rx.ddim(undefined).name).toBe('ddim(eta 0)')
    expect(rx.lcm({ boundary: { scale: 3 } }).name).toBe('lcm(scale 3, data 0.5)')
    expect(rx.quadratic(5, {}).name).toBe('quadratic(5)')
  })

  it('keeps the words that a function has of its own', () => {
    expect(() => rx.ddim({ eta: 1.5 })).toThrow(expect.objectContaining({ _tag: 'EtaOutOfRange' }))
    expect(() => rx.leading(5, { offset: -1 })).toThrow(expect.objectContaining({ _tag: 'SpacingInvalid' }))
  })
})

describe('what comes while a run is under way', () => {
  const frames$ = rx.respace(model.schedule, rx.trailing(5)).pipe(rx.denoise(config))
  const operators = {
    resume: rx.resume(),
    recordStates: rx.recordStates(2),
    checkpointEvery: rx.checkpointEvery(2, () => []),
    startWithNoise: rx.startWithNoise(),
  }
  it.each(Object.entries(operators))('is refused by %s where it is no frame', async (name, operator) => {
    const after = operator as (snapshots$: unknown) => ReturnType<typeof frames$.pipe>
    await expect(lastValueFrom(after(frames$.pipe(rx.snapshot(), take(4))))).rejects.toMatchObject({
      _tag: 'OperatorInvalid',
      message: `The operator ${name} is not possible: it takes the frames of a run, and was given something else; copy them into snapshots after it, not before.`,
    })
  })

  it('is refused by a fork where it is no branch', async () => {
    await expect(lastValueFrom(frames$.pipe(rx.fork({ a: any(5) })))).rejects.toMatchObject({
      _tag: 'BranchInvalid',
      message: 'The branch a is not possible: it is 5, and has to be an operator, such as resume().',
    })
  })

  it.each([NaN, -5, 1e6])('is refused by a shared network at t = %s', async (t) => {
    const shared = rx.coalesce(rx.denoiserOf(description, network))
    const x = { shape: [2, 2], data: new Float64Array(4) }
    await expect(firstValueFrom(rx.ask(shared, { x, t: [5, t], condition: {} }))).rejects.toMatchObject({
      _tag: 'RunInvalid',
      reason: `the network is asked at t = ${String(t)}, and its times are 0 to 999`,
    })
    await expect(firstValueFrom(rx.ask(shared, { x, t: [5], condition: {} }))).rejects.toMatchObject({
      reason: 'the network is asked about 2 samples at 1 times, and needs a time for each',
    })
  })
})
