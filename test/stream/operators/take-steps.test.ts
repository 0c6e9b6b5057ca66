import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { takeSteps } from '../../../src/stream/operators/take-steps.ts'
import { respace } from '../../../src/stream/respace.ts'
import { checklist } from '../support/checklist.ts'
import { modelThat, schedule } from '../support/doubles.ts'
import { aWhile } from '../support/time.ts'

checklist<OfStep>('takeSteps(3)', {
  operator: takeSteps(3),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-(2|)',
  subscription: '^----!',
})

describe('takeSteps', () => {
  const model = modelThat(() => [{ output: 0.5 }])
  const taken = (n: number, start = 0): Promise<number[]> =>
    lastValueFrom(
      respace(schedule, trailing(5), { start }).pipe(
        denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
        takeSteps(n),
        map(({ transition }) => transition.index),
        toArray(),
      ),
    )

  it('asks the network as often as it takes steps', async () => {
    const before = model.calls.length
    expect(await taken(2)).toEqual([0, 1])
    await aWhile()
    expect(model.calls.length - before).toBe(2)
  })

  it('takes a shorter chain whole, and counts on from where one begins', async () => {
    expect(await taken(9)).toEqual([0, 1, 2, 3, 4])
    expect(await taken(2, 2)).toEqual([2, 3])
  })

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %s', (n) => {
    expect(() => takeSteps(n)).toThrow(
      `The operator takeSteps is not possible: n is ${String(n)}, and has to be a whole number from 1.`,
    )
  })
})
