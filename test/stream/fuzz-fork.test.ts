/**
 * Forks of forks under random rules, operators, sinks, cancellations and failures, on an algebra that keeps books; what
 * branches give is compared with what each gives alone.
 */
import fc from 'fast-check'
import {
  connect,
  filter,
  lastValueFrom,
  map,
  merge,
  type Observable,
  of,
  switchMap,
  take,
  takeWhile,
  tap,
  throwError,
  toArray,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim, ddpm, type Rule } from '../../src/diffusion/rule.ts'
import { dpmpp2m, heun, plms } from '../../src/diffusion/solver.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { coalesce } from '../../src/model/coalesce.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { guided } from '../../src/model/guided.ts'
import { philox } from '../../src/noise/philox.ts'
import { type Branch, branchOf } from '../../src/stream/branch.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { fork, type FrameOperator } from '../../src/stream/fork.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { checkpointEvery } from '../../src/stream/operators/checkpoint-every.ts'
import { everyNth } from '../../src/stream/operators/every-nth.ts'
import { startWithNoise } from '../../src/stream/operators/start-with-noise.ts'
import { tapFrame } from '../../src/stream/operators/tap-frame.ts'
import { respace } from '../../src/stream/respace.ts'
import { resume } from '../../src/stream/resume.ts'
import { settled } from '../../src/stream/settled.ts'
import { snapshot } from '../../src/stream/snapshot.ts'
import { type Counted, countingAlgebra } from '../support/counting-algebra.ts'
import { schedule } from './support/doubles.ts'
import { aWhile, macrotask, unhandledDuring } from './support/time.ts'

const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await macrotask()
}

const rules: Readonly<Record<string, Rule>> = {
  ddim: ddim(),
  ddpm: ddpm(),
  '2m': dpmpp2m(),
  plms: plms(),
  heun: heun(),
}
const noise = philox({ seed: 7 })

const delay = fc.integer({ min: 0, max: 4 })
const step = fc.integer({ min: 0, max: 7 })

interface Twig {
  readonly rule: string
  readonly spacing: number | undefined
  readonly weight: number
  /** What is done on the way; none of it changes what the chain computes. */
  readonly way: ReadonlyArray<'tap' | 'checkpoint' | 'noise' | 'some'>
  readonly delay: number
  /** Ends by itself before its chain does. */
  readonly upTo: number | undefined
  readonly forks: readonly Twig[]
  readonly forkAt: number
}

const { twig: anyTwig } = fc.letrec<{ twig: Twig }>((tie) => ({
  twig: fc.record({
    rule: fc.constantFrom(...Object.keys(rules)),
    spacing: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    weight: fc.constantFrom(1, 1, 2),
    way: fc.uniqueArray(fc.constantFrom('tap', 'checkpoint', 'noise', 'some'), { maxLength: 3 }),
    delay,
    upTo: fc.option(step, { nil: undefined, freq: 3 }),
    forks: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(tie('twig'), { minLength: 1, maxLength: 2 }) },
    ),
    forkAt: fc.integer({ min: 1, max: 4 }),
  }),
}))

const anyPlan = fc.record({
  steps: fc.integer({ min: 1, max: 8 }),
  cut: fc.integer({ min: 1, max: 8 }),
  atNoise: fc.boolean(),
  rule: fc.constantFrom(...Object.keys(rules)),
  inFlight: fc.integer({ min: 1, max: 3 }),
  maxRows: fc.constantFrom(1, 3, 100),
  reading: fc.constantFrom('at once' as const, 'later' as const),
  answers: fc.array(delay, { minLength: 8, maxLength: 8 }),
  branches: fc.array(anyTwig, { minLength: 1, maxLength: 3 }),
  sinks: fc.array(fc.record({ kind: fc.constantFrom('look', 'hold', 'copy'), delay }), {
    minLength: 1,
    maxLength: 2,
  }),
  ending: fc.oneof(
    { weight: 2, arbitrary: fc.constant({ kind: 'none', at: 0 } as const) },
    fc.record({
      kind: fc.constantFrom('take', 'unsubscribe', 'throw', 'network', 'hold', 'write'),
      at: step,
    }),
  ),
})
type Plan = typeof anyPlan extends fc.Arbitrary<infer P> ? P : never

