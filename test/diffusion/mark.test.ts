import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasReached, type Mark } from '../../src/diffusion/mark.ts'
import { anyChain } from '../laws/arbitrary.ts'

describe('hasReached', () => {
  it('says the same of a level’s t, ᾱ and log-SNR, in both directions', () => {
    fc.assert(
      fc.property(anyChain, fc.nat(), (chain, seed) => {
        const { to: target } = chain[seed % chain.length]!
        const { t, alphaBar } = target
        const marks: readonly Mark[] = [{ t }, { alphaBar }, { logSnr: Math.log(alphaBar / (1 - alphaBar)) }]
        for (const transition of chain) {
          const back = { ...transition, from: transition.to, to: transition.from }
          for (const mark of marks) {
            // some schedules have neighbours that differ by less than rounding
            const same = Math.abs(transition.to.alphaBar - alphaBar) <= 1e-11 * alphaBar
            if (same && transition.to !== target) continue
            expect(hasReached(mark, transition, transition.to)).toBe(transition.to.t <= t)
            expect(hasReached(mark, back, transition.to)).toBe(transition.to.t >= t)
          }
        }
      }),
    )
  })

  it('knows the ends of all schedules', () => {
    const step = { index: 0, count: 1, from: { t: 999, alphaBar: 0 }, to: { t: -1, alphaBar: 1 }, at: 999 }
    expect(hasReached({ logSnr: Infinity }, step, step.to)).toBe(true)
    expect(hasReached({ logSnr: Infinity }, step, step.from)).toBe(false)
    expect(hasReached({ logSnr: -Infinity }, step, step.from)).toBe(true)
    expect(hasReached({ alphaBar: 0 }, step, step.from)).toBe(true)
    expect(hasReached({ alphaBar: 1 }, step, step.from)).toBe(false)
  })
})
