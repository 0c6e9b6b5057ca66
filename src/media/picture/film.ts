/** What a frame of a run looks like, one picture a step: what all films and their files share. */
import type { Values } from '../../algebra/algebra.ts'
import type { Transition } from '../../diffusion/transition.ts'
import type { FrameField } from '../../stream/frame.ts'
import { scaleTo } from './canvas.ts'
import { coloured, type ColourMap } from './colour-map.ts'
import { enlarge, type Enlargement } from './enlarge.ts'
import { columnsFor } from './grid.ts'
import { type Picture, reach, toPictures } from './picture.ts'
import type { RgbPicture } from './rgb.ts'
import { beside, type Tiling, tiling } from './tiling.ts'

/** How a film looks; every field has a sensible default. */
export interface FilmLook {
  /** What is shown of a step, side by side. Default: x_t. */
  readonly show?: readonly FrameField[]
  /**
   * `marginal` divides x_t by {@link reach} and ε̂ by 2, two standard deviations, so that few pixels are clipped;
   * `raw` clips x_t as if it were an image. x̂₀ always lies in `[−1, 1]`. Default: `marginal`.
   */
  readonly range?: 'marginal' | 'raw'
  /** Colours for images of one channel, such as {@link signed}. Default: grey. */
  readonly colours?: ColourMap
  /** Pixels per pixel of an image, a whole number. Default: what makes an image about 256 pixels large, less where there are many. */
  readonly scale?: number
  /** How images are made larger. Default: `nearest`. */
  readonly enlargement?: Enlargement
  /** One line beneath each sample. Default: none. */
  readonly captions?: readonly string[]
  /** Samples in a row. Default: what suits their number. */
  readonly columns?: number
  /** A line above each picture, such as {@link stepHeading}. Default: none. */
  readonly heading?: (transition: Transition) => string
}

/** The numbers of a step: what the look shows, `[rows, height, width, channels]` each. */
export type FilmStep = Readonly<Partial<Record<FrameField, Values>>> & {
  readonly transition: Transition
  /** Whether the numbers are what people look at already, as a decoder makes them of latents; then none are divided. */
  readonly decoded?: boolean
}

/** The larger side of a sample, in pixels, where there are so many in a row. */
const sizeIn = (columns: number): number => Math.min(256, Math.max(64, 512 / columns))

/**
 * A heading: which step it is, and where x_t lies then.
 *
 * @example
 * ```ts
 * const step = { index: 4, count: 50, from: { t: 919, alphaBar: 0.1 }, to: { t: 899, alphaBar: 0.2 }, at: 919 }
 * expect(stepHeading(step)).toBe('step 5 of 50 · t 899')
 * ```
 */
export const stepHeading = ({ index, count, to }: Transition): string =>
  `step ${String(index + 1)} of ${String(count)} · ${to.alphaBar === 1 ? 'clean' : `t ${String(Math.round(to.t * 10) / 10)}`}`

/**
 * What to say of a run whose last step is not the last of its chain.
 *
 * @example
 * ```ts
 * expect(cutShort({ index: 4, count: 50 })).toBe('step 5 of 50, cut short')
 * ```
 */
export const cutShort = ({ index, count }: Pick<Transition, 'index' | 'count'>): string =>
  `step ${String(index + 1)} of ${String(count)}, cut short`

const divisorOf = (
  field: FrameField,
  { transition, decoded = false }: FilmStep,
  range: FilmLook['range'],
): number => {
  if (decoded || range === 'raw' || field === 'x0') return 1
  return field === 'xt' ? reach(transition.to.alphaBar) : reach(0)
}

/**
 * The samples of a step as pictures: for each, what the look shows of it side by side, coloured and enlarged.
 *
 * @param look - captions, columns and heading play no part yet
 * @param tiles - how many times all of that stands side by side, where there are branches
 * @returns a function of the step; the fields that it lacks are left out
 *
 * @example
 * ```ts
 * const x = { shape: [2, 1, 1, 1], data: new Float32Array([-1, 1]) }
 * const transition = { index: 0, count: 1, from: { t: 9, alphaBar: 0.5 }, to: { t: -1, alphaBar: 1 }, at: 9 }
 * expect(samplesOf({ scale: 1 })({ transition, xt: x }).map(({ data }) => [...data])).toEqual([[0], [255]])
 * ```
 */
export const samplesOf =
  (look: FilmLook, tiles = 1): ((step: FilmStep) => readonly Picture[]) =>
  (step) => {
    const { show = ['xt'], range = 'marginal', colours, enlargement } = look
    const fields = show.flatMap((field) => {
      const values = step[field]
      return values === undefined ? [] : [toPictures(values, divisorOf(field, step, range))]
    })
    const rows = fields[0]?.length ?? 0
    return Array.from({ length: rows }, (_, row) => {
      const pictures = fields.flatMap((each) => each[row] ?? [])
      const {
        scale = scaleTo(
          sizeIn((look.columns ?? columnsFor(rows)) * fields.length * tiles),
          pictures[0] ?? { width: 1, height: 1 },
        ),
      } = look
      const finish = (picture: Picture): Picture =>
        enlarge(scale, enlargement)(colours === undefined ? picture : coloured(colours)(picture))
      return beside(pictures.map(finish))
    })
  }

/**
 * A projector: pictures of samples become pictures of a film, all of one size. It remembers its sheet, nothing else.
 *
 * @param look - captions, columns, heading
 * @returns a function of the samples and the step that they are of
 *
 * @example
 * ```ts
 * const dot = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
 * const transition = { index: 0, count: 1, from: { t: 9, alphaBar: 0.5 }, to: { t: -1, alphaBar: 1 }, at: 9 }
 * const { width, data } = projector({})([dot], transition)
 * expect([width, ...data]).toEqual([1, 7, 7, 7])
 * ```
 */
export const projector = ({
  captions,
  columns,
  heading,
}: Pick<FilmLook, 'captions' | 'columns' | 'heading'>): ((
  samples: readonly Picture[],
  transition: Transition,
) => RgbPicture) => {
  let sheet: Tiling | undefined
  return (samples, transition) => {
    sheet ??= tiling(samples[0] ?? { width: 0, height: 0 }, samples.length, {
      ...(captions === undefined ? {} : { captions }),
      ...(columns === undefined ? {} : { columns }),
      heading: heading !== undefined,
    })
    return sheet.draw(samples, heading?.(transition))
  }
}
