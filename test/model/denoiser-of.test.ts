import { firstValueFrom, Subject, takeUntil } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { Values } from '../../src/algebra/algebra.ts'
import { float64 } from '../../src/algebra/float64.ts'
import { cosineSchedule, linearSchedule, zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { ask } from '../../src/model/ask.ts'
import { denoiserOf, type NetworkDescription } from '../../src/model/denoiser-of.ts'
import { encodeTime, timeMeasures } from '../../src/model/time-code.ts'

type Vector = Parameters<typeof float64.shape>[0]

const schedule = linearSchedule()
const described = (more: Partial<NetworkDescription<Vector>> = {}): NetworkDescription<Vector> => ({
  algebra: float64,
  predicts: 'epsilon',
  schedule,
  shape: [1, 2, 3],
  ...more,
})
const x = float64.fromValues({ shape: [2, 1, 2, 3], data: Float64Array.from({ length: 12 }, (_, i) => i) })
const question = { x, t: [10, 20], condition: {} }
const valuesOf = async (vector: Vector): Promise<Values> => float64.toValues(vector)

describe('denoiserOf', () => {
  it('gives numbers, encoded times and the condition, and takes numbers', async () => {
    const seen: unknown[] = []
    const description = described({ time: { as: 't/T', offset: 1 }, labels: { count: 3 } })
    const model = denoiserOf(description, ({ shape, data }, time, condition, { signal }) => {
      seen.push(shape, time, condition, signal.aborted)
      return { shape, data: data.map((value) => -value) }
    })
    const condition = { labels: [0, 2] }
    const { output } = await firstValueFrom(ask(model, { ...question, condition }))
    expect(seen).toEqual([[2, 1, 2, 3], [1.01, 1.02], condition, false])
    expect((await valuesOf(output)).data[11]).toBe(-11)
  })

  it('turns channels to the front and back', async () => {
    const seen: Values[] = []
    const model = denoiserOf(described({ layout: 'NCHW' }), async (values) => {
      seen.push(values)
      return Promise.resolve(values)
    })
    const { output } = await firstValueFrom(ask(model, question))
    expect(seen[0]?.shape).toEqual([2, 3, 1, 2])
    expect([...(seen[0]?.data ?? [])]).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
    expect(await valuesOf(output)).toEqual(await valuesOf(x))
  })

  it('takes a learned variance from the second half of the channels', async () => {
    const model = denoiserOf(described({ learnedVariance: true }), () => ({
      shape: [2, 1, 2, 6],
      data: Float64Array.from({ length: 24 }, (_, i) => i % 6),
    }))
    const { output, variance } = await firstValueFrom(ask(model, question))
    expect([...(await valuesOf(output)).data].slice(0, 4)).toEqual([0, 1, 2, 0])
    expect([...(await valuesOf(variance!)).data].slice(0, 4)).toEqual([3, 4, 5, 3])
  })

  it('asks in the network’s own range', async () => {
    const seen: number[] = []
    const model = denoiserOf(described({ range: [0, 2] }), (values) => {
      seen.push(values.data[0]!)
      return values
    })
    expect(model.range).toBe(1)
    await firstValueFrom(ask(model, question))
    expect(seen[0]).toBeCloseTo(Math.sqrt(schedule.alphaBars[10]!), 12)
    expect(denoiserOf(described(), (values) => values)).not.toHaveProperty('range')
  })

  it('answers at once where the function does', () => {
    const model = denoiserOf(described(), (values) => values)
    const answers: unknown[] = []
    ask(model, question).subscribe((answer) => answers.push(answer))
    expect(answers).toHaveLength(1)
  })

  it('fails as the function does, on a wrong label, and for an answer of another shape', async () => {
    const broken = denoiserOf(described(), () => Promise.reject(new Error('the other machine is off')))
    await expect(firstValueFrom(ask(broken, question))).rejects.toThrow('the other machine is off')
    const labelled = denoiserOf(described({ labels: { count: 2 } }), (values) => values)
    await expect(firstValueFrom(ask(labelled, question))).rejects.toMatchObject({ _tag: 'LabelsMissing' })
    const short = denoiserOf(described(), ({ data }) => ({ shape: [2, 6], data }))
    await expect(firstValueFrom(ask(short, question))).rejects.toThrow(
      'its output: it is [2, 6] of 12 numbers, not [2, 1, 2, 3].',
    )
  })

  it('tells the function when nobody waits any more', async () => {
    const enough = new Subject<void>()
    const aborted = new Promise<void>((resolve) => {
      const model = denoiserOf(described(), (values, _, __, { signal }) => {
        signal.addEventListener('abort', () => {
          resolve()
        })
        return new Promise<Values>(() => values)
      })
      ask(model, question).pipe(takeUntil(enough)).subscribe()
    })
    await Promise.resolve()
    enough.next()
    await aborted
  })
})

describe('encodeTime', () => {
  it('refuses what is infinite where nothing of the image is left, and what there is not', () => {
    const dark = zeroTerminalSnr(linearSchedule())
    for (const as of ['log-snr', 'sigma', 'log-sigma'] as const)
      expect(() => encodeTime(dark, { as })).toThrow(`can't be told its ${as} at t = 999`)
    expect(encodeTime(dark, { as: 'alpha-bar' })(999)).toBe(0)
    expect(() => encodeTime(dark, { scale: NaN })).toThrow('which is NaN there')
    expect(() => encodeTime(dark, { as: 'snr' as 't' })).toThrow('time has no measure snr')
  })

  it.each(timeMeasures)('%s is what the papers say', (as) => {
    const cosine = cosineSchedule({ trainedSteps: 300 })
    const alphaBar = cosine.alphaBars[30]!
    const sigma = Math.sqrt((1 - alphaBar) / alphaBar)
    const expected = {
      t: 30,
      't/T': 0.1,
      'log-snr': -2 * Math.log(sigma),
      sigma,
      'log-sigma': Math.log(sigma),
      'alpha-bar': alphaBar,
      'sqrt-alpha-bar': Math.sqrt(alphaBar),
    }
    expect(encodeTime(cosine, { as })(30)).toBeCloseTo(expected[as], 12)
    expect(encodeTime(cosine, { as, scale: -2, offset: 0.5 })(30)).toBeCloseTo(0.5 - 2 * expected[as], 12)
  })

  it('knows times between timesteps', () => {
    expect(encodeTime(schedule)(10.5)).toBe(10.5)
    const sigma = encodeTime(schedule, { as: 'log-sigma' })
    expect(sigma(10.5)).toBeCloseTo((sigma(10) + sigma(11)) / 2, 12)
  })
})
