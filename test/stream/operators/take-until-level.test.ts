import { lastValueFrom, map, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { ddim } from '../../../src/diffusion/rule.ts'
import type { Mark } from '../../../src/diffusion/mark.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import { philox } from '../../../src/noise/philox.ts'
import { ascend } from '../../../src/stream/ascend.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { OfStep } from '../../../src/stream/operators/of-step.ts'
import { takeUntilLevel } from '../../../src/stream/operators/take-until-level.ts'
import { respace } from '../../../src/stream/respace.ts'
import { checklist } from '../support/checklist.ts'
import { modelThat, schedule, stepsOf } from '../support/doubles.ts'
import { aWhile } from '../support/time.ts'

// x_t lies at 799, 599, 399, 199 and −1
checklist<OfStep>('takeUntilLevel({ t: 500 })', {
  operator: takeUntilLevel({ t: 500 }),
  letter: ({ transition }) => String(transition.index),
  marbles: '-0-1-(2|)',
  subscription: '^----!',
})

describe('takeUntilLevel', () => {
  const model = modelThat(() => [{ output: 0.5 }])
  const timesTo = (level: Mark): Promise<number[]> =>
    lastValueFrom(
      respace(schedule, trailing(5)).pipe(
        denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
        takeUntilLevel(level),
        map(({ transition }) => transition.to.t),
        toArray(),
      ),
    )

  it('ends with the frame that reaches the level, exactly or beyond, and asks the network no more', async () => {
    expect(await timesTo({ t: 599 })).toEqual([799, 599])
    expect(await timesTo({ t: 598 })).toEqual([799, 599, 399])
    expect(await timesTo({ t: 1000 })).toEqual([799])
    expect(await timesTo({ t: -1 })).toEqual([799, 599, 399, 199, -1])
    const before = model.calls.length
    await timesTo({ t: 599 })
    await aWhile()
    expect(model.calls.length - before).toBe(2)
  })

  it('knows a level by its ᾱ or its log-SNR, however these were computed', async () => {
    for (const { to } of stepsOf(5)) {
      const reached = (await timesTo({ t: to.t })).length
      expect(await timesTo({ alphaBar: to.alphaBar })).toHaveLength(reached)
      expect(await timesTo({ logSnr: Math.log(to.alphaBar / (1 - to.alphaBar)) })).toHaveLength(reached)
      expect(await timesTo({ logSnr: Math.log(to.alphaBar) - Math.log1p(-to.alphaBar) })).toHaveLength(
        reached,
      )
    }
    expect(await timesTo({ alphaBar: stepsOf(5)[1]!.to.alphaBar + 1e-9 })).toEqual([799, 599, 399])
    expect(await timesTo({ logSnr: -Infinity })).toEqual([799])
  })

  it('takes a chain whole that does not get there', async () => {
    const short$ = respace(schedule, trailing(5), { end: 3 }).pipe(
      denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
      takeUntilLevel({ t: 300 }),
      toArray(),
    )
    expect(await lastValueFrom(short$)).toHaveLength(3)
  })

  it('goes the way of an inversion', async () => {
    const ascending = (level: Mark): Promise<number[]> =>
      lastValueFrom(
        ascend(schedule, trailing(5), { evaluateAt: 'source' }).pipe(
          map((transition) => ({ transition })),
          takeUntilLevel(level),
          map(({ transition }) => transition.to.t),
          toArray(),
        ),
      )
    expect(await ascending({ t: 500 })).toEqual([199, 399, 599])
    expect(await ascending({ alphaBar: stepsOf(5)[2]!.to.alphaBar })).toEqual([199, 399])
  })

  it.each<readonly [Mark, string]>([
    [{ t: NaN }, 't is NaN, and has to be a number from −1'],
    [{ t: Infinity }, 't is Infinity, and has to be a number from −1'],
    [{ t: -7 }, 't is -7, and has to be a number from −1'],
    [undefined as unknown as Mark, 'a level is said by one of t, alphaBar and logSnr'],
    [{ alphaBar: '0.5' } as unknown as Mark, 'alphaBar is "0.5", and has to lie between 0 and 1'],
    [{ alphaBar: 1.1 }, 'alphaBar is 1.1, and has to lie between 0 and 1'],
    [{ alphaBar: NaN }, 'alphaBar is NaN, and has to lie between 0 and 1'],
    [{ t: 500, alphaBar: 0.5 }, 'a level is said by one of t, alphaBar and logSnr'],
    [{} as { t: number }, 'a level is said by one of t, alphaBar and logSnr'],
    [{ logSnr: NaN }, 'logSnr is NaN, and has to be a number'],
  ])('refuses %j', (level, reason) => {
    expect(() => takeUntilLevel(level)).toThrow(`The operator takeUntilLevel is not possible: ${reason}.`)
  })
})
