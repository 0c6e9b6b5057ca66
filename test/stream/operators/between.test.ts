import { from, lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { trailing } from '../../../src/diffusion/spacing.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { ascend } from '../../../src/stream/ascend.ts'
import { between } from '../../../src/stream/operators/between.ts'
import { checklist, looseFrames } from '../support/checklist.ts'
import { schedule } from '../support/doubles.ts'

// x_t lies at 799, 599, 399, 199 and −1
checklist<OfStep>('between(600, 199)', {
  operator: between(600, 199),
  letter: ({ transition }) => String(transition.index),
  marbles: '---1-2-3---|',
  failing: '---#',
})

describe('between', () => {
  const left = (t1: number, t2: number): Promise<string[]> =>
    lastValueFrom(
      from(Object.values(looseFrames())).pipe(
        between(t1, t2),
        map(({ transition }) => String(transition.index)),
        toArray(),
      ),
    )

  it('includes both ends, the clean level by its t, and does not ask which is the larger', async () => {
    expect(await left(599, 399)).toEqual(['1', '2'])
    expect(await left(399, 599)).toEqual(['1', '2'])
    expect(await left(199, -1)).toEqual(['3', '4'])
    expect(await left(Infinity, -Infinity)).toEqual(['0', '1', '2', '3', '4'])
    expect(await left(500, 500)).toEqual([])
  })

  it('looks at where an inversion leads as well', async () => {
    const times = await lastValueFrom(
      ascend(schedule, trailing(5), { evaluateAt: 'source' }).pipe(
        map((transition) => ({ transition })),
        between(200, 600),
        map(({ transition }) => transition.to.t),
        toArray(),
      ),
    )
    expect(times).toEqual([399, 599])
  })

  it.each([
    [NaN, 1],
    [1, NaN],
  ])('refuses %s and %s', (t1, t2) => {
    expect(() => between(t1, t2)).toThrow(
      `The operator between is not possible: its times are ${t1} and ${t2}, and have to be numbers.`,
    )
  })
})
