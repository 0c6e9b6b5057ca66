import { describe, expect, it } from 'vitest'
import { fromBfloat16, fromFloat16 } from '../../src/checkpoint/half.ts'

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits)

/** A binary format's value by its definition: sign, biased exponent, fraction. */
const byDefinition = (bits: number, exponentBits: number): number => {
  const fractionBits = 15 - exponentBits
  const bias = 2 ** (exponentBits - 1) - 1
  const sign = bits >= 0x8000 ? -1 : 1
  const exponent = Math.floor(bits / 2 ** fractionBits) % 2 ** exponentBits
  const fraction = (bits % 2 ** fractionBits) / 2 ** fractionBits
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
}

const differing = (found: Float32Array, exponentBits: number): readonly number[] =>
  [...all].filter((bits) => !Object.is(found[bits], byDefinition(bits, exponentBits)))

describe('fromFloat16', () => {
  it('gives all 65,536 values exactly', () => {
    expect(differing(fromFloat16(all), 5)).toEqual([])
  })

  it.each([
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x03ff, 1023 * 2 ** -24],
    [0x8000, -0],
    [0xfc00, -Infinity],
  ])('knows the examples of IEEE 754: %d is %d', (bits, value) => {
    expect(fromFloat16(Uint16Array.of(bits))[0]).toBe(value)
  })
})

describe('fromBfloat16', () => {
  it('gives all 65,536 values exactly', () => {
    expect(differing(fromBfloat16(all), 8)).toEqual([])
  })
})
