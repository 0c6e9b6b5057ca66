import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import { fork } from '../../../src/stream/fork.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { takeSteps } from '../../../src/stream/operators/take-steps.ts'
import { takeUntilLevel } from '../../../src/stream/operators/take-until-level.ts'
import { tapFrame } from '../../../src/stream/operators/tap-frame.ts'
import { respace } from '../../../src/stream/respace.ts'
import { resume } from '../../../src/stream/resume.ts'
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

  it('completes when the last hold has ended, on either side of it', async () => {
    let ended = 0
    const work = tapFrame(async () => {
      await aWhile()
      ended += 1
    })
    const run$ = respace(schedule, trailing(5)).pipe(
      denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
    )
    await lastValueFrom(run$.pipe(takeSteps(2), work))
    expect(ended).toBe(2)
    await lastValueFrom(run$.pipe(work, takeSteps(2)))
    expect(ended).toBe(4)
    await lastValueFrom(run$.pipe(work, takeUntilLevel({ t: 599 })))
    expect(ended).toBe(6)
  })

  it('fails with what a sink fails with, even at the last frame', async () => {
    const broken = tapFrame<Frame<number>>(async ({ transition: { index } }) => {
      await aWhile()
      if (index === 1) throw new Error('disk full')
    })
    const run$ = respace(schedule, trailing(5)).pipe(
      denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
    )
    await expect(lastValueFrom(run$.pipe(takeSteps(2), broken))).rejects.toThrow('disk full')
    await expect(lastValueFrom(run$.pipe(broken, takeSteps(2)))).rejects.toThrow('disk full')
    const forked$ = run$.pipe(broken, takeSteps(2), fork({ a: resume(), b: resume() }))
    await expect(lastValueFrom(forked$)).rejects.toThrow('disk full')
  })

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %s', (n) => {
    expect(() => takeSteps(n)).toThrow(
      `The operator takeSteps is not possible: n is ${String(n)}, and has to be a whole number from 1.`,
    )
  })
})
