import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toFloat16 } from '../../src/algebra/onnx/float16.ts'
import { fromFloat16 } from '../../src/checkpoint/half.ts'

/** The bits of everything but what is not a number. */
const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits).filter(
  (bits) => (bits & 0x7fff) <= 0x7c00,
)

describe('toFloat16', () => {
  it('keeps every number of half precision', () => {
    expect(toFloat16(fromFloat16(all))).toEqual(all)
  })

  it('rounds half to even between any two neighbours, and towards the nearer elsewhere', () => {
    const positive = all.filter((bits) => bits < 0x7bff)
    const values = fromFloat16(positive)
    const above = fromFloat16(positive.map((bits) => bits + 1))
    const between = (share: number): Float32Array =>
      values.map((value, i) => value + share * (above[i]! - value))
    expect(toFloat16(between(0.5))).toEqual(positive.map((bits) => bits + (bits & 1)))
    expect(toFloat16(between(0.25))).toEqual(positive)
    expect(toFloat16(between(0.75))).toEqual(positive.map((bits) => bits + 1))
  })

  it('is off by half a step of 2⁻¹⁰ at most, whatever the number', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const [back = NaN] = fromFloat16(toFloat16(Float32Array.of(value)))
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25))
      }),
    )
  })

  it('makes what is too large infinite, and of no number none', () => {
    const bits = toFloat16(Float32Array.of(65519.99, 65520, -1e30, Infinity, NaN))
    expect([...bits.subarray(0, 4)]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00])
    expect(fromFloat16(bits)[4]).toBeNaN()
  })
})
