/**
 * Pictures as a model takes them: of its size, with its channels, in `[−1, 1]`.
 */
import type { Shape } from '../algebra/algebra.ts'
import { E } from '../fp.ts'
import type { Picture } from '../media/picture/picture.ts'
import { type Raster, resample } from './resample.ts'

/** Rec. 709's weights of red, green and blue. */
const luma = [0.2126, 0.7152, 0.0722] as const

const colours = (channels: number): string =>
  channels === 1 ? 'grey' : channels === 3 ? 'colour' : `${String(channels)} channels`

const describe = (width: number, height: number, channels: number): string =>
  `${String(width)}×${String(height)} pixels in ${colours(channels)}`

/** Whether every pixel is the same in red, green and blue. */
const isGrey = ({ channels, data }: Picture): boolean => {
  if (channels === 1) return true
  for (let i = 0; i < data.length; i += channels)
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false
  return true
}

const isOpaque = ({ channels, data }: Picture): boolean => {
  if (channels !== 4) return true
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false
  return true
}

/** A picture with other channels; what is transparent becomes black. */
const withChannels = (picture: Picture, channels: number): Raster => {
  const { width, height, channels: stride } = picture
  const grey = isGrey(picture)
  const data = new Float32Array(width * height * channels)
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const byte = (c: number): number => picture.data[pixel * stride + (stride === 1 ? 0 : c)]!
    const alpha = stride === 4 ? byte(3) : 255
    // what a grey pixel weighs is its own value, not nearly
    const lightness = grey ? byte(0) : luma.reduce((sum, weight, c) => sum + weight * byte(c), 0)
    const seen = channels === 4 ? 1 : alpha / 255
    for (let c = 0; c < channels; c += 1)
      data[pixel * channels + c] = c === 3 ? alpha : (channels === 1 ? lightness : byte(c)) * seen
  }
  return { width, height, channels, data }
}

/**
 * Makes of a picture what a model takes: its bytes 0 to 255 become −1 to 1, `x/127.5 − 1`.
 *
 * @remarks
 * Without `resize` nothing is changed that anybody could see: a colour picture whose pixels are all grey is grey, an opaque alpha
 * goes, a grey picture is a colour picture too. With it, the size is the model's (a triangle filter, antialiased), colours become
 * grey by Rec. 709, and what is transparent becomes black.
 *
 * @param shape - `[height, width, channels]` of the model
 * @param resize - whether to change what does not fit
 * @returns a function of the picture; on the left, what does not fit, as the end of a sentence
 *
 * @example
 * ```ts
 * const dot: Picture = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 255, 255) }
 * expect(fitPicture([1, 1, 1], false)(dot)).toEqual(E.right(Float32Array.of(1)))
 * expect(fitPicture([28, 28, 1], false)(dot)).toMatchObject({ _tag: 'Left' })
 * ```
 */
export const fitPicture =
  (shape: Shape, resize: boolean): ((picture: Picture) => E.Either<string, Float32Array>) =>
  (picture) => {
    const [height = 0, width = 0, channels = 0] = shape
    if (shape.length !== 3 || ![1, 3, 4].includes(channels))
      return E.left(`the model takes [${shape.join(', ')}], which is no picture`)
    const right = picture.width === width && picture.height === height
    const shown = isGrey(picture) ? 1 : 3
    const whole = isOpaque(picture) || channels === 4
    if (!resize && !(right && whole && shown <= channels)) {
      const found = `${describe(picture.width, picture.height, shown)}${whole ? '' : ', partly transparent'}`
      return E.left(
        `it is ${found}, and the model takes ${describe(width, height, channels)}; resizing makes it fit (--resize, or resize: true)`,
      )
    }
    const { data } = resample(width, height)(withChannels(picture, channels))
    return E.right(data.map((byte) => byte / 127.5 - 1))
  }