const named = <A>(all: readonly A[]): Readonly<Record<string, A>> =>
  Object.fromEntries(all.map((one, k) => [`b${k}`, one]))

const grow = (twig: Twig, broken: () => boolean): FrameOperator => {
  const { spacing, weight } = twig
  const change = resume({
    rule: rules[twig.rule]!,
    model: guided({ weight }),
    ...(spacing === undefined ? {} : { spacing: trailing(spacing) }),
  })
  return <T>(frames$: Observable<Frame<T>>): Observable<Frame<T>> => {
    const walked$ = twig.way.reduce<Observable<Frame<T>>>((walk$, what) => {
      switch (what) {
        case 'tap':
          return walk$.pipe(tapFrame(() => turns(twig.delay)))
        case 'checkpoint':
          return walk$.pipe(
            checkpointEvery(2, () => (broken() ? throwError(() => new Error('write')) : turns(twig.delay))),
          )
        case 'noise':
          return walk$.pipe(startWithNoise())
        case 'some':
          return walk$.pipe(everyNth(2))
      }
    }, change(frames$))
    const ended$ = twig.upTo === undefined ? walked$ : walked$.pipe(take(twig.upTo + 1))
    if (twig.forks.length === 0) return ended$
    return ended$.pipe(take(twig.forkAt), fork(named(twig.forks.map((each) => grow(each, broken)))))
  }
}

/** Every chain of a plan by its own: the names of its branches, and how it comes about. */
const alone = (
  twigs: readonly Twig[],
  path: readonly string[] = [],
  before: FrameOperator = (frames$) => frames$,
): ReadonlyArray<readonly [path: string, way: FrameOperator]> =>
  twigs.flatMap((twig, k) => {
    const here = [...path, `b${k}`]
    const bare = grow({ ...twig, forks: [] }, () => false)
    const way: FrameOperator = (frames$) => bare(before(frames$))
    return twig.forks.length === 0
      ? [[here.join('.'), way] as const]
      : alone(twig.forks, here, (frames$) => way(frames$).pipe(take(twig.forkAt)))
  })

type Row = readonly [index: number, count: number, ...values: number[]]

const rowOf = ({
  transition,
  xt,
}: {
  transition: Frame<unknown>['transition']
  xt: { data: Iterable<number> }
}): Row => [transition.index, transition.count, ...xt.data]

const modelOn = (
  books: ReturnType<typeof countingAlgebra>,
  answer: (call: number) => { readonly delay: number; readonly fails: boolean },
  asked: () => void,
): Denoiser<Counted> => {
  let calls = 0
  return {
    algebra: books.algebra,
    predicts: 'epsilon',
    schedule,
    shape: [2],
    range: 1,
    labels: { count: 2, unconditional: 1 },
    predict: (x, t, { labels }) => {
      asked()
      const { delay, fails } = answer(calls++)
      const slopes = t.map((each, row) => each / 1500 + (labels?.[row] ?? 0) / 10)
      return of(undefined).pipe(
        switchMap(() => turns(delay)),
        map(() => {
          if (fails) throw new Error('network')
          return { output: books.algebra.combine([[slopes, x]]) }
        }),
      )
    },
  }
}

const startOf = (plan: Plan, model: Denoiser<Counted>): Observable<Frame<Counted>> =>
  respace(schedule, trailing(plan.steps)).pipe(
    denoise({
      model,
      rule: rules[plan.rule]!,
      noise,
      condition: { labels: [0, 0] },
      inFlight: plan.inFlight,
    }),
    plan.atNoise ? startWithNoise() : map((frame) => frame),
    take(plan.atNoise ? 1 : plan.cut),
  )

const expected = async (plan: Plan): Promise<ReadonlyMap<string, readonly Row[]>> => {
  const found = new Map<string, readonly Row[]>()
  for (const [path, way] of alone(plan.branches)) {
    const books = countingAlgebra()
    const model = modelOn(
      books,
      () => ({ delay: 0, fails: false }),
      () => undefined,
    )
    const rows$ = way(startOf(plan, model)).pipe(snapshot(), map(rowOf), toArray())
    found.set(path, await lastValueFrom(rows$))
  }
  return found
}

