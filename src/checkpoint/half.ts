/**
 * The two 16-bit floating-point formats of checkpoints, widened to float32: exactly, NaN payloads and signed zeros included.
 */

/**
 * IEEE 754 binary16 as float32.
 *
 * @param halves - the bit patterns
 *
 * @example
 * ```ts
 * expect([...fromFloat16(Uint16Array.of(0x3c00, 0xc000, 0x0001))]).toEqual([1, -2, 2 ** -24])
 * ```
 */
export const fromFloat16 = (halves: Uint16Array): Float32Array => {
  const result = new Float32Array(halves.length)
  const bits = new Uint32Array(result.buffer)
  halves.forEach((half, i) => {
    const sign = (half & 0x8000) << 16
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    // a subnormal is a small multiple of 2⁻²⁴, and normal as a float32; the exponent's bias grows from 15 to 127
    if (exponent === 0) result[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24
    else bits[i] = sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (fraction << 13)
  })
  return result
}

/**
 * bfloat16, the upper half of a float32, as float32.
 *
 * @param halves - the bit patterns
 *
 * @example
 * ```ts
 * expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc000))]).toEqual([1, -2])
 * ```
 */
export const fromBfloat16 = (halves: Uint16Array): Float32Array => {
  const result = new Float32Array(halves.length)
  const bits = new Uint32Array(result.buffer)
  halves.forEach((half, i) => {
    bits[i] = half << 16
  })
  return result
}
