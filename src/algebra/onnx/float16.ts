/** Numbers in half precision. */

/** Half to even, as float64 itself rounds where nothing behind the point is left. */
const roundToEven = (x: number): number => x + 2 ** 52 - 2 ** 52

const bitsOf = (value: number): number => {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  // half a step above the largest, 65504
  if (size >= 65520) return sign | 0x7c00
  // a subnormal is so many times 2⁻²⁴; the 1024th is the first normal number
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24)
  const exponent = Math.min(Math.floor(Math.log2(size)), 15)
  // rounding up to the next power of two carries into the exponent, where it belongs
  return sign | (((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent)))
}

/**
 * Rounds to IEEE 754's binary16, half to even; what is too large becomes infinite.
 *
 * @returns the bits of each
 *
 * @example
 * ```ts
 * expect([...toFloat16(Float32Array.of(1, -2, 2 ** -24, 1e9))]).toEqual([0x3c00, 0xc000, 0x0001, 0x7c00])
 * ```
 */
export const toFloat16 = (values: Float32Array): Uint16Array<ArrayBuffer> => Uint16Array.from(values, bitsOf)
