import { firstValueFrom, of, Subject, type Subscription, take, throwError } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { ask } from '../../src/model/ask.ts'
import { coalesce } from '../../src/model/coalesce.ts'
import type { Condition, Denoiser, Prediction } from '../../src/model/denoiser.ts'
import { timeshared } from '../../src/model/timeshared.ts'
import { type Books, countingAlgebra, type Counted } from '../support/counting-algebra.ts'
import { numbers } from '../../src/algebra/numbers.ts'
import { aWhile } from '../stream/support/time.ts'

interface Asked {
  readonly rows: readonly number[]
  readonly t: readonly number[]
  readonly condition: Condition
  readonly signal: AbortSignal
}

/** Answers three times x, and minus x for the variance, when it is told to. */
const manual = (): {
  readonly books: Books
  readonly asked: readonly Asked[]
  readonly model: Denoiser<Counted>
  readonly answer: (number: number) => void
  readonly fail: (number: number, error: Error) => void
} => {
  const books = countingAlgebra()
  const asked: Asked[] = []
  const answers: Array<Subject<Prediction<Counted>>> = []
  const xs: Counted[] = []
  return {
    books,
    asked,
    model: {
      algebra: books.algebra,
      predicts: 'epsilon',
      schedule: linearSchedule(),
      shape: [1],
      labels: { count: 10 },
      predict: (x, t, condition, { signal }) => {
        asked.push({ rows: [...x.values.data], t, condition, signal })
        xs.push(x)
        const answer = new Subject<Prediction<Counted>>()
        answers.push(answer)
        return answer
      },
    },
    answer: (number) => {
      const x = xs[number]!
      answers[number]!.next({
        output: books.algebra.combine([[3, x]]),
        variance: books.algebra.combine([[-1, x]]),
      })
    },
    fail: (number, error) => {
      answers[number]!.error(error)
    },
  }
}

/** A user of a model: what it got, and how to give up. */
const user = (
  model: Denoiser<Counted>,
  books: Books,
  rows: readonly number[],
  labels: readonly number[] | null = rows.map(() => 0),
): { readonly got: unknown[]; readonly subscription: Subscription; readonly free: () => void } => {
  const x = books.algebra.fromValues({ shape: [rows.length, 1], data: Float64Array.from(rows) })
  const got: unknown[] = []
  const subscription = ask(model, {
    x,
    t: rows.map((row) => row * 10),
    condition: labels === null ? {} : { labels },
  }).subscribe({
    next: ({ output, variance }) => {
      got.push([...output.values.data], [...(variance?.values.data ?? [])])
      books.algebra.dispose(output)
      if (variance !== undefined) books.algebra.dispose(variance)
    },
    error: (error: unknown) => got.push(error),
  })
  return {
    got,
    subscription,
    free: () => {
      books.algebra.dispose(x)
    },
  }
}

