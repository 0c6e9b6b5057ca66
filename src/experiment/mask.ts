/**
 * Which part of an image is known, as a mask: 1 where it is, 0 where it is not.
 */
import type { Shape, Values } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'

/** A side of an image. */
export type Side = 'left' | 'right' | 'top' | 'bottom'

/** A part of an image, in pixels from its top left corner. */
export interface Box {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

const inside = ({ top, left, height, width }: Box, y: number, x: number): boolean =>
  y >= top && y < top + height && x >= left && x < left + width

/** A mask that knows what lies in a box. */
const masked = (shape: Shape, box: Box): Values => {
  const [rows = 1, height = 1, width = 1, channels = 1] = shape
  const data = new Float32Array(rows * height * width * channels)
  for (let pixel = 0; pixel < rows * height * width; pixel += 1)
    if (inside(box, Math.floor(pixel / width) % height, pixel % width))
      data.fill(1, pixel * channels, (pixel + 1) * channels)
  return { shape, data }
}

/**
 * A mask that knows one half of each image.
 *
 * @param shape - `[rows, height, width, channels]`
 * @param side - which; of an odd size the middle is not known
 *
 * @example
 * ```ts
 * expect(halfKnown([1, 1, 4, 1], 'left').data).toEqual(Float32Array.of(1, 1, 0, 0))
 * ```
 */
export const halfKnown = (shape: Shape, side: Side): Values => {
  const [, height = 1, width = 1] = shape
  const [down, across] = [Math.floor(height / 2), Math.floor(width / 2)]
  const whole = { top: 0, left: 0, height, width }
  switch (side) {
    case 'left':
      return masked(shape, { ...whole, width: across })
    case 'right':
      return masked(shape, { ...whole, left: width - across, width: across })
    case 'top':
      return masked(shape, { ...whole, height: down })
    case 'bottom':
      return masked(shape, { ...whole, top: height - down, height: down })
  }
}

/**
 * A mask that knows all of each image but a box, which is to be painted.
 *
 * @param shape - `[rows, height, width, channels]`
 * @param box - in pixels
 * @throws RunInvalid for a box that does not lie within the images
 *
 * @example
 * ```ts
 * expect(boxUnknown([1, 1, 4, 1], { top: 0, left: 1, height: 1, width: 2 }).data).toEqual(Float32Array.of(1, 0, 0, 1))
 * ```
 */
export const boxUnknown = (shape: Shape, box: Box): Values => {
  const [, height = 1, width = 1] = shape
  if (box.top + box.height > height || box.left + box.width > width)
    throw fail('RunInvalid', {
      reason: `the box reaches to ${box.left + box.width}×${box.top + box.height}, and images are ${width}×${height} pixels`,
    })
  const { data } = masked(shape, box)
  return { shape, data: data.map((known) => 1 - known) }
}

/**
 * What is left of images where they are known; where they are not, nothing but the middle of their range, grey.
 *
 * @param images - `[rows, height, width, channels]`
 * @param mask - of the same shape
 *
 * @example
 * ```ts
 * const images = { shape: [1, 1, 2, 1], data: Float32Array.of(0.5, 0.5) }
 * expect(onlyKnown(images, halfKnown(images.shape, 'left')).data).toEqual(Float32Array.of(0.5, 0))
 * ```
 */
export const onlyKnown = ({ shape, data }: Values, mask: Values): Values => ({
  shape,
  data: Float32Array.from(data, (x, i) => x * mask.data[i]!),
})
