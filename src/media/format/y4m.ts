/**
 * YUV4MPEG2: raw video with a header, in full colour resolution (`C444`), of BT.601 in the range of television: the header can't name a
 * matrix, and that is the one that readers take then.
 */
import type { RgbPicture } from '../picture/rgb.ts'

const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** A rate as the ratio that it is nearest to. */
const ratio = (fps: number): string =>
  Number.isInteger(fps) ? `${String(fps)}:1` : `${String(Math.round(fps * 1000))}:1000`

/**
 * The header of a stream.
 *
 * @param extent - of every frame, in pixels
 * @param fps - frames a second
 *
 * @example
 * ```ts
 * const header = new TextDecoder().decode(y4mHeader({ width: 4, height: 2 }, 25))
 * expect(header).toBe('YUV4MPEG2 W4 H2 F25:1 Ip A1:1 C444 XCOLORRANGE=LIMITED\n')
 * ```
 */
export const y4mHeader = (
  { width, height }: Pick<RgbPicture, 'width' | 'height'>,
  fps: number,
): Uint8Array<ArrayBuffer> =>
  ascii(`YUV4MPEG2 W${String(width)} H${String(height)} F${ratio(fps)} Ip A1:1 C444 XCOLORRANGE=LIMITED\n`)

const start = ascii('FRAME\n')

/**
 * One frame: luma, then both chromas.
 *
 * @param picture - of the header's extent
 *
 * @example
 * ```ts
 * const white = { width: 1, height: 1, channels: 3, data: new Uint8Array([255, 255, 255]) } as const
 * expect([...y4mFrame(white).subarray(6)]).toEqual([235, 128, 128])
 * ```
 */
export const y4mFrame = ({ width, height, data }: RgbPicture): Uint8Array<ArrayBuffer> => {
  const size = width * height
  const bytes = new Uint8Array(start.length + 3 * size)
  bytes.set(start)
  for (let pixel = 0; pixel < size; pixel += 1) {
    const r = data[3 * pixel]!
    const g = data[3 * pixel + 1]!
    const b = data[3 * pixel + 2]!
    // BT.601: 16 to 235 for luma, 16 to 240 for chroma; none of the three can leave a byte
    const luma = 0.299 * r + 0.587 * g + 0.114 * b
    const at = start.length + pixel
    bytes[at] = 16.5 + (219 / 255) * luma
    bytes[at + size] = 128.5 + ((224 / 255) * (b - luma)) / 1.772
    bytes[at + 2 * size] = 128.5 + ((224 / 255) * (r - luma)) / 1.402
  }
  return bytes
}
