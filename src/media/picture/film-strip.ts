/** How samples came to be: a row per sample, a column per step, x_t above the predicted x₀. */
import type { Values } from '../../algebra/algebra.ts'
import { blank, mount, scaleTo, tones } from './canvas.ts'
import { text, widthOf } from './lettering.ts'
import { reach, toPictures, type Picture } from './picture.ts'
import { belowTitle, margin, writeTitle } from './title.ts'

/** One step of the chain, as the strip shows it. */
export interface FilmColumn {
  /** The header: the first line in ink, the second fainter. */
  readonly title: readonly [string] | readonly [string, string]
  /** ᾱ of the level that `xt` lies at; x_t is shown divided by {@link reach}. */
  readonly alphaBar: number
  /** x_t, `[rows, height, width, channels]`; left out, its cells stay empty. */
  readonly xt?: Values
  /** The predicted x₀ of that shape, in `[−1, 1]`; left out, its cells stay empty. */
  readonly x0?: Values
}

/** How a film strip looks; every field has a sensible default. */
export interface FilmStripOptions {
  /** A caption for each sample, to the left of its rows. Default: none. */
  readonly captions?: readonly string[]
  /** One line above everything. Default: none. */
  readonly title?: string
  /** Pixels per pixel of an image, a whole number. Default: what makes an image about 84 pixels large. */
  readonly scale?: number
}

const tile = 84
const gap = 8
const between = { rows: 6, samples: 22 }
const size = 1.5
const lineHeight = 17
/** Height of a capital letter, in pixels. */
const capitals = 7 * size

/**
 * Steps spread evenly over a chain, the first and the last among them.
 *
 * @param count - how many steps the chain has
 * @param wanted - how many to choose; all of them where the chain has no more, the last alone where it is 1
 * @returns ascending indices from 0 to `count − 1`
 *
 * @example
 * ```ts
 * expect(evenSteps(50, 5)).toEqual([0, 12, 25, 37, 49])
 * expect(evenSteps(3, 5)).toEqual([0, 1, 2])
 * ```
 */
export const evenSteps = (count: number, wanted: number): readonly number[] =>
  wanted >= count
    ? Array.from({ length: count }, (_, i) => i)
    : wanted <= 1
      ? [count - 1]
      : Array.from({ length: wanted }, (_, i) => Math.round((i * (count - 1)) / (wanted - 1)))

/**
 * A film strip.
 *
 * @remarks
 * x_t is shown as `x_t / √(ᾱ + 4·(1 − ᾱ))`, x₀ as it is; both then map `[−1, 1]` to black and white.
 * The picture is greyscale where the images are.
 *
 * @param options - captions, title, scale
 * @returns a function of the columns, from the noisiest to the cleanest
 * @throws RangeError where images have not four axes
 *
 * @example
 * ```ts
 * const noise = { shape: [1, 28, 28, 1], data: new Float32Array(28 * 28) }
 * const columns = [{ title: ['step 1', 't 999'] as const, alphaBar: 0.1, xt: noise, x0: noise }]
 * expect(filmStrip({ captions: ['bag'] })(columns).channels).toBe(1)
 * ```
 */
export const filmStrip =
  (options: FilmStripOptions = {}): ((columns: readonly FilmColumn[]) => Picture) =>
  (columns) => {
    const cells = columns.map(({ xt, x0, alphaBar }) => ({
      xt: xt === undefined ? [] : toPictures(xt, reach(alphaBar)),
      x0: x0 === undefined ? [] : toPictures(x0),
    }))
    const pictures = cells.flatMap(({ xt, x0 }) => [...xt, ...x0])
    const first = pictures[0] ?? { width: 0, height: 0 }
    const samples = Math.max(0, ...cells.map(({ xt, x0 }) => Math.max(xt.length, x0.length)))
    const { captions = [], title, scale = scaleTo(tile, first) } = options
    const [width, height] = [first.width * scale, first.height * scale]
    const captionWidth = Math.max(0, ...captions.map((caption) => widthOf(caption, size)))
    const labels = margin + captionWidth + (captionWidth > 0 ? 18 : 0)
    const left = labels + Math.max(widthOf('xₜ', size), widthOf('x̂₀', size)) + 12
    const lines = Math.max(1, ...columns.map((column) => column.title.length))
    const header = belowTitle(title)
    const top = header + lines * lineHeight + 4
    const down = 2 * height + between.rows + between.samples
    const canvas = blank(
      left + columns.length * (width + gap) - gap + margin,
      top + samples * down - between.samples + margin,
      pictures,
    )

    writeTitle(canvas, title)
    const middle = Math.round((height - capitals) / 2)
    for (let sample = 0; sample < samples; sample += 1) {
      const y = top + sample * down
      text(
        canvas,
        captions[sample] ?? '',
        { x: margin, y: y + Math.round(height + between.rows / 2 - capitals / 2) },
        { size },
      )
      text(canvas, 'xₜ', { x: labels, y: y + middle }, { size, tone: tones.faint })
      text(canvas, 'x̂₀', { x: labels, y: y + height + between.rows + middle }, { size, tone: tones.faint })
    }
    columns.forEach((column, i) => {
      const x = left + i * (width + gap)
      column.title.forEach((line, j) => {
        const centred = x + Math.round((width - widthOf(line, size)) / 2)
        text(
          canvas,
          line,
          { x: centred, y: header + j * lineHeight },
          { size, tone: j === 0 ? tones.ink : tones.faint },
        )
      })
      cells[i]?.xt.forEach((picture, sample) => mount(canvas, picture, { x, y: top + sample * down }, scale))
      cells[i]?.x0.forEach((picture, sample) =>
        mount(canvas, picture, { x, y: top + sample * down + height + between.rows }, scale),
      )
    })
    return canvas
  }
