import {
  EMPTY,
  finalize,
  from,
  lastValueFrom,
  type Observable,
  type ObservableInput,
  of,
  throwError,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../src/diffusion/rule.ts'
import type { Level } from '../../src/diffusion/level.ts'
import { levelAt } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Condition, Denoiser, PredictOptions, Prediction } from '../../src/model/denoiser.ts'
import { ask } from '../../src/model/ask.ts'
import { guided, type GuidedOptions } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/settled.ts'
import { type Books, type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { modelThat, schedule } from './support/doubles.ts'
import { aWhile, deferred, virtually } from './support/time.ts'

const NONE = 10
const labels = { count: 11, unconditional: NONE }

/** A model that answers differently with and without a label. */
const labelled = (
  answer: (label: number | undefined, options: PredictOptions) => ObservableInput<Prediction<number>>,
): Denoiser<number> => ({
  ...modelThat(() => EMPTY),
  labels,
  predict: (_x, _t, { labels: given }, options) => answer(given?.[0], options),
})
const listen = (
  model: Denoiser<number>,
  condition: Condition = { labels: [3] },
): Observable<Prediction<number>> =>
  from(model.predict(0, [500], condition, { signal: new AbortController().signal }))

describe('guided', () => {
  it('asks both at once, and answers when both have', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const none = cold('    --p|        ', { p: { output: 1 } })
      const label = cold('   ----p|      ', { p: { output: 2 } })
      const expected = '     ----(p|)    '
      const model = guided({ weight: 3 })(labelled((given) => (given === NONE ? none : label)))
      expectObservable(listen(model)).toBe(expected, { p: { output: 4 } })
      expectSubscriptions(none.subscriptions).toBe('^-!')
      expectSubscriptions(label.subscriptions).toBe('^---!')
    })
  })

  it('fails as soon as one fails, and gives up the other', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const none = cold<Prediction<number>>('--#')
      const label = cold('   ----p|      ', { p: { output: 2 } })
      const model = guided({ weight: 3 })(labelled((given) => (given === NONE ? none : label)))
      expectObservable(listen(model)).toBe('--#')
      expectSubscriptions(label.subscriptions).toBe('^-!')
    })
  })

  it('gives up both calls, signals and all, when unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const call = cold('    ----p|      ', { p: { output: 2 } })
      const signals: AbortSignal[] = []
      const model = labelled((_, { signal }) => {
        signals.push(signal)
        return call
      })
      expectObservable(listen(guided({ weight: 3 })(model)), '^-!').toBe('---')
      expectSubscriptions(call.subscriptions).toBe(['^-!', '^-!'])
      flush()
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    })
  })

  it('says so where a call ends without a prediction', async () => {
    const model = guided({ weight: 3 })(labelled((given) => (given === NONE ? [] : of({ output: 1 }))))
    await expect(lastValueFrom(listen(model))).rejects.toMatchObject({ _tag: 'PredictionMissing', t: 500 })
  })

  it('is the model itself at weight 1, and the one for “none” at weight 0', async () => {
    const model = labelled((given) => of({ output: given ?? -1 }))
    expect(guided({ weight: 1 })(model)).toBe(model)
    expect(await lastValueFrom(listen(guided({ weight: 0 })(model)))).toEqual({ output: NONE })
    expect(await lastValueFrom(listen(guided({ weight: 2 })(model)))).toEqual({ output: 2 * 3 - NONE })
  })

  it('composes with itself', async () => {
    const model = labelled((given) => of({ output: given === NONE ? 1 : 2 }))
    // 1 + w·((1 + v·1) − 1), for the weights v inside and w outside
    expect(await lastValueFrom(listen(guided({ weight: 3 })(guided({ weight: 2 })(model))))).toEqual({
      output: 7,
    })
  })

  it('leans away from another label, for all rows or row by row', async () => {
    const model: Denoiser<number> = labelled((given) => of({ output: given ?? -1 }))
    const negative = { labels: [7] }
    expect(await lastValueFrom(listen(guided({ weight: 2, negative })(model)))).toEqual({ output: 6 - 7 })

    const asked: unknown[] = []
    const answer = of({ output: 0 })
    const inRows: Denoiser<number> = {
      ...model,
      predict: (_x, _t, condition) => {
        asked.push(condition)
        return answer
      },
    }
    const onAnything = { ...inRows, algebra: { ...inRows.algebra, combine: () => 0, shape: () => [3] } }
    const question = { x: 0, t: [5, 5, 5], condition: { labels: [1, 2, 3] } }
    for (const labels of [[7], [7, 8, 9]])
      await lastValueFrom(ask(guided({ weight: 2, negative: { labels } })(onAnything), question))
    const { condition } = question
    expect(asked).toEqual([{ labels: [7, 7, 7] }, condition, { labels: [7, 8, 9] }, condition])
  })

  it('needs no label for none where it is told what to lean away from', async () => {
    const model = { ...labelled((given) => of({ output: given ?? -1 })), labels: { count: 3 } }
    const negative = { labels: [1] }
    expect(await lastValueFrom(listen(guided({ weight: 2, negative })(model)))).toEqual({ output: 5 })
    // not even a label
    expect(await lastValueFrom(listen(guided({ weight: 2, negative: {} })(model)))).toEqual({ output: 7 })
  })

  it('asks once outside of its interval, and twice inside', async () => {
    const asked: number[] = []
    const model = {
      ...labelled((given) => of({ output: given ?? -1 })),
    }
    const counted: Denoiser<number> = {
      ...model,
      predict: (x, t, condition, options) => {
        asked.push(t[0]!)
        return model.predict(x, t, condition, options)
      },
    }
    const within = guided({ weight: ({ t }) => (t > 200 && t < 800 ? 3 : 1) })(counted)
    for (const [t, output] of [
      [900, 3],
      [500.5, 3 * 3 - 2 * NONE],
      [100, 3],
    ] as const) {
      const answer = within.predict(0, [t], { labels: [3] }, { signal: new AbortController().signal })
      expect(await lastValueFrom(from(answer))).toEqual({ output })
    }
    expect(asked).toEqual([900, 500.5, 500.5, 100])
  })

  it('tells a weight where it is, between timesteps too', async () => {
    const levels: Level[] = []
    const weight = (level: Level): number => levels.push(level)
    const model = guided({ weight })(labelled(() => of({ output: 1 })))
    await lastValueFrom(
      from(model.predict(0, [500.25], { labels: [3] }, { signal: new AbortController().signal })),
    )
    expect(levels).toEqual([levelAt(schedule, 500.25)])
  })

  it.each([
    ['weight', { weight: NaN }],
    ['weight', { weight: Infinity }],
    ['rescale', { weight: 2, rescale: 1.5 }],
    ['rescale', { weight: 2, rescale: NaN }],
  ])('refuses a %s that is none: %o', (name, options) => {
    expect(() => guided(options)).toThrow(
      expect.objectContaining({ _tag: 'GuidanceInvalid', message: expect.stringContaining(name) as string }),
    )
  })

  it('fails where the weight of a level is no number, before the model is asked', async () => {
    const model = guided({ weight: () => NaN })(labelled(() => expect.fail('it is')))
    await expect(lastValueFrom(listen(model))).rejects.toMatchObject({ _tag: 'GuidanceInvalid' })
  })

  it('refuses a model that has no label for none', () => {
    expect(() => guided({ weight: 2 })({ ...modelThat(() => EMPTY), labels: { count: 3 } })).toThrow(
      expect.objectContaining({ _tag: 'GuidanceUnconditional' }),
    )
  })
})

