import { firstValueFrom, from, lastValueFrom, type Observable, of, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import type { SavedState } from '../../src/diffusion/saved-state.ts'
import { levelAt, linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { inversionTransitions, transitions, type Transition } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { recordStates } from '../../src/stream/operators/record-states.ts'
import { replayFrom } from '../../src/stream/replay-from.ts'
import { resume, type ResumeOptions } from '../../src/stream/resume.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'
import { checkSteps } from '../../src/stream/check-steps.ts'
import { step } from '../../src/stream/step.ts'

const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
const config = { model, rule: ddim(), noise: philox({ seed: 7 }) }
const chain = E.getOrElseW(() => [])(transitions(model.schedule, trailing(10)))
const ascent = E.getOrElseW(() => [])(
  inversionTransitions(model.schedule, trailing(10), { evaluateAt: 'source' }),
)

describe('a run', () => {
  it('is refused without samples or without frames in flight', () => {
    for (const inFlight of [0, -1, NaN])
      expect(() => denoise({ ...config, inFlight })).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    const state = { at: chain[0]!.to, ahead: [] } as unknown as SavedState
    for (const inFlight of [0, -1, NaN])
      for (const build of [
        () => resume({ inFlight }),
        () => replayFrom(state, config, { inFlight }),
        () => replayFrom(state, { ...config, inFlight }),
      ])
        expect(build).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    for (const batch of [0, -1, 1.5, NaN, Infinity])
      expect(() => denoise({ ...config, batch })).toThrow(expect.objectContaining({ _tag: 'RunInvalid' }))
    expect(() => denoise({ ...config, inFlight: Infinity })).not.toThrow()
  })

  it('is legal or not before it begins', () => {
    expect(chain).toHaveLength(10)
    expect(checkSteps(config)(chain)).toEqual(E.right(undefined))
    const late = { ...config, rule: ddim({ eta: ({ index }) => index / 5 }) }
    expect(checkSteps(late)(chain)).toMatchObject(E.left({ _tag: 'EtaOutOfRange', eta: 1.2 }))
  })

  it('is made of steps that join up, from noise to image or back', async () => {
    const refusedAt = (begins: number, ended: number): unknown => ({
      _tag: 'StepsApart',
      message: `The steps of a chain have to join up, and these don't: one ends at t = ${String(ended)}, and the next begins at t = ${String(begins)}.`,
    })
    const cases = [
      [chain.filter((_, k) => k !== 4), refusedAt(499, 599)],
      [chain.toReversed(), refusedAt(199, -1)],
      [chain.flatMap((step) => [step, step]), refusedAt(999, 899)],
      [ascent.toReversed(), refusedAt(799, 999)],
    ] as const
    for (const [steps, refused] of cases) {
      expect(checkSteps(config)(steps)).toMatchObject(E.left(refused))
      await expect(finalSnapshot(from(steps).pipe(denoise(config)))).rejects.toMatchObject(refused as object)
    }
    for (const steps of [chain.slice(2, 5), ascent, ascent.slice(3)])
      expect(checkSteps(config)(steps)).toEqual(E.right(undefined))
  })

  it('goes on where it stands, and nowhere else', async () => {
    const states = from(chain).pipe(denoise(config), recordStates(4), take(1))
    const state = await lastValueFrom(states)
    expect(await finalSnapshot(replayFrom(state, config))).toMatchObject({ transition: { index: 9 } })
    const astray = { ...state, ahead: state.ahead.slice(1) }
    await expect(finalSnapshot(replayFrom(astray, config))).rejects.toMatchObject({ _tag: 'StepsApart' })
  })

  it('adds noise of its own only on the way to less of it', async () => {
    for (const rule of [ddim({ eta: 0.1 }), ddpm(), ddpm({ variance: 'fixed-large' })])
      expect(checkSteps({ ...config, rule })(ascent)).toMatchObject(
        E.left({
          _tag: 'NoiseAscending',
          t: -1,
          message: expect.stringContaining(
            'a rule that draws noise of its own only goes the other way',
          ) as string,
        }),
      )
    expect(checkSteps(config)(ascent)).toEqual(E.right(undefined))
    const { xt } = await finalSnapshot(from(ascent).pipe(denoise({ ...config, start: 2.1 })))
    expect(xt.data.every(Number.isFinite)).toBe(true)
  })
})

/** How often a network was asked before a run came to its end, and which. */
const calls = async (
  over: Partial<DenoiseConfig<number>>,
  operator: (frames$: Observable<Frame<number>>) => Observable<Frame<number>> = (frames$) => frames$,
): Promise<readonly [number, unknown]> => {
  let asked = 0
  const network = over.model ?? model
  const counted: typeof model = {
    ...network,
    predict: (...question) => {
      asked += 1
      return network.predict(...question)
    },
  }
  const frames$ = from(chain).pipe(denoise({ ...config, ...over, model: counted }), operator)
  const end = await finalSnapshot(frames$).then(
    ({ transition }) => transition.index,
    (error: unknown) => error,
  )
  return [asked, end]
}

describe('what is not possible', () => {
  const none = { ...model, learnedVariance: false }
  const learned = ddpm({ variance: 'learned' })

  it('is said before the network is asked, where it can be', async () => {
    const [asked, late] = await calls({ rule: ddim({ eta: ({ index }) => (index === 8 ? 2 : 0) }) })
    expect([asked, late]).toEqual([0, expect.objectContaining({ _tag: 'EtaOutOfRange' })])
    expect(await calls({ model: none, rule: learned })).toEqual([
      0,
      expect.objectContaining({ _tag: 'VarianceMissing' }),
    ])
  })

  it('is said of a chain that is to go on, at its first frame', async () => {
    const resumed = (options: ResumeOptions) =>
      calls({ model: none }, (frames$) => frames$.pipe(take(5), resume(options)))
    for (const [options, tag] of [
      [{ rule: learned }, 'VarianceMissing'],
      [{ clip: 'x0' }, 'ClipWithoutRange'],
      [{ condition: { labels: [3] } }, 'LabelsUnexpected'],
      [{ spacing: trailing(2000) }, 'TooManySteps'],
    ] as const)
      expect(await resumed(options)).toEqual([1, expect.objectContaining({ _tag: tag })])
    expect(await resumed({ rule: ddpm(), spacing: trailing(20) })).toEqual([15, 9])
    // where the rest begins it is known as a whole, and what comes before it does not count
    const late = ddim({ eta: ({ index }) => (index === 8 ? 2 : 0) })
    expect(await resumed({ rule: late })).toEqual([5, expect.objectContaining({ _tag: 'EtaOutOfRange' })])
    expect(await resumed({ rule: ddim({ eta: ({ index }) => (index < 5 ? 2 : 0) }) })).toEqual([10, 9])
  })

  it('is to ask a model without labels for some', async () => {
    const unexpected = expect.objectContaining({ _tag: 'LabelsUnexpected' }) as unknown
    expect(await calls({ condition: { labels: [3] } })).toEqual([0, unexpected])
    expect(await calls({ condition: { labels: [3, 4, 5] } })).toEqual([0, unexpected])
    const labelled = { ...model, labels: { count: 4 } }
    expect(await calls({ model: labelled, condition: { labels: [3] } })).toEqual([10, 9])
    expect(await calls({ model: labelled, condition: { labels: [4] } })).toEqual([
      0,
      expect.objectContaining({ _tag: 'LabelUnknown' }),
    ])
  })

  it('is a batch of plain numbers', async () => {
    expect(await calls({ batch: 4 })).toEqual([
      0,
      expect.objectContaining({
        message: 'The run is not possible: a plain number is one sample, and has no place for 4.',
      }),
    ])
  })

  it('is a start that is no sample', async () => {
    for (const [start, is] of [
      [NaN, 'start is NaN, and has to be numbers that are finite'],
      ['0.5', 'start is "0.5", and has to be numbers that are finite'],
    ] as const)
      expect(await calls({ start: start as number })).toEqual([
        0,
        expect.objectContaining({ message: `The run is not possible: ${is}.` }),
      ])
    expect(await calls({ start: 0.5 })).toEqual([10, 9])

    const images: Denoiser<Values64> = {
      algebra: float64,
      predicts: 'epsilon',
      schedule: model.schedule,
      shape: [2, 2, 1],
      labels: { count: 3 },
      predict: (x) => of({ output: x }),
    }
    const started = (shape: readonly number[] | undefined, over: Partial<DenoiseConfig<Values64>> = {}) => {
      const start = { shape, data: new Float64Array(8) } as Values64
      return finalSnapshot(from(chain).pipe(denoise({ ...config, model: images, start, ...over })))
    }
    for (const [shape, over, is] of [
      [[2, 2, 2], {}, '[2, 2, 2], and has to be [2, 2, 2, 1]'],
      [[2, 4, 1, 1], {}, '[2, 4, 1, 1], and has to be [2, 2, 2, 1]'],
      [[2, 2, 2, 1], { batch: 3 }, '[2, 2, 2, 1], and has to be [3, 2, 2, 1]'],
      [[2, 2, 2, 1], { condition: { labels: [1] } }, '[2, 2, 2, 1], and has to be [1, 2, 2, 1]'],
      [undefined, {}, '[], and has to be [1, 2, 2, 1]'],
    ] as const)
      await expect(started(shape, over)).rejects.toMatchObject({
        _tag: 'RunInvalid',
        reason: `start is ${is}`,
      })
    expect((await started([2, 2, 2, 1])).xt.shape).toEqual([2, 2, 2, 1])
    expect((await started([2, 2, 2, 1], { batch: 2 })).xt.shape).toEqual([2, 2, 2, 1])
  })
})

describe('a step', () => {
  const through = (from: Transition['from']): Transition => ({ ...chain[3]!, from, at: from.t })

  it('has to mean by t what the model means, between timesteps as well', async () => {
    const between = levelAt(linearSchedule(), 300.5)
    const { x } = await firstValueFrom(of({ x: 0.1, draws: 1 }).pipe(step(config)(through(between))))
    expect(Number.isFinite(x)).toBe(true)
    for (const from of [
      { t: 300.5, alphaBar: 1e-4 },
      { t: 999, alphaBar: 0 },
      { t: 1000, alphaBar: 4e-5 },
      { t: 0, alphaBar: 1 - 2e-4 },
    ])
      expect(() => step(config)(through(from))).toThrow(
        expect.objectContaining({ _tag: 'ScheduleMismatch', t: from.t }),
      )
  })
})
