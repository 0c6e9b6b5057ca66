import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddpm } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { onlyX0 } from '../../../src/stream/operators/only-x0.ts'
import { respace } from '../../../src/stream/respace.ts'
import { checklist } from '../support/checklist.ts'
import { modelThat, schedule } from '../support/doubles.ts'

checklist<OfStep>('onlyX0()', {
  operator: onlyX0(),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-2-3-4-|',
  reads: true,
})

describe('onlyX0', () => {
  it('copies x̂₀ and nothing else', async () => {
    const frames$ = respace(schedule, trailing(5)).pipe(
      denoise({ model: modelThat(({ x }) => [{ output: x / 2 }]), rule: ddpm(), noise: philox({ seed: 7 }) }),
    )
    const truth = await lastValueFrom(
      frames$.pipe(
        map(({ x0 }) => x0),
        toArray(),
      ),
    )
    const copies = await lastValueFrom(frames$.pipe(onlyX0(), toArray()))
    expect(copies.map(({ x0 }) => x0.data[0])).toEqual(truth)
    expect(copies.map((copy) => Object.keys(copy).sort())).toEqual(
      Array(5).fill(['transition', 'waitUntil', 'x0']),
    )
  })
})
