import { describe, expect, it } from 'vitest'
import { toChannelsFirst, toChannelsLast } from '../../src/algebra/layout.ts'

const shape = [2, 3, 4, 5] as const
const data = Float32Array.from({ length: 120 }, (_, i) => i)

describe('toChannelsFirst', () => {
  it('puts every number where NCHW has it', () => {
    const moved = toChannelsFirst({ shape, data })
    expect(moved.shape).toEqual([2, 5, 3, 4])
    for (let n = 0; n < 2; n += 1)
      for (let y = 0; y < 3; y += 1)
        for (let x = 0; x < 4; x += 1)
          for (let c = 0; c < 5; c += 1)
            expect(moved.data[((n * 5 + c) * 3 + y) * 4 + x]).toBe(data[((n * 3 + y) * 4 + x) * 5 + c])
  })

  it('copies, also where nothing moves, and keeps the precision', () => {
    const one = { shape: [1, 2, 2, 1], data: Float64Array.of(0.1, 0.2, 0.3, 0.4) }
    const moved = toChannelsFirst(one)
    expect(moved.data).toEqual(one.data)
    expect(moved.data).not.toBe(one.data)
  })

  it('refuses what has not four axes', () => {
    expect(() => toChannelsFirst({ shape: [120], data })).toThrow('Images have four axes; this is [120].')
  })
})

describe('toChannelsLast', () => {
  it('undoes toChannelsFirst', () => {
    expect(toChannelsLast(toChannelsFirst({ shape, data }))).toEqual({ shape, data })
  })
})
