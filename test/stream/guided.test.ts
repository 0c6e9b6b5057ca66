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
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Condition, Denoiser, PredictOptions, Prediction } from '../../src/model/denoiser.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { settled } from '../../src/stream/run.ts'
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
    await expect(lastValueFrom(frames$)).rejects.toThrow("don't add up")
    await flat(books, frames$)
  })

  it('tells both calls when they are over', async () => {
    const books = countingAlgebra()
    let over = 0
    const model = onBooks(books, (x) => of(predict(books, x)).pipe(finalize(() => over++)))
    await lastValueFrom(sampling(model))
    expect(over).toBe(6)
  })
})
