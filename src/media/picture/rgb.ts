/** Pictures as video encoders take them: three bytes a pixel. */
import { tones } from './canvas.ts'
import type { Picture } from './picture.ts'

/** A picture in RGB. */
export interface RgbPicture extends Picture {
  readonly channels: 3
}

/**
 * A picture in RGB: grey three times over, alpha let through onto paper; one that is RGB stays itself.
 *
 * @example
 * ```ts
 * const grey = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
 * expect(toRgb(grey).data).toEqual(new Uint8Array([7, 7, 7]))
 * ```
 */
export const toRgb = ({ width, height, channels, data }: Picture): RgbPicture => {
  if (channels === 3) return { width, height, channels, data }
  const rgb = new Uint8Array(3 * width * height)
  for (let pixel = 0; pixel < width * height; pixel += 1)
    for (let c = 0; c < 3; c += 1) {
      const tone = data[channels === 1 ? pixel : 4 * pixel + c]!
      const opacity = channels === 1 ? 1 : data[4 * pixel + 3]! / 255
      rgb[3 * pixel + c] = Math.round(tones.paper + (tone - tones.paper) * opacity)
    }
  return { width, height, channels: 3, data: rgb }
}

/**
 * A picture as the browser's canvas takes it (`context.putImageData`). Browsers only: Node has no `ImageData`.
 *
 * @param picture - its alpha is kept
 *
 * @example
 * ```ts no-run
 * const grey = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
 * document.querySelector('canvas')?.getContext('2d')?.putImageData(toImageData(grey), 0, 0)
 * ```
 */
export const toImageData = (picture: Picture): ImageData => {
  const { width, height, channels, data } = picture.channels === 4 ? picture : toRgb(picture)
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255)
  for (let pixel = 0; pixel < width * height; pixel += 1)
    for (let c = 0; c < channels; c += 1) rgba[4 * pixel + c] = data[channels * pixel + c]!
  return new ImageData(rgba, width, height)
}
