import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fairQueue, type Wanted } from '../../src/model/fair-queue.ts'

interface Asked extends Wanted {
  readonly who: number
}

describe('fairQueue', () => {
  it('serves members who always want something in proportion to their weights, within one want of each', () => {
    const member = fc.record({
      weight: fc.integer({ min: -3, max: 6 }).map((power) => 2 ** power),
      rows: fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 }),
    })
    const members = fc.array(member, { minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 300 }), (sharing, turns) => {
        const queue = fairQueue<Asked>()
        const served = sharing.map(() => 0)
        const asked = sharing.map(() => 0)
        const wants = sharing.map(({ weight }) => queue.join(weight))
        const ask = (who: number): void => {
          const { rows } = sharing[who]!
          // a kind each, so that nobody is served beside another
          wants[who]!({ who, rows: rows[asked[who]! % rows.length]!, kind: String(who) })
          asked[who]! += 1
        }
        sharing.forEach((_, who) => {
          ask(who)
        })
        for (let turn = 0; turn < turns; turn++)
          for (const { who, rows } of queue.take(64)) {
            served[who]! += rows
            ask(who)
          }
        const largest = sharing.map(({ weight, rows }) => Math.max(...rows) / weight)
        const clocks = sharing.map(({ weight }, who) => served[who]! / weight)
        for (const [a, clock] of clocks.entries())
          for (const [b, other] of clocks.entries())
            expect(Math.abs(clock - other)).toBeLessThanOrEqual(largest[a]! + largest[b]!)
      }),
    )
  })

  it('fills the room that is left with what fits, of one kind', () => {
    const queue = fairQueue<Asked>()
    const wanted = [
      { who: 0, rows: 3, kind: 'a' },
      { who: 1, rows: 1, kind: 'b' },
      { who: 2, rows: 2, kind: 'a' },
      { who: 3, rows: 1, kind: 'a' },
    ]
    for (const each of wanted) queue.join(1)(each)
    const calls = [1, 2, 3].map(() => queue.take(4).map(({ who }) => who))
    expect(calls).toEqual([[1], [3, 2], [0]])
    expect(queue.size()).toBe(0)
  })

  it('lets nobody save up turns, and nobody who comes late be served first for as long as others were', () => {
    const queue = fairQueue<Asked>()
    const [busy, late] = [queue.join(1), queue.join(1)]
    const served = Array.from({ length: 20 }, (_, turn) => {
      busy({ who: 0, rows: 1, kind: 'a' })
      if (turn >= 10) late({ who: 1, rows: 1, kind: 'b' })
      return queue.take(1)[0]!.who
    })
    expect(served.slice(10).filter((who) => who === 1)).toHaveLength(5)
  })

  it('expects again whoever it has served, until told not to', () => {
    const queue = fairQueue<Asked>()
    const [urgent, patient] = [queue.join(8), queue.join(1)]
    urgent({ who: 0, rows: 1, kind: 'a' })
    queue.served(queue.take(1))
    expect(queue.isExpecting()).toBe(false) // nobody waits for it
    const takeBack = patient({ who: 1, rows: 1, kind: 'a' })
    expect(queue.isExpecting()).toBe(true)
    queue.expectNobody()
    expect(queue.isExpecting()).toBe(false)
    takeBack()
    expect([queue.size(), queue.take(9)]).toEqual([0, []])
  })
})