const play = async (plan: Plan): Promise<readonly string[]> => {
  const { ending } = plan
  const books = countingAlgebra(plan.reading)
  const wrong: string[] = []
  let over = false
  const model = modelOn(
    books,
    (call) => ({
      delay: plan.answers[call % 8]!,
      fails: ending.kind === 'network' && call === ending.at,
    }),
    () => {
      if (over) wrong.push('a call after the end')
    },
  )
  const forked$ = startOf(plan, coalesce(model, { maxRows: plan.maxRows })).pipe(
    fork(named(plan.branches.map((twig) => grow(twig, () => ending.kind === 'write')))),
  )

  const seen = new Map<string, Row[]>()
  const sink = (
    { kind, delay }: Plan['sinks'][number],
    isFirst: boolean,
    frames$: Observable<Frame<Counted> & Branch>,
  ): Observable<unknown> => {
    let count = 0
    const acted$ = frames$.pipe(
      tap((frame) => {
        if (over) wrong.push('a frame after the end')
        if (isFirst && ending.kind === 'throw' && count === ending.at) throw new Error('throw')
        if (isFirst && ending.kind === 'hold' && count === ending.at)
          frame.waitUntil(turns(1).then(() => Promise.reject(new Error('hold'))))
        count++
        books.algebra.shape(frame.xt)
        if (kind === 'hold') frame.waitUntil(turns(delay).then(() => books.algebra.shape(frame.x0)))
      }),
    )
    if (!isFirst) return acted$
    return acted$.pipe(
      snapshot(),
      tap((copy) => {
        const path = (branchOf(copy).path ?? []).join('.')
        seen.set(path, [...(seen.get(path) ?? []), rowOf(copy)])
        if (kind === 'copy') copy.waitUntil(turns(delay))
      }),
    )
  }
  const all$ = forked$.pipe(
    connect((shared$) => merge(...plan.sinks.map((each, k) => sink(each, k === 0, shared$)))),
    ending.kind === 'take' ? takeWhile((_, k) => k < ending.at) : filter(() => true),
  )
  let outcome = ''
  const subscription = all$.subscribe({
    error: (error: unknown) => {
      outcome = error instanceof Error ? error.message : String(error)
    },
    complete: () => {
      outcome = 'complete'
    },
  })
  if (ending.kind === 'unsubscribe')
    void turns(ending.at * 3).then(() => {
      subscription.unsubscribe()
      over = true
      outcome ||= 'left'
    })
  for (let k = 0; k < 4000 && outcome === ''; k++) await macrotask()
  if (outcome === '') wrong.push('a deadlock')
  subscription.unsubscribe()
  over = true
  const rested = await Promise.race([settled(forked$).then(() => true), turns(400).then(() => false)])
  if (!rested) wrong.push('never settled')
  if (books.alive() !== 0) wrong.push(`${books.alive()} tensors are left`)
  wrong.push(...books.faults)

  if (ending.kind === 'none') {
    if (outcome !== 'complete') wrong.push(`ended with ${outcome}`)
    const rows = await expected(plan)
    for (const [path, whole] of rows)
      if (JSON.stringify(seen.get(path) ?? []) !== JSON.stringify(whole))
        wrong.push(`${path}: ${JSON.stringify(seen.get(path))} and not ${JSON.stringify(whole)}`)
    for (const path of seen.keys()) if (!rows.has(path)) wrong.push(`there is no branch ${path}`)
  }
  return wrong
}

describe('any fork', () => {
  it('gives what its branches give alone, frees all, asks nothing after its end, and ends', async () => {
    const unhandled = await unhandledDuring(async () => {
      await fc.assert(
        fc.asyncProperty(anyPlan, async (plan) => {
          expect(await play(plan)).toEqual([])
        }),
        { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) },
      )
      await aWhile()
    })
    expect(unhandled).toEqual([])
  })
})
