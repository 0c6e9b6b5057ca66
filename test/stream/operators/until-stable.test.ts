import { lastValueFrom, map, of, tap, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { gaussianMixture } from '../../../src/model/gaussian-mixture.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { untilStable } from '../../../src/stream/operators/until-stable.ts'
import { respace } from '../../../src/stream/respace.ts'
import { settled } from '../../../src/stream/settled.ts'
import { countingAlgebra } from '../../support/counting-algebra.ts'
import { checklist, looseFrames } from '../support/checklist.ts'
import { modelThat, schedule } from '../support/doubles.ts'
import { aWhile, virtually } from '../support/time.ts'

const noise = philox({ seed: 7 })
const letter = ({ transition }: OfStep): string => String(transition.index)

checklist<OfStep>('untilStable(0.25)', {
  operator: untilStable(0.25),
  letter,
  values: (index) => ({ x0: [4, 2, 1.5, 1.25, 1.25][index]! }),
  marbles: '-0-1-2-(3|)',
  subscription: '^------!',
  reads: true,
})

checklist<OfStep>('untilStable(of what never settles)', {
  operator: untilStable(0.25),
  letter,
  values: (index) => ({ x0: index }),
  marbles: '-0-1-2-3-4-|',
})

describe('untilStable', () => {
  it('asks whether x̂₀ has changed by more than the tolerance, and nothing else', () => {
    const upTo = (tolerance: number, x0: readonly number[]): string => {
      const seen: string[] = []
      of(...Object.values(looseFrames((k) => ({ x0: x0[k]!, xt: k, eps: k }))))
        .pipe(untilStable(tolerance), map(letter))
        .subscribe((one) => seen.push(one))
      return seen.join('')
    }
    expect(upTo(0.5, [1, 1.5, 9, 9, 9])).toBe('01')
    expect(upTo(0.5, [1, 0.5, 9, 9, 9])).toBe('01')
    expect(upTo(0.49, [1, 1.5, 9, 9, 9])).toBe('0123')
    expect(upTo(0, [1, 2, 3, 3, 3])).toBe('0123')
    expect(upTo(Infinity, [1, 2, 3, 4, 5])).toBe('01')
    expect(upTo(1, [NaN, NaN, 1, NaN, 1])).toBe('01234')
  })

  it('waits for the sample that changes most, by the root of its mean square', async () => {
    // x̂₀ of the first sample stays, that of the second moves by 3 and 4 hundredths: √((9 + 16)/2)/100 = 0.035…
    const run = async (tolerance: number): Promise<readonly number[]> => {
      const { algebra } = countingAlgebra()
      let calls = 0
      const frames$ = respace(schedule, trailing(5)).pipe(
        denoise({
          model: {
            algebra,
            predicts: 'sample',
            schedule,
            shape: [2],
            predict: () => {
              const k = calls++
              return of({
                output: algebra.fromValues({
                  shape: [2, 2],
                  data: Float64Array.of(7, 7, 0.03 * k, 0.04 * k),
                }),
              })
            },
          },
          rule: ddim(),
          noise,
          batch: 2,
        }),
        untilStable(tolerance),
        map(({ transition }) => transition.index),
        toArray(),
      )
      return lastValueFrom(frames$)
    }
    expect(await run(0.0354)).toEqual([0, 1])
    expect(await run(0.0353)).toEqual([0, 1, 2, 3, 4])
  })

  it('passes frames on that are still lent, and lets them be held, however their numbers are read', async () => {
    for (const reading of ['at once', 'later'] as const) {
      const books = countingAlgebra(reading)
      const { algebra } = books
      const frames$ = respace(schedule, trailing(5)).pipe(
        denoise({
          model: {
            algebra,
            predicts: 'epsilon',
            schedule,
            shape: [3],
            range: 1,
            predict: (x) => of({ output: algebra.combine([[0.5, x]]) }),
          },
          rule: ddim(),
          noise,
          inFlight: 1,
        }),
      )
      let held = 0
      const read: number[] = []
      await lastValueFrom(
        frames$.pipe(
          untilStable(0),
          tap((frame) => {
            expect(held).toBe(0)
            held += 1
            frame.waitUntil(
              aWhile().then(() => {
                held -= 1
                read.push(frame.xt.values.data.length, frame.eps.values.data.length)
              }),
            )
          }),
        ),
      )
      expect(read).toEqual(Array(10).fill(3))
      await settled(frames$)
      expect([books.alive(), books.faults]).toEqual([0, []])
    }
  })

  it('asks the network no more when it is over, in virtual time', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, scheduler }) => {
      const call = cold('  -(p|)')
      const calls = ['     ^!', '-^!', '--^!']
      const expected = '   -01(2|)    '
      const model = modelThat(({ number }) => call.pipe(map(() => ({ output: [1, 3, 3, 5][number]! }))))
      const frames$ = respace(schedule, trailing(9)).pipe(
        denoise({ model: { ...model, predicts: 'sample' }, rule: ddim(), noise, scheduler }),
        untilStable(0.1),
        map(letter),
      )
      expectObservable(frames$).toBe(expected)
      expectSubscriptions(call.subscriptions).toBe(calls)
    })
  })

  it('ends a run early with an image that is there', async () => {
    const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
    const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise }))
    const whole = await lastValueFrom(frames$.pipe(map(({ x0 }) => x0)))
    const early = await lastValueFrom(
      frames$.pipe(
        untilStable(0.001),
        map(({ x0, transition }) => [x0, transition.index] as const),
      ),
    )
    expect(early[1]).toBeLessThan(49)
    expect(Math.abs(early[0] - whole)).toBeLessThan(0.1)
  })

  it.each([NaN, -1])('refuses %s', (tolerance) => {
    expect(() => untilStable(tolerance)).toThrow(
      `The operator untilStable is not possible: its tolerance is ${tolerance}, and has to be a number from 0.`,
    )
  })
})
