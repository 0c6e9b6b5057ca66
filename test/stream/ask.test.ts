import {
  EMPTY,
  from,
  lastValueFrom,
  NEVER,
  Observable,
  type ObservableInput,
  of,
  Subscription,
  throwError,
  toArray,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { fail } from '../../src/failure.ts'
import { ask } from '../../src/model/ask.ts'
import type { Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { type Books, type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { modelThat, schedule } from './support/doubles.ts'
import { aWhile, deferred, unhandledDuring, virtually } from './support/time.ts'

const question = { x: 1.5, t: [500], condition: {} }
const half = { p: { output: 0.5 }, q: { output: -0.5 } }

const onBooks = (
  { algebra }: Books,
  answer: (signal: AbortSignal) => ObservableInput<Prediction<Counted>>,
): Denoiser<Counted> => ({
  algebra,
  predicts: 'epsilon',
  schedule,
  shape: [1],
  predict: (_x, _t, _condition, { signal }) => answer(signal),
})
const tensor = ({ algebra }: Books): Counted =>
  algebra.fromValues({ shape: [1, 1], data: Float64Array.of(1) })

describe('ask', () => {
  it('asks on subscription, every time, and passes on one answer', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const answer = cold('  --p--|     ', half)
      const expected = '     --(p|)     '
      const answered$ = ask(
        modelThat(() => answer),
        question,
      )
      expectObservable(answered$, '^--------').toBe(expected, half)
      expectObservable(answered$, '---^-----').toBe('-----(p|)', half)
      expectSubscriptions(answer.subscriptions).toBe(['^-!', '---^-!'])
    })
  })

  it.each([
    ['an observable', (all: Array<Prediction<Counted>>) => of(...all)],
    ['an array', (all: Array<Prediction<Counted>>) => all],
  ])('frees what %s has at hand besides the first answer', async (_, inputOf) => {
    const books = countingAlgebra()
    const [first, variance, second] = [tensor(books), tensor(books), tensor(books)]
    // the same tensor again is not freed under its owner's hands
    const answers = [{ output: first }, { output: second, variance }, { output: first }]
    const model = onBooks(books, () => inputOf(answers))
    const answer = await lastValueFrom(ask(model, { x: second, t: [5], condition: {} }))
    expect([answer.output, books.alive()]).toEqual([first, 1])
    books.algebra.dispose(first)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('takes the first of two answers', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const answer = cold('  --p-q-|    ', half)
      expectObservable(
        ask(
          modelThat(() => answer),
          question,
        ),
      ).toBe('--(p|)', half)
      expectSubscriptions(answer.subscriptions).toBe('^-!')
    })
  })

  it('fails with what the network fails with, or throws', () => {
    virtually(({ cold, expectObservable }) => {
      const broken = cold<Prediction<number>>('--#')
      expectObservable(
        ask(
          modelThat(() => broken),
          question,
        ),
      ).toBe('--#')
      const throwing = modelThat(() => {
        throw new Error('out of memory')
      })
      expectObservable(ask(throwing, question)).toBe('#', undefined, new Error('out of memory'))
    })
  })

  it('fails where there is no answer', () => {
    virtually(({ cold, expectObservable }) => {
      const missing = fail('PredictionMissing', { t: 500 })
      const silent = cold<Prediction<number>>('--|')
      expectObservable(
        ask(
          modelThat(() => silent),
          question,
        ),
      ).toBe('--#', undefined, missing)
      expectObservable(
        ask(
          modelThat(() => EMPTY),
          question,
        ),
      ).toBe('#', undefined, missing)
      expectObservable(
        ask(
          modelThat(() => []),
          question,
        ),
      ).toBe('#', undefined, missing)
    })
  })

  it('needs a time for each row', async () => {
    const books = countingAlgebra()
    const model = onBooks(books, () => NEVER)
    const x = books.algebra.fromValues({ shape: [3, 1], data: new Float64Array(3) })
    for (const t of [[], [5], [5, 5, 5, 5]])
      await expect(lastValueFrom(ask(model, { x, t, condition: {} }))).rejects.toMatchObject({
        _tag: 'RunInvalid',
        reason: `the network is asked about 3 samples at ${String(t.length)} times, and needs a time for each`,
      })
  })

  it.each(['output', 'variance'] as const)('refuses an answer whose %s has another shape', async (part) => {
    const books = countingAlgebra()
    const wrong = books.algebra.fromValues({ shape: [1, 2], data: new Float64Array(2) })
    const x = tensor(books)
    const model = onBooks(books, () => of({ output: tensor(books), [part]: wrong }))
    await expect(lastValueFrom(ask(model, { x, t: [5], condition: {} }))).rejects.toMatchObject({
      _tag: 'ShapesDisagree',
      message: `The network doesn't fit together at its ${part}: it is [1, 2], not [1, 1].`,
    })
    books.algebra.dispose(x)
    expect([books.alive(), books.faults]).toEqual([part === 'output' ? 1 : 0, []])
  })

  it('aborts the call when nobody waits any more', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const answer = cold('  ----p|     ', half)
      const model = modelThat(() => answer)
      expectObservable(ask(model, question), '^-!').toBe('---')
      expectSubscriptions(answer.subscriptions).toBe('^-!')
      flush()
      expect(model.calls[0]?.signal.aborted).toBe(true)
    })
  })

  const kinds: Readonly<Record<string, ObservableInput<Prediction<number>>>> = {
    'a promise': Promise.resolve(half.p),
    'an array': [half.p, half.q],
    'an observable': from([half.p, half.q]),
    'an async iterable': (async function* () {
      await Promise.resolve()
      yield half.p
      yield half.q
    })(),
  }
  for (const [kind, answer] of Object.entries(kinds))
    it(`takes ${kind} for an answer`, async () => {
      expect(
        await lastValueFrom(
          ask(
            modelThat(() => answer),
            question,
          ).pipe(toArray()),
        ),
      ).toEqual([half.p])
    })

  it('tells of a promise, which outlives the subscription, until it is over', async () => {
    for (const end of ['answer', 'error'] as const) {
      const answer = deferred<Prediction<number>>()
      let over = false
      const told: Array<ObservableInput<unknown>> = []
      const subscription = ask(
        modelThat(() => answer.promise),
        question,
        (work) => told.push(work),
      ).subscribe()
      expect(told).toHaveLength(1)
      from(told[0]!).subscribe({
        complete: () => {
          over = true
        },
      })
      subscription.unsubscribe()
      await aWhile()
      expect(over).toBe(false)
      if (end === 'answer') answer.resolve(half.p)
      else answer.reject(new Error('aborted'))
      await aWhile()
      expect(over).toBe(true)
    }
  })

  it('tells of nothing where an observable answers, which can be stopped', () => {
    const told: unknown[] = []
    ask(
      modelThat(() => of(half.p)),
      question,
      (work) => told.push(work),
    ).subscribe()
    ask(
      modelThat(() => NEVER),
      question,
      (work) => told.push(work),
    )
      .subscribe()
      .unsubscribe()
    expect(told).toEqual([])
  })

  it('frees a late answer, variance and all, and swallows a late error', async () => {
    const books = countingAlgebra()
    const [late, broken] = [deferred<Prediction<Counted>>(), deferred<Prediction<Counted>>()]
    const unhandled = await unhandledDuring(async () => {
      for (const { promise } of [late, broken])
        ask(
          onBooks(books, () => promise),
          { ...question, x: tensor(books) },
        )
          .subscribe()
          .unsubscribe()
      late.resolve({ output: tensor(books), variance: tensor(books) })
      broken.reject(new Error('aborted'))
      await aWhile()
    })
    expect(unhandled).toEqual([])
    expect([books.alive(), books.faults]).toEqual([2, []])
  })

  it('stops listening to an observable', () => {
    let stopped = false
    const endless = new Observable<Prediction<number>>(() => () => {
      stopped = true
    })
    ask(
      modelThat(() => endless),
      question,
    )
      .subscribe()
      .unsubscribe()
    expect(stopped).toBe(true)
  })

  it('fails an answer that fails at once', async () => {
    await expect(
      lastValueFrom(
        ask(
          modelThat(() => throwError(() => 'broken')),
          question,
        ),
      ),
    ).rejects.toBe('broken')
  })

  it('does not abort a call that has answered', () => {
    virtually(({ cold, expectObservable, flush }) => {
      const model = modelThat(() => cold('--p|', half))
      expectObservable(ask(model, question)).toBe('--(p|)', half)
      flush()
      expect(model.calls[0]?.signal.aborted).toBe(false)
    })
  })

  it('frees the answer of a network that has itself unsubscribed', () => {
    const books = countingAlgebra()
    const subscription = new Subscription()
    let aborted: boolean | undefined
    const rude = onBooks(books, (signal) => {
      subscription.unsubscribe()
      aborted = signal.aborted
      return of({ output: tensor(books) })
    })
    subscription.add(
      new Observable((subscriber) => {
        subscription.add(subscriber)
        return ask(rude, { ...question, x: tensor(books) }).subscribe(subscriber)
      }).subscribe(),
    )
    expect([books.alive(), aborted]).toEqual([1, true])
  })
})
