import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanLevel } from '../../src/diffusion/level.ts'
import { presets } from '../../src/diffusion/preset.ts'
import {
  continuousLinear,
  jsdSchedule,
  levelAt,
  linearSchedule,
  sigmaOfLevel,
} from '../../src/diffusion/schedule.ts'
import {
  explicit,
  exponential,
  karras,
  leading,
  linspace,
  respacing,
  strength,
  trailing,
} from '../../src/diffusion/spacing.ts'
import {
  inversionTransitions,
  isLast,
  type Transition,
  transitions,
  transitionsThrough,
} from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'
import { anyChain, anySchedule, right, spacingWithin } from '../laws/arbitrary.ts'

const schedule = linearSchedule()
const steps = (count: number, options = {}): readonly Transition[] =>
  right(transitions(schedule, trailing(count), options))

const contiguous = (chain: readonly Transition[]): void => {
  chain.forEach((step, k) => {
    if (k > 0) expect(step.from).toBe(chain[k - 1]!.to)
    expect([step.index, step.count]).toEqual([k, chain.length])
  })
}

describe('a chain', () => {
  it('goes from level to level, and ends at the clean one', () => {
    fc.assert(
      fc.property(anyChain, (chain) => {
        contiguous(chain)
        expect(chain.at(-1)!.to).toBe(cleanLevel)
        for (const step of chain) {
          expect(step.at).toBe(step.from.t)
          expect(step.to.alphaBar).toBeGreaterThan(step.from.alphaBar)
        }
        expect(chain.filter(isLast)).toEqual([chain.at(-1)])
      }),
    )
  })

  it('ends at the first timestep’s level instead, as where set_alpha_to_one is false', () => {
    const options = { finalLevel: 'first' } as const
    expect(steps(10, options).at(-1)!.to).toEqual(levelAt(schedule, 0))
    expect(steps(10, options).slice(0, 9)).toEqual(steps(10).slice(0, 9))
  })

  it('may be a single step', () => {
    expect(steps(1)).toEqual([{ index: 0, count: 1, from: levelAt(schedule, 999), to: cleanLevel, at: 999 }])
  })

  it('sees real times where levels lie between timesteps', () => {
    const chain = right(transitions(schedule, karras(5)))
    contiguous(chain)
    expect(chain[0]!.at).toBe(999)
    expect(chain[4]!.at).toBe(0)
    for (const { at } of chain.slice(1, 4)) expect(Number.isInteger(at)).toBe(false)
  })

  it('starts at ᾱ = 0 where the schedule ends there', () => {
    const [first] = right(transitions(jsdSchedule(), trailing(10)))
    expect(first).toMatchObject({
      from: { t: 999, alphaBar: 0 },
      to: { t: 899, alphaBar: expect.closeTo(0.1, 13) as number },
    })
  })

  it('is uniform in the log-SNR on the continuous schedule, from τ = 1 to 1/T', () => {
    const continuous = continuousLinear()
    const chain = transitionsThrough(right(exponential(21).levels(continuous)))
    expect(chain).toHaveLength(20)
    contiguous(chain)
    expect([chain[0]!.from, chain[19]!.to]).toEqual([continuous.level(1), levelAt(continuous, 0)])
    const stride = Math.log(sigmaOfLevel(continuous.level(1)) / sigmaOfLevel(continuous.level(1e-3))) / 20
    for (const { from, to } of chain) {
      expect(Math.log(sigmaOfLevel(from) / sigmaOfLevel(to))).toBeCloseTo(stride, 11)
      expect(levelAt(continuous, from.t).alphaBar / from.alphaBar).toBeCloseTo(1, 12)
    }
  })
})

describe('the start and the end of a chain', () => {
  it('leave steps out and keep the count', () => {
    expect(steps(10, { start: 4 })).toEqual(steps(10).slice(4))
    expect(steps(10, { start: 2, end: 5 })).toEqual(steps(10).slice(2, 5))
    expect(steps(10, { end: 5 }).some(isLast)).toBe(false)
    expect([...steps(10, { end: 5 }), ...steps(10, { start: 5 })]).toEqual(steps(10))
  })

  it('are another thing than strength, whose steps are a chain of their own', () => {
    const own = right(transitions(schedule, strength(trailing(10), 0.6)))
    contiguous(own)
    expect(own.map(({ from, to, at }) => ({ from, to, at }))).toEqual(
      steps(10, { start: 4 }).map(({ from, to, at }) => ({ from, to, at })),
    )
  })

  it.each([
    { start: -1 },
    { start: 10 },
    { start: 0.5 },
    { start: NaN },
    { end: 0 },
    { end: 11 },
    { end: 2.5 },
    { end: Infinity },
    { start: 5, end: 5 },
    { start: 5, end: 4 },
  ])('are refused: %j', (options) => {
    expect(transitions(schedule, trailing(10), options)).toMatchObject(
      E.left({
        _tag: 'SpacingInvalid',
        reason: expect.stringMatching(/^steps .* and there are 0 to 10$/) as string,
      }),
    )
  })
})

describe('an inversion', () => {
  it('is the chain backwards, from where that ends', () => {
    const placed = anySchedule.chain((each) =>
      spacingWithin(each.trainedSteps).map((spacing) => [each, spacing] as const),
    )
    fc.assert(
      fc.property(
        placed,
        fc.constantFrom('clean' as const, 'first' as const),
        ([each, spacing], finalLevel) => {
          const down = transitions(each, spacing, { finalLevel })
          for (const evaluateAt of ['source', 'destination'] as const) {
            const up = inversionTransitions(each, spacing, { evaluateAt, finalLevel })
            if (E.isLeft(down)) {
              expect(up).toEqual(down)
              continue
            }
            contiguous(right(up))
            expect(
              right(up)
                .map(({ from, to }) => ({ from: to, to: from }))
                .toReversed(),
            ).toEqual(down.right.map(({ from, to }) => ({ from, to })))
            for (const { from, to, at } of right(up))
              expect(at).toBe(evaluateAt === 'source' ? Math.max(0, from.t) : to.t)
          }
        },
      ),
    )
  })

  it('asks at the source as the authors do, never below 0, or at the destination as diffusers does', () => {
    const atOf = (evaluateAt: 'source' | 'destination'): readonly number[] =>
      right(inversionTransitions(schedule, leading(5), { evaluateAt })).map((step) => step.at)
    expect(atOf('source')).toEqual([0, 0, 200, 400, 600])
    expect(atOf('destination')).toEqual([0, 200, 400, 600, 800])
  })

  it('is refused with its spacing', () => {
    expect(inversionTransitions(schedule, explicit([1000]), { evaluateAt: 'source' })).toMatchObject(
      E.left({ _tag: 'SpacingInvalid' }),
    )
  })
})

describe('the presets’ spacings', () => {
  it('are the peers’', () => {
    const timesOf = (name: keyof typeof presets, count: number): readonly number[] =>
      right(presets[name].spacing(count).levels(schedule)).map((level) => level.t)
    expect(timesOf('ermon', 4)).toEqual([750, 500, 250, 0])
    expect(timesOf('diffusers', 4)).toEqual([750, 500, 250, 0])
    expect(timesOf('openai', 4)).toEqual([999, 666, 333, 0])
    // strides are added up there, not multiplied
    expect(timesOf('openai', 23)).toEqual(right(respacing('23').timesteps(1000)))
    expect(timesOf('openai', 23)).not.toEqual(right(linspace(23).timesteps(1000)))
  })
})
