import type { Observable } from 'rxjs'
import { describe, expectTypeOf, it } from 'vitest'
import type { Values64 } from '../../src/algebra/float64.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { between } from '../../src/stream/operators/between.ts'
import { everyNth } from '../../src/stream/operators/every-nth.ts'
import { metrics, type Statistics } from '../../src/stream/operators/metrics.ts'
import { onlyX0 } from '../../src/stream/operators/only-x0.ts'
import { progress, type Progress } from '../../src/stream/operators/progress.ts'
import { takeSteps } from '../../src/stream/operators/take-steps.ts'
import { takeUntilLevel } from '../../src/stream/operators/take-until-level.ts'
import { tapFrame } from '../../src/stream/operators/tap-frame.ts'
import { timed } from '../../src/stream/operators/timed.ts'
import { untilStable } from '../../src/stream/operators/until-stable.ts'
import { type Snapshot, snapshot } from '../../src/stream/snapshot.ts'

type Tagged = Frame<Values64> & { readonly branch: 'ddim' | 'ddpm' }
declare const tagged$: Observable<Tagged>
declare const frames$: Observable<Frame<Values64>>
declare const snapshots$: Observable<Snapshot<'x0'>>

describe('operators that pass frames on', () => {
  it('keep the type of the frames, their tag with it', () => {
    const through$ = tagged$.pipe(
      everyNth(2),
      between(900, 100),
      takeSteps(9),
      takeUntilLevel({ t: 500 }),
      tapFrame((frame) => {
        expectTypeOf(frame.branch).toEqualTypeOf<'ddim' | 'ddpm'>()
        expectTypeOf(frame.xt).toEqualTypeOf<Values64>()
        return undefined
      }),
      untilStable(0.1),
    )
    expectTypeOf(through$).toExtend<Observable<Tagged>>()
    expectTypeOf(frames$.pipe(everyNth(2), untilStable(0.1))).toExtend<Observable<Frame<Values64>>>()
    expectTypeOf(frames$.pipe(untilStable(0.1), snapshot())).toEqualTypeOf<Observable<Snapshot>>()
    // @ts-expect-error no tag comes from nowhere
    expectTypeOf(frames$.pipe(untilStable(0.1))).toExtend<Observable<Tagged>>()
  })

  it('take snapshots as well, where they read no tensors', () => {
    const through$ = snapshots$.pipe(
      everyNth(2),
      takeUntilLevel({ logSnr: 0 }),
      tapFrame(({ x0 }) => [x0.data]),
    )
    expectTypeOf(through$).toEqualTypeOf<Observable<Snapshot<'x0'>>>()
    // @ts-expect-error a snapshot has no tensors
    void snapshots$.pipe(untilStable(0.1))
  })

  it('hold only for what can be waited for', () => {
    // @ts-expect-error a number is nothing to wait for
    void frames$.pipe(tapFrame(() => 7))
    // @ts-expect-error nor is a task that nobody has run
    void frames$.pipe(tapFrame(() => () => Promise.resolve()))
  })
})

describe('operators that emit something else', () => {
  it('say what', () => {
    expectTypeOf(tagged$.pipe(onlyX0())).toEqualTypeOf<Observable<Snapshot<'x0'>>>()
    expectTypeOf(tagged$.pipe(progress())).toEqualTypeOf<Observable<Progress>>()
    tagged$.pipe(timed()).subscribe(({ frame }) => {
      expectTypeOf(frame).toEqualTypeOf<Tagged>()
    })
    tagged$.pipe(metrics({ xt: true })).subscribe((one) => {
      expectTypeOf(one.xt).toEqualTypeOf<readonly Statistics[]>()
      expectTypeOf(one).not.toHaveProperty('x0')
    })
    tagged$.pipe(metrics()).subscribe((one) => {
      expectTypeOf(one.eps).toEqualTypeOf<readonly Statistics[]>()
    })
  })

  it('take one level, said in one way', () => {
    // @ts-expect-error there is no such way
    takeUntilLevel({ sigma: 1 })
    // @ts-expect-error which steps?
    takeSteps({ t: 500 })
  })
})