describe('coalesce', () => {
  it('asks once for all calls of a macrotask, with the times and labels of each row', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model)
    const users = [user(shared, books, [1]), user(shared, books, [2, 3], [4, 5]), user(shared, books, [6])]
    expect(asked).toEqual([])
    await aWhile()
    expect(asked).toMatchObject([
      { rows: [1, 2, 3, 6], t: [10, 20, 30, 60], condition: { labels: [0, 4, 5, 0] } },
    ])
    answer(0)
    expect(users.map(({ got }) => got)).toEqual([
      [[3], [-1]],
      [
        [6, 9],
        [-2, -3],
      ],
      [[18], [-6]],
    ])
    for (const { free } of users) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('asks in calls of at most maxRows rows, cuts what is larger, and puts its answers together', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model, { maxRows: 3 })
    const users = [
      user(shared, books, [1, 2]),
      user(shared, books, [3, 4]),
      user(shared, books, [5, 6, 7, 8], [1, 2, 3, 4]),
    ]
    await aWhile()
    expect(asked.map(({ rows }) => rows)).toEqual([
      [1, 2, 8],
      [3, 4],
      [5, 6, 7],
    ])
    expect(asked.map(({ condition }) => condition.labels)).toEqual([
      [0, 0, 4],
      [0, 0],
      [1, 2, 3],
    ])
    for (const number of [2, 0, 1]) answer(number)
    expect(users[2]!.got).toEqual([
      [15, 18, 21, 24],
      [-5, -6, -7, -8],
    ])
    for (const { free } of users) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('does not ask for who has left, and asks for nobody where all have', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model)
    const [stays, leaves] = [user(shared, books, [1]), user(shared, books, [2])]
    leaves.subscription.unsubscribe()
    leaves.free()
    await aWhile()
    expect(asked.map(({ rows }) => rows)).toEqual([[1]])
    answer(0)
    stays.free()
    const gone = user(shared, books, [3])
    gone.subscription.unsubscribe()
    gone.free()
    await aWhile()
    expect(asked).toHaveLength(1)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('aborts a call that nobody waits for any more, and only then', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model)
    const [one, other] = [user(shared, books, [1]), user(shared, books, [2])]
    await aWhile()
    one.subscription.unsubscribe()
    one.free()
    expect(asked[0]!.signal.aborted).toBe(false)
    answer(0)
    expect(other.got).toEqual([[6], [-2]])
    other.free()
    const both = [user(shared, books, [1]), user(shared, books, [2])]
    await aWhile()
    for (const { subscription, free } of both) {
      subscription.unsubscribe()
      free()
    }
    expect(asked[1]!.signal.aborted).toBe(true)
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('leaves it to the model what to make of rows without labels', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model)
    const users = [user(shared, books, [1], null), user(shared, books, [2]), user(shared, books, [3], null)]
    await aWhile()
    expect(asked.map(({ rows, condition }) => [rows, condition])).toEqual([
      [[1, 3], {}],
      [[2], { labels: [0] }],
    ])
    answer(0)
    answer(1)
    expect(users.map(({ got }) => got[0])).toEqual([[3], [6], [9]])
    for (const { free } of users) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('fails whoever asks for a label that is none, and nobody else', async () => {
    const { model, books, asked, answer } = manual()
    const shared = coalesce(model)
    const users = [user(shared, books, [1], [77]), user(shared, books, [2])]
    await aWhile()
    expect(users[0]!.got).toMatchObject([{ _tag: 'LabelUnknown', label: '77' }])
    expect(asked.map(({ rows }) => rows)).toEqual([[2]])
    answer(0)
    expect(users[1]!.got).toEqual([[6], [-2]])
    for (const { free } of users) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('fails all who wait for a call that fails, and none who asked later', async () => {
    const { model, books, answer, fail } = manual()
    const shared = coalesce(model)
    const users = [user(shared, books, [1]), user(shared, books, [2])]
    await aWhile()
    const later = user(shared, books, [3])
    await aWhile()
    const error = new Error('out of order')
    fail(0, error)
    answer(1)
    expect(users.map(({ got }) => got)).toEqual([[error], [error]])
    expect(later.got).toEqual([[9], [-3]])
    for (const { free } of [...users, later]) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('asks about numbers one by one, since they have no rows', async () => {
    const model: Denoiser<number> = {
      algebra: numbers,
      predicts: 'epsilon',
      schedule: linearSchedule(),
      shape: [],
      predict: (x) => of({ output: 2 * x }),
    }
    const { output } = await firstValueFrom(ask(coalesce(model), { x: 4, t: [9], condition: {} }))
    expect(output).toBe(8)
  })

  it.each([0, 1.5, NaN, -1])('refuses a maxRows of %d', (maxRows) => {
    expect(() => coalesce(manual().model, { maxRows })).toThrow('maxRows')
  })
})

describe('timeshared', () => {
  it('has one call under way, and makes the next of all that wait', async () => {
    const { model, books, asked, answer } = manual()
    const client = timeshared(model, { maxRows: 4 })
    const users = [user(client(), books, [1])]
    await aWhile()
    users.push(user(client(), books, [2, 3]), user(client(), books, [4, 5]), user(client(), books, [6]))
    await aWhile()
    expect(asked.map(({ rows }) => rows)).toEqual([[1]])
    answer(0)
    await aWhile()
    expect(asked.map(({ rows }) => rows)).toEqual([[1], [6, 2, 3]])
    answer(1)
    await aWhile()
    answer(2)
    expect(users.map(({ got }) => got[0])).toEqual([[3], [6, 9], [12, 15], [18]])
    for (const { free } of users) free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('asks for the most urgent first, but lets nobody wait for ever', async () => {
    const { model, books, asked, answer } = manual()
    const client = timeshared(model, { maxRows: 1 })
    const [urgent, patient] = [client({ priority: 2 }), client()]
    const users = [user(patient, books, [1]), user(urgent, books, [2])]
    await aWhile()
    for (let number = 0; number < 6; number++) {
      users.push(user(urgent, books, [3 + number]))
      answer(number)
      await aWhile()
    }
    const order = asked.map(({ rows }) => rows[0])
    expect(order[0]).toBe(2)
    expect(order.indexOf(1)).toBeGreaterThan(0)
    for (const { subscription, free } of users) {
      subscription.unsubscribe()
      free()
    }
    expect([books.alive(), books.faults]).toEqual([0, []])
  })

  it('goes on after a call that failed, and refuses a priority that is no number', async () => {
    const books = countingAlgebra()
    let calls = 0
    const model: Denoiser<Counted> = {
      ...manual().model,
      algebra: books.algebra,
      predict: (x) => {
        calls += 1
        return calls === 1
          ? throwError(() => new Error('once'))
          : of({ output: books.algebra.combine([[3, x]]) }).pipe(take(1))
      },
    }
    const client = timeshared(model)
    const first = user(client(), books, [1])
    await aWhile()
    const second = user(client(), books, [2])
    await aWhile()
    expect(first.got).toMatchObject([{ message: 'once' }])
    expect(second.got[0]).toEqual([6])
    for (const priority of [NaN, Infinity, 33, -33]) expect(() => client({ priority })).toThrow('priority')
    first.free()
    second.free()
    expect([books.alive(), books.faults]).toEqual([0, []])
  })
})
