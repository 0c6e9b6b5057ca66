/** 256 colours for a picture: its own where it has no more, else those of a median cut. */
import type { RgbPicture } from '../picture/rgb.ts'

/** A picture in few colours. */
export interface Indexed {
  /** Up to 256 colours, three bytes each. */
  readonly palette: Uint8Array
  /** Which of them each pixel has. */
  readonly indices: Uint8Array
}

const most = 256

/** The picture's own colours, in the order in which they come, where there are at most 256. */
const exact = (data: Uint8Array): Indexed | undefined => {
  const known = new Map<number, number>()
  const indices = new Uint8Array(data.length / 3)
  const palette: number[] = []
  for (let pixel = 0; pixel < indices.length; pixel += 1) {
    const [r, g, b] = [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!]
    const key = (r << 16) | (g << 8) | b
    let index = known.get(key)
    if (index === undefined) {
      if (known.size === most) return undefined
      index = known.size
      known.set(key, index)
      palette.push(r, g, b)
    }
    indices[pixel] = index
  }
  return { palette: Uint8Array.from(palette), indices }
}

/** Bins of five bits a channel: how many pixels each has, and the sums of their channels. */
const bins = 32 ** 3
const binOf = (r: number, g: number, b: number): number => ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3)

interface Histogram {
  readonly counts: Float64Array
  readonly sums: readonly [Float64Array, Float64Array, Float64Array]
}

interface Box {
  readonly bins: readonly number[]
  readonly mean: readonly [number, number, number]
  /** The channel that varies most, and by how much in all. */
  readonly axis: number
  readonly spread: number
}

const boxOf = ({ counts, sums }: Histogram, members: readonly number[]): Box => {
  let count = 0
  const total = [0, 0, 0]
  const squares = [0, 0, 0]
  for (const bin of members) {
    const n = counts[bin]!
    count += n
    for (let c = 0; c < 3; c += 1) {
      const sum = sums[c]![bin]!
      total[c]! += sum
      squares[c]! += (sum * sum) / n
    }
  }
  const spreads = squares.map((square, c) => square - total[c]! ** 2 / count)
  const spread = Math.max(...spreads)
  return {
    bins: members,
    mean: [total[0]! / count, total[1]! / count, total[2]! / count],
    axis: spreads.indexOf(spread),
    spread: members.length > 1 ? spread : 0,
  }
}

/** Parts the box that varies most at its mean, until there are 256; a bin's box is then its colour. */
const cut = (data: Uint8Array): Indexed => {
  const pixels = data.length / 3
  const counts = new Float64Array(bins)
  const sums = [new Float64Array(bins), new Float64Array(bins), new Float64Array(bins)] as const
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const [r, g, b] = [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!]
    const bin = binOf(r, g, b)
    counts[bin]! += 1
    sums[0][bin]! += r
    sums[1][bin]! += g
    sums[2][bin]! += b
  }
  const histogram = { counts, sums }
  const used: number[] = []
  for (let bin = 0; bin < bins; bin += 1) if (counts[bin]! > 0) used.push(bin)
  const boxes = [boxOf(histogram, used)]
  while (boxes.length < most) {
    const widest = boxes.reduce((best, box, i) => (box.spread > boxes[best]!.spread ? i : best), 0)
    const { bins: members, mean, axis, spread } = boxes[widest]!
    if (!(spread > 0)) break
    const isBelow = (bin: number): boolean =>
      sums[axis as 0 | 1 | 2][bin]! / counts[bin]! <= mean[axis as 0 | 1 | 2]
    const below = members.filter(isBelow)
    const above = members.filter((bin) => !isBelow(bin))
    if (above.length === 0) break
    boxes[widest] = boxOf(histogram, below)
    boxes.push(boxOf(histogram, above))
  }
  const colourOf = new Uint8Array(bins)
  boxes.forEach((box, i) => {
    for (const bin of box.bins) colourOf[bin] = i
  })
  const indices = new Uint8Array(pixels)
  for (let pixel = 0; pixel < pixels; pixel += 1)
    indices[pixel] = colourOf[binOf(data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!)]!
  return { palette: Uint8Array.from(boxes.flatMap(({ mean }) => mean.map(Math.round))), indices }
}

/**
 * A picture in at most 256 colours: exactly where it has no more, as greyscale has not.
 *
 * @example
 * ```ts
 * const { palette, indices } = indexed({ width: 2, height: 1, channels: 3, data: Uint8Array.of(9, 9, 9, 7, 7, 7) })
 * expect([[...palette], [...indices]]).toEqual([[9, 9, 9, 7, 7, 7], [0, 1]])
 * ```
 */
export const indexed = ({ data }: RgbPicture): Indexed => exact(data) ?? cut(data)
