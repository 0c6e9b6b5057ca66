import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { ddim } from '../../../src/diffusion/rule.ts'
import { gaussianMixture } from '../../../src/model/gaussian-mixture.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { everyNth } from '../../../src/stream/operators/every-nth.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { respace } from '../../../src/stream/respace.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import { checklist } from '../support/checklist.ts'

checklist<OfStep>('everyNth(2)', {
  operator: everyNth(2),
  letter: ({ transition }) => String(transition.index),
  marbles: '---1---3-4-|',
  failing: '---#',
})

describe('everyNth', () => {
  const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
  const left = (k: number, options?: Parameters<typeof respace>[2]): Promise<number[]> =>
    lastValueFrom(
      respace(model.schedule, trailing(7), options).pipe(
        denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
        everyNth(k),
        map(({ transition }) => transition.index + 1),
        toArray(),
      ),
    )

  it('leaves the k-th steps and the last, all for 1, the last alone for many', async () => {
    expect(await left(1)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(await left(3)).toEqual([3, 6, 7])
    expect(await left(7)).toEqual([7])
    expect(await left(100)).toEqual([7])
  })

  it('counts in the chain, wherever a run begins or ends', async () => {
    expect(await left(3, { start: 4 })).toEqual([6, 7])
    expect(await left(3, { start: 1, end: 5 })).toEqual([3])
  })

  it('chooses among snapshots as among frames', async () => {
    const copies = await lastValueFrom(
      respace(model.schedule, trailing(7)).pipe(
        denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
        snapshot(),
        everyNth(3),
        map(({ xt }) => xt.data.length),
        toArray(),
      ),
    )
    expect(copies).toEqual([1, 1, 1])
  })

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %s', (k) => {
    expect(() => everyNth(k)).toThrow(
      `The operator everyNth is not possible: k is ${String(k)}, and has to be a whole number from 1.`,
    )
  })
})