describe('guided, on tensors', () => {
  type Answer = ObservableInput<Prediction<Counted>>
  const onBooks = (
    { algebra }: Books,
    answer: (x: Counted, label: number | undefined) => Answer,
  ): Denoiser<Counted> => ({
    algebra,
    predicts: 'epsilon',
    schedule,
    shape: [2],
    labels,
    range: 1,
    predict: (x, _t, { labels: given }) => answer(x, given?.[0]),
  })
  const predict = ({ algebra }: Books, x: Counted, variance = false): Prediction<Counted> => {
    const output = algebra.combine([[0.5, x]])
    return variance ? { output, variance: algebra.combine([[0.1, x]]) } : { output }
  }
  const sampling = (model: Denoiser<Counted>): ReturnType<ReturnType<typeof denoise<Counted>>> =>
    respace(schedule, trailing(3)).pipe(
      denoise({
        model: guided({ weight: 2 })(model),
        rule: ddim(),
        noise: philox({ seed: 7 }),
        condition: { labels: [3, 4] },
      }),
    )
  const flat = async (books: Books, frames$: ReturnType<typeof sampling>): Promise<void> => {
    await settled(frames$)
    expect([books.alive(), books.faults]).toEqual([0, []])
  }

  for (const variance of [false, true])
    it(`leaves nothing behind over a whole run, ${variance ? 'with' : 'without'} a variance`, async () => {
      const books = countingAlgebra()
      const frames$ = sampling(onBooks(books, (x) => of(predict(books, x, variance))))
      await lastValueFrom(frames$)
      await flat(books, frames$)
    })

  for (const first of ['the one for none', 'the one with the label'] as const)
    it(`leaves nothing behind when cancelled after ${first} has come`, async () => {
      const books = countingAlgebra()
      const late = deferred<undefined>()
      const model = onBooks(books, async (x, label) => {
        if ((label === NONE) !== (first === 'the one for none')) await late.promise
        return predict(books, x, true)
      })
      const frames$ = sampling(model)
      const subscription = frames$.subscribe()
      await aWhile()
      subscription.unsubscribe()
      await aWhile()
      // x, for the late one to read
      expect(books.alive()).toBe(1)
      late.resolve(undefined)
      await flat(books, frames$)
    })

  const failing = async (which: 'none' | 'label', when: 'at once' | 'later'): Promise<void> => {
    const books = countingAlgebra()
    let calls = 0
    const model = onBooks(books, (x, label) => {
      calls++
      const fails = (label === NONE) === (which === 'none')
      if (when === 'at once')
        return fails ? throwError(() => new Error('broken')) : of(predict(books, x, true))
      return aWhile().then(() => {
        if (fails) throw new Error('broken')
        return predict(books, x, true)
      })
    })
    const frames$ = sampling(model)
    await expect(lastValueFrom(frames$)).rejects.toThrow('broken')
    await flat(books, frames$)
    expect(calls).toBe(which === 'none' && when === 'at once' ? 1 : 2)
  }

  it('leaves nothing behind when the call with the label fails', async () => {
    await failing('label', 'at once')
    await failing('label', 'later')
  })

  it('leaves nothing behind when the call for none fails and the other answers late', () =>
    failing('none', 'later'))

  it('makes no second call when the first fails at once', () => failing('none', 'at once'))

  it('leaves nothing behind when the answers do not fit together', async () => {
    const books = countingAlgebra()
    const model = onBooks(books, (x, label) =>
      label === NONE
        ? of({ output: books.algebra.fromValues({ shape: [2, 1], data: Float64Array.of(1, 2) }) })
        : of(predict(books, x, true)),
    )
    const frames$ = sampling(model)
    await expect(lastValueFrom(frames$)).rejects.toThrow('it is [2, 1], not [2, 2]')
    await flat(books, frames$)
  })

  /** What a call answers on plain numbers, with a label and without. */
  const asking = async (
    options: GuidedOptions,
    t: readonly number[],
    label: readonly number[],
    none: readonly number[],
  ): Promise<ReadonlyArray<readonly number[]>> => {
    const books = countingAlgebra()
    const shape = [t.length, label.length / t.length]
    const tensor = (data: readonly number[]): Counted =>
      books.algebra.fromValues({ shape, data: Float64Array.from(data) })
    const model = onBooks(books, (_, given) => of({ output: tensor(given === NONE ? none : label) }))
    const x = tensor(label)
    const condition = { labels: t.map(() => 3) }
    const { output } = await lastValueFrom(ask(guided(options)(model), { x, t, condition }))
    const { data } = await books.algebra.toValues(output)
    ;[x, output].forEach(books.algebra.dispose)
    expect([books.alive(), books.faults]).toEqual([0, []])
    return t.map((_, row) => [...data.subarray((row * data.length) / t.length)].slice(0, shape[1]))
  }

  it('weighs every row by its own level', async () => {
    const weight = ({ t }: Level): number => (t > 500 ? 3 : 1)
    expect(await asking({ weight }, [900, 100], [1, 2, 5, 6], [0, 0, 0, 0])).toEqual([
      [3, 6],
      [5, 6],
    ])
  })

  it('gives a share of the label’s deviation back, sample by sample, as diffusers does', async () => {
    // rescale_noise_cfg: std by N − 1 over everything but the rows
    const label = [1, 2, 4, 3, -1, 0, 0, 5]
    const none = [0, 1, 0, -1, 2, 2, -3, 1]
    const std = (values: readonly number[]): number => {
      const mean = values.reduce((a, b) => a + b) / values.length
      return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))
    }
    const [weight, rescale] = [7.5, 0.7]
    const wanted = [0, 4].map((at) => {
      const text = label.slice(at, at + 4)
      const cfg = text.map((value, k) => none[at + k]! + weight * (value - none[at + k]!))
      return cfg.map((value) => rescale * value * (std(text) / std(cfg)) + (1 - rescale) * value)
    })
    const found = await asking({ weight, rescale }, [900, 100], label, none)
    found.forEach((row, r) => row.forEach((value, k) => expect(value).toBeCloseTo(wanted[r]![k]!, 12)))
    const whole = await asking({ weight, rescale: 1 }, [900, 100], label, none)
    expect(std(whole[0]!)).toBeCloseTo(std(label.slice(0, 4)), 12)
  })

  it('leaves nothing behind when rescaling fails', async () => {
    const books = countingAlgebra()
    const algebra = {
      ...books.algebra,
      matchDeviation: () => {
        throw new Error('no kernel')
      },
    }
    const model = { ...onBooks(books, (x) => of(predict(books, x, true))), algebra }
    const x = books.algebra.fromValues({ shape: [1, 2], data: Float64Array.of(1, 2) })
    const question = { x, t: [500], condition: { labels: [3] } }
    const answer$ = ask(guided({ weight: 2, rescale: 0.5 })(model), question)
    await expect(lastValueFrom(answer$)).rejects.toThrow('no kernel')
    books.algebra.dispose(x)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('tells both calls when they are over', async () => {
    const books = countingAlgebra()
    let over = 0
    const model = onBooks(books, (x) => of(predict(books, x)).pipe(finalize(() => over++)))
    await lastValueFrom(sampling(model))
    expect(over).toBe(6)
  })
})
