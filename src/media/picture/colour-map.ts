/**
 * Colours for images of one channel: a table of 256, looked up by the byte that {@link toByte} makes of a value.
 */
import type { Picture } from './picture.ts'

/** 256 colours, three bytes each: those of −1, …, 0 (the 129th), …, 1. */
export type ColourMap = Uint8Array

type Rgb = readonly [red: number, green: number, blue: number]

/**
 * A colour map through stops that are joined by straight lines in RGB.
 *
 * @param stops - byte to colour, ascending from 0 to 255
 *
 * @example
 * ```ts
 * const map = colourMap([[0, [0, 0, 0]], [255, [255, 0, 0]]])
 * expect([...map.subarray(3 * 128, 3 * 129)]).toEqual([128, 0, 0])
 * ```
 */
export const colourMap = (stops: ReadonlyArray<readonly [byte: number, colour: Rgb]>): ColourMap => {
  const map = new Uint8Array(3 * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    const above = Math.max(
      1,
      stops.findIndex(([at]) => at >= byte),
    )
    const [from, low] = stops[above - 1] ?? [0, [0, 0, 0]]
    const [to, high] = stops[above] ?? [from, low]
    const share = to === from ? 0 : (byte - from) / (to - from)
    for (let c = 0; c < 3; c += 1) map[3 * byte + c] = Math.round(low[c]! + share * (high[c]! - low[c]!))
  }
  return map
}

/**
 * For signed data, such as ε̂: blue below 0, white at 0, red above, each as far as the other.
 *
 * @example
 * ```ts
 * expect([...signed.subarray(3 * 128, 3 * 129)]).toEqual([255, 255, 255])
 * ```
 */
export const signed: ColourMap = colourMap([
  [0, [5, 48, 97]],
  [64, [67, 147, 195]],
  [128, [255, 255, 255]],
  [192, [214, 96, 77]],
  [255, [103, 0, 31]],
])

/**
 * For magnitudes: from black over red and yellow to white, ever lighter.
 *
 * @example
 * ```ts
 * expect([...heat.subarray(0, 3), ...heat.subarray(-3)]).toEqual([0, 0, 0, 255, 255, 255])
 * ```
 */
export const heat: ColourMap = colourMap([
  [0, [0, 0, 0]],
  [96, [180, 20, 20]],
  [176, [250, 170, 30]],
  [255, [255, 255, 255]],
])

/**
 * Gives a greyscale picture the colours of a map; pictures in colour stay as they are.
 *
 * @param map - 256 colours
 * @returns a function of the picture
 *
 * @example
 * ```ts
 * const grey = { width: 1, height: 1, channels: 1, data: new Uint8Array([128]) } as const
 * expect(coloured(signed)(grey).data).toEqual(new Uint8Array([255, 255, 255]))
 * ```
 */
export const coloured =
  (map: ColourMap): ((picture: Picture) => Picture) =>
  (picture) => {
    if (picture.channels !== 1) return picture
    const { width, height, data: bytes } = picture
    const data = new Uint8Array(3 * bytes.length)
    for (let i = 0; i < bytes.length; i += 1) {
      const at = 3 * bytes[i]!
      data[3 * i] = map[at]!
      data[3 * i + 1] = map[at + 1]!
      data[3 * i + 2] = map[at + 2]!
    }
    return { width, height, channels: 3, data }
  }
