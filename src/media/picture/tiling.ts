/** Pictures side by side on a sheet that is drawn on again and again, as the frames of a film are. */
import { blank, checkSides, type Extent, tones } from './canvas.ts'
import { columnsFor } from './grid.ts'
import { fit, text, widthOf } from './lettering.ts'
import type { Picture } from './picture.ts'
import { type RgbPicture, toRgb } from './rgb.ts'

/** What is written beside the tiles, and how many stand in a row. */
export interface TilingOptions {
  /** One line beneath each tile, in order; one that is too wide is cut short. Default: none. */
  readonly captions?: readonly string[]
  /** Tiles in a row. Default: what suits their number, as in {@link columnsFor}. */
  readonly columns?: number
  /** Whether there is a line above everything, which every drawing fills in. Default: false. */
  readonly heading?: boolean
}

/** A sheet with places for tiles. */
export interface Tiling extends Extent {
  /** Puts the tiles on a new copy of the sheet; each has the extent that the sheet was made for. */
  readonly draw: (tiles: readonly Picture[], heading?: string) => RgbPicture
}

const gap = 8
const size = 1.5
const line = 22

/** Copies rows of bytes; `place` of canvas.ts, without alpha and scale, is too slow for films. */
const copy = (sheet: RgbPicture, { width, height, data }: RgbPicture, x: number, y: number): void => {
  for (let row = 0; row < height; row += 1)
    sheet.data.set(data.subarray(3 * row * width, 3 * (row + 1) * width), 3 * ((y + row) * sheet.width + x))
}

/**
 * Places for tiles of one extent. One tile without a caption or heading *is* the sheet, pixel by pixel.
 *
 * @param tile - the extent of every tile
 * @param count - how many there are
 * @param options - captions, columns, heading
 * @throws PictureTooLarge from 16,384 pixels a side
 *
 * @example
 * ```ts
 * const dot = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
 * expect(tiling(dot, 1).draw([dot]).data).toEqual(new Uint8Array([7, 7, 7]))
 * expect(tiling({ width: 28, height: 28 }, 2).width).toBe(3 * 8 + 2 * 28)
 * ```
 */
export const tiling = (
  tile: Extent,
  count: number,
  { captions, columns = columnsFor(count), heading = false }: TilingOptions = {},
): Tiling => {
  const bare = count === 1 && captions === undefined && !heading
  const margin = bare ? 0 : gap
  const across = tile.width + gap
  const down = tile.height + gap + (captions === undefined ? 0 : line)
  const top = margin + (heading ? line : 0)
  const width = 2 * margin - gap + Math.min(columns, count) * across
  const height = top + margin - gap + Math.ceil(count / columns) * down
  checkSides({ width, height })
  const at = (i: number) => ({ x: margin + (i % columns) * across, y: top + Math.floor(i / columns) * down })

  const paper: RgbPicture = {
    width,
    height,
    channels: 3,
    data: new Uint8Array(3 * width * height).fill(tones.paper),
  }
  captions?.slice(0, count).forEach((caption, i) => {
    const words = fit(caption, size, tile.width)
    const { x, y } = at(i)
    const left = x + Math.round((tile.width - widthOf(words, size)) / 2)
    text(paper, words, { x: left, y: y + tile.height + 7 }, { size })
  })
  return {
    width,
    height,
    draw: (tiles, words) => {
      const [only] = tiles
      if (bare && only !== undefined) return toRgb(only)
      const sheet = { ...paper, data: paper.data.slice() }
      tiles.forEach((picture, i) => copy(sheet, toRgb(picture), at(i).x, at(i).y))
      if (heading && words !== undefined)
        text(
          sheet,
          fit(words, size, width - 2 * margin),
          { x: margin, y: margin + 2 },
          { size, tone: tones.ink },
        )
      return sheet
    },
  }
}

/**
 * Pictures of one height as one, from left to right, paper between them.
 *
 * @param pictures - at least one
 *
 * @example
 * ```ts
 * const dots = beside([7, 8].map((tone) => ({ width: 1, height: 1, channels: 1, data: Uint8Array.of(tone) })))
 * expect(dots.width).toBe(2 + 4)
 * ```
 */
export const beside = (pictures: readonly Picture[]): Picture => {
  const [first] = pictures
  if (first === undefined || pictures.length === 1) return first ?? blank(0, 0, [])
  const width = pictures.reduce((sum, picture) => sum + picture.width, (gap / 2) * (pictures.length - 1))
  const sheet: RgbPicture = {
    width,
    height: first.height,
    channels: 3,
    data: new Uint8Array(3 * width * first.height).fill(tones.paper),
  }
  pictures.reduce((x, picture) => {
    copy(sheet, toRgb(picture), x, 0)
    return x + picture.width + gap / 2
  }, 0)
  return sheet
}
