import fc from 'fast-check'
import { lastValueFrom, of, tap, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../../src/algebra/float64.ts'
import { ddpm } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { metrics, rowStatistics } from '../../../src/stream/operators/metrics.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { respace } from '../../../src/stream/respace.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import { checklist } from '../support/checklist.ts'
import { modelThat, schedule, stepsOf } from '../support/doubles.ts'
import { aWhile } from '../support/time.ts'

checklist<OfStep>('metrics()', {
  operator: metrics(),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-2-3-4-|',
  reads: true,
})

describe('rowStatistics', () => {
  const anyRow = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 6, maxLength: 6 })

  it('bounds the mean by the range, and splits the mean square into mean² and variance', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 4 }), (rows) => {
        const found = rowStatistics({ shape: [rows.length, 2, 3], data: Float64Array.from(rows.flat()) })
        expect(found).toHaveLength(rows.length)
        found.forEach(({ norm, min, max, mean, variance }, row) => {
          expect([min, max]).toEqual([Math.min(...rows[row]!), Math.max(...rows[row]!)])
          expect(mean).toBeGreaterThanOrEqual(min - 1e-9)
          expect(mean).toBeLessThanOrEqual(max + 1e-9)
          expect(Math.abs(norm ** 2 / 6 - (mean ** 2 + variance))).toBeLessThan(1e-8 * (1 + norm ** 2))
        })
      }),
    )
  })

  it('hides no NaN', () => {
    const [bad, good] = rowStatistics({ shape: [2, 2], data: Float64Array.of(1, NaN, 1, 1) })
    expect(bad).toEqual({ norm: NaN, min: NaN, max: NaN, mean: NaN, variance: NaN })
    expect(good).toEqual({ norm: Math.SQRT2, min: 1, max: 1, mean: 1, variance: 0 })
  })
})

describe('metrics', () => {
  const frames$ = respace(schedule, trailing(5)).pipe(
    denoise({
      model: {
        algebra: float64,
        predicts: 'epsilon',
        schedule,
        shape: [4],
        predict: (x) => of({ output: float64.clamp([[0.7, x]], -1, 1) }),
      },
      rule: ddpm(),
      noise: philox({ seed: 7 }),
      batch: 3,
    }),
  )

  it('measures each sample of what it is asked for, as a snapshot has it', async () => {
    const copies = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true, eps: true }), toArray()))
    const all = await lastValueFrom(frames$.pipe(metrics(), toArray()))
    expect(all.map(({ xt, x0, eps }) => ({ xt, x0, eps }))).toEqual(
      copies.map(({ xt, x0, eps }) => ({
        xt: rowStatistics(xt),
        x0: rowStatistics(x0),
        eps: rowStatistics(eps),
      })),
    )
    const some = await lastValueFrom(frames$.pipe(metrics({ x0: true, xt: false })))
    expect(Object.keys(some).sort()).toEqual(['logSnr', 'transition', 'waitUntil', 'x0'])
    expect(some.x0).toEqual(all[4]?.x0)
  })

  it('says where the step led', async () => {
    const all = await lastValueFrom(frames$.pipe(metrics({}), toArray()))
    const levels = stepsOf(5).map(({ to }) => to.alphaBar)
    expect(all.map(({ logSnr }) => 1 / (1 + Math.exp(-logSnr)))).toEqual(
      levels.map((alphaBar) => expect.closeTo(alphaBar, 12) as number),
    )
    expect(all[4]?.logSnr).toBe(Infinity)
  })

  it('holds the run for whoever works on the numbers', async () => {
    const model = modelThat(() => [{ output: 0.5 }])
    const subscription = respace(schedule, trailing(5))
      .pipe(
        denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }), inFlight: 1 }),
        metrics({ xt: true }),
        tap(({ waitUntil }) => waitUntil(new Promise(() => undefined))),
      )
      .subscribe()
    await aWhile()
    expect(model.calls).toHaveLength(1)
    subscription.unsubscribe()
  })
})
