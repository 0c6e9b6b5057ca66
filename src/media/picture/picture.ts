/**
 * From numbers to bytes: what a picture is, and how values in `[−1, 1]` become one.
 *
 * The range map is diffusers': `x ↦ (x/2 + ½)` clamped to `[0, 1]`, times 255, rounded half to even, all in float32.
 * So −1 is black, 0 is 128, 1 is white. A pixel with a NaN or an infinity is magenta: a broken model should look broken.
 *
 * x_t lies in no fixed range, so it is divided by {@link reach} first.
 */
import type { Values } from '../../algebra/algebra.ts'
import { showShape } from '../../algebra/shape.ts'
import { roundHalfEven } from '../../diffusion/spacing.ts'

/** Greyscale, RGB, or RGB with alpha. */
export type Channels = 1 | 3 | 4

/** Bytes, row by row from the top left, the channels of a pixel side by side. */
export interface Picture {
  /** In pixels. */
  readonly width: number
  /** In pixels. */
  readonly height: number
  readonly channels: Channels
  /** `width·height·channels` bytes; alpha is straight, not premultiplied. */
  readonly data: Uint8Array
}

/**
 * The byte for a value: `round(255·clamp(x/2 + ½, 0, 1))`, half to even, in float32 as diffusers computes it.
 *
 * @param x - finite; −1 is black, 1 is white, what lies beyond is clipped
 *
 * @example
 * ```ts
 * expect([-2, -1, 0, 1].map(toByte)).toEqual([0, 0, 128, 255])
 * ```
 */
export const toByte = (x: number): number =>
  roundHalfEven(Math.fround(255 * Math.min(1, Math.max(0, Math.fround(x / 2 + 0.5)))))

/**
 * How far x_t reaches at a level: `√(ᾱ·1² + (1 − ᾱ)·2²)`, the image's extreme and two standard deviations of noise,
 * added as variances add. From 2 for pure noise (5 % of the pixels clip) to exactly 1 for a clean image,
 * so a film of `x_t / reach(ᾱ)` ends on the very bytes of x₀.
 *
 * @param alphaBar - ᾱ of the level that x_t lies at, in `[0, 1]`
 *
 * @example
 * ```ts
 * expect(reach(0)).toBe(2)
 * expect(reach(1)).toBe(1)
 * ```
 */
export const reach = (alphaBar: number): number => Math.sqrt(alphaBar + 4 * (1 - alphaBar))

/** Which channels of `[…, c]` are shown: 1, 3 and 4 (as RGBA) whole; of two the first, of more than four the first three. */
const shown = (channels: number): Channels =>
  channels === 3 || channels === 4 ? channels : channels > 4 ? 3 : 1

const magenta = [255, 0, 255, 255]

/** The exponent's bits of a float32, which are all set in a NaN and an infinity. */
const exponent = 0x7f80_0000

/**
 * Whether all are finite. Float32, which is what engines have, is told by its bits: that takes a tenth of the time.
 */
const areFinite = (numbers: Values['data']): boolean => {
  if (!(numbers instanceof Float32Array)) return numbers.every(Number.isFinite)
  const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  // below zero as long as every magnitude is below that of infinity
  let below = -1
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- which takes five times as long over typed arrays
  for (let i = 0; i < bits.length; i += 1) below &= (bits[i]! & 0x7fff_ffff) - exponent
  return below < 0
}

/** What of `stride` numbers a pixel is shown. */
const pick = (pixels: Values['data'], stride: number): Values['data'] => {
  const channels = shown(stride)
  if (channels === stride) return pixels
  return new Float64Array((pixels.length / stride) * channels).map(
    (_, i) => pixels[Math.floor(i / channels) * stride + (i % channels)]!,
  )
}

/** {@link toByte}, of many. A clamped array rounds half to even, as the rule says, and cuts off what lies beyond. */
const toBytes = (numbers: Values['data'], scale: number): Uint8Array => {
  const bytes = new Uint8ClampedArray(numbers.length)
  for (let i = 0; i < numbers.length; i += 1)
    bytes[i] = Math.fround(255 * Math.fround((numbers[i]! * scale) / 2 + 0.5))
  return new Uint8Array(bytes.buffer)
}

/** One image of a batch: `pixels` has `width·height·stride` numbers. */
const toPicture = (pixels: Values['data'], width: number, height: number, scale: number): Picture => {
  const stride = pixels.length / (width * height)
  const numbers = pick(pixels, stride)
  const bytes = toBytes(numbers, scale)
  const found = shown(stride)
  if (areFinite(numbers)) return { width, height, channels: found, data: bytes }
  // alarm needs colour, so a broken greyscale image becomes RGB
  const channels = found === 1 ? 3 : found
  const data = new Uint8Array(width * height * channels)
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const at = pixel * found
    const sound = numbers.subarray(at, at + found).every(Number.isFinite)
    for (let c = 0; c < channels; c += 1)
      data[pixel * channels + c] = sound ? bytes[at + (found === 1 ? 0 : c)]! : magenta[c]!
  }
  return { width, height, channels, data }
}

/**
 * The images of a batch as pictures.
 *
 * @remarks
 * Channels: 1 is greyscale, 3 RGB, 4 RGBA. Of two channels the first is shown as grey, of five or more the first three as RGB.
 *
 * @param images - `[rows, height, width, channels]`, in `[−1, 1]`
 * @param divisor - divides the values first: `reach(ᾱ)` for x_t, 1 for images
 * @returns one picture per row; its bytes are the caller's
 * @throws RangeError where `images` has not four axes
 *
 * @example
 * ```ts
 * const images = { shape: [1, 1, 3, 1], data: new Float32Array([-1, 0, 1]) }
 * expect(toPictures(images)).toEqual([
 *   { width: 3, height: 1, channels: 1, data: new Uint8Array([0, 128, 255]) },
 * ])
 * ```
 */
export const toPictures = (images: Values, divisor = 1): readonly Picture[] => {
  const [rows, height, width, channels] = images.shape
  if (images.shape.length !== 4 || channels === undefined)
    throw new RangeError(`Images are [rows, height, width, channels]; this is ${showShape(images.shape)}.`)
  const size = (height ?? 0) * (width ?? 0) * channels
  return Array.from({ length: rows ?? 0 }, (_, row) =>
    toPicture(images.data.subarray(row * size, (row + 1) * size), width ?? 0, height ?? 0, 1 / divisor),
  )
}
