import { lastValueFrom, type Observable, of, tap, timer, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddpm } from '../../../src/diffusion/rule.ts'
import type { SavedState } from '../../../src/diffusion/saved-state.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { checkpointEvery } from '../../../src/stream/operators/checkpoint-every.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { respace } from '../../../src/stream/respace.ts'
import { settled } from '../../../src/stream/settled.ts'
import { checklist, throws } from '../support/checklist.ts'
import { slope, type Slope } from '../support/slope.ts'
import { macrotask } from '../support/time.ts'
import type { Counted } from '../../support/counting-algebra.ts'

checklist<OfStep>('checkpointEvery', {
  operator: (frames$) => frames$.pipe(checkpointEvery(2, () => macrotask())),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-2-3-4-|',
  reads: true,
})

const run = ({ model }: Slope, steps: number, inFlight = 2): Observable<Frame<Counted>> =>
  respace(model.schedule, trailing(steps)).pipe(
    denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }), inFlight }),
  )

describe('checkpointEvery', () => {
  it('refuses a k that is no whole number from 1', () => {
    for (const k of [0, -1, 1.5, NaN, Infinity])
      expect(() => checkpointEvery(k, () => of(1))).toThrow('has to be a whole number from 1')
  })

  it('writes one state at a time, in order, and never the last', async () => {
    const written: number[] = []
    let writing = 0
    let most = 0
    const write = async ({ ahead }: SavedState): Promise<void> => {
      writing += 1
      most = Math.max(most, writing)
      await lastValueFrom(timer(ahead.length))
      written.push(ahead.length)
      writing -= 1
    }
    await lastValueFrom(run(slope(), 6, 5).pipe(checkpointEvery(1, write)))
    expect([written, most]).toEqual([[5, 4, 3, 2, 1], 1])
  })

  it('keeps the run from getting ahead of what is written', async () => {
    let behind = 0
    let most = 0
    const frames$ = run(slope(), 20).pipe(
      tap(() => {
        behind += 1
        most = Math.max(most, behind)
      }),
      checkpointEvery(1, async () => {
        await lastValueFrom(timer(2))
        behind -= 1
      }),
    )
    await lastValueFrom(frames$)
    expect(most).toBeLessThanOrEqual(3)
  })

  it('fails the run when a state can’t be written, and frees everything', async () => {
    const taken = slope()
    const frames$ = run(taken, 10)
    const failed = lastValueFrom(frames$.pipe(checkpointEvery(3, throws), toArray()))
    await expect(failed).rejects.toThrow('broken')
    await settled(frames$)
    expect([taken.books.alive(), taken.books.faults]).toEqual([0, []])
    expect(taken.calls.length).toBeLessThan(6)
  })

  it('starts anew for another subscriber', async () => {
    const written: number[] = []
    const frames$ = run(slope(), 4).pipe(
      checkpointEvery(2, ({ ahead }) => {
        written.push(ahead.length)
        return of(1)
      }),
    )
    await lastValueFrom(frames$)
    await lastValueFrom(frames$)
    expect(written).toEqual([2, 2])
  })
})
