/** A sink: a page about a run. */
import { concatMap, connect, defer, filter, forkJoin, map, of, type OperatorFunction, toArray } from 'rxjs'
import type { Values } from '../../algebra/algebra.ts'
import type { Term } from '../../diffusion/terms.ts'
import { isLast } from '../../diffusion/transition.ts'
import type { Frame } from '../../stream/frame.ts'
import { metrics, type Statistics } from '../../stream/operators/metrics.ts'
import { timed } from '../../stream/operators/timed.ts'
import { lastSnapshot } from '../../stream/snapshot.ts'
import { encodePng } from '../format/png.ts'
import type { Provenance } from '../output/provenance.ts'
import { columnsFor } from '../picture/grid.ts'
import { mosaic } from '../picture/mosaic.ts'
import { type Picture, reach, toPictures } from '../picture/picture.ts'
import { shrink } from '../picture/shrink.ts'
import { type ReportPicture, reportPage, type ReportStep } from '../report/report-page.ts'
import { checkOptions } from './check-options.ts'
import { endingIn } from './ending-in.ts'
import type { Written } from './files.ts'
import type { Pixels } from './pixels-of.ts'
import { someSteps, type Steps } from './some-steps.ts'
import { type Place, written } from './written.ts'

/** What a report is told about a run besides its frames. */
export interface ToReportOptions {
  /** How it is made. */
  readonly provenance: Provenance
  /** A caption for each sample. Default: their numbers. */
  readonly captions?: readonly string[]
  /** How to look at latents, see {@link pixelsOf}. Default: as they are. */
  readonly pixels?: Pixels | undefined
  /** The rule's step, whose coefficients are drawn. Default: those of the levels alone. */
  readonly step?: Term | undefined
  /** Which steps can be looked at. Default: 40, spread evenly. */
  readonly steps?: Steps
}

/** The most pixels of the picture of a step, and of all finished images together: the page has to stay one that opens. */
const limits = { step: 512 ** 2, samples: 2048 ** 2 }

const factorFor = (pictures: readonly Picture[], limit: number): number => {
  const pixels = pictures.reduce((sum, { width, height }) => sum + width * height, 0)
  return Math.max(1, Math.ceil(Math.sqrt(pixels / limit)))
}

const encode = encodePng({ level: 6 })
const addressOf = (picture: Picture): string =>
  `data:image/png;base64,${Buffer.from(encode(picture)).toString('base64')}`

/** All samples of a step in one picture. */
const sheetOf = (images: Values, divisor: number): string => {
  const pictures = toPictures(images, divisor)
  const small = pictures.map(shrink(factorFor(pictures, limits.step)))
  return addressOf(mosaic(columnsFor(small.length))(small))
}

const samplesOf = (images: Values, captions: readonly string[]) => {
  const pictures = toPictures(images)
  return pictures.map(shrink(factorFor(pictures, limits.samples))).map((picture, i) => ({
    image: addressOf(picture),
    caption: captions[i] ?? `#${String(i)}`,
  }))
}

/** The root of the mean of the squares over all samples, whose sizes are the same. */
const rmsOf = (rows: readonly Statistics[]): number =>
  Math.sqrt(rows.reduce((sum, { mean, variance }) => sum + mean ** 2 + variance, 0) / rows.length)

/**
 * Writes a page about a run: its settings, its samples, x_t and x̂₀ of its steps under a slider, coefficients and norms. One file, which
 * opens from the disk.
 *
 *     frames     --a--b--c|
 *     toReport   ----------(W|)
 *
 * @remarks
 * All three tensors of every step are read, and two pictures kept of at most 40 steps, so that it stays small whatever the run. The file is
 * written when the frames complete, whole or not at all; where none came or they fail, there is none.
 *
 * @param place - of the file, whose missing directories are made; or a stream, which is not ended
 * @param options - how the run is made, captions, and which steps can be looked at
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: { steps: 50 } }
 * expect(toReport('out/report.html', { provenance, step: ddim().step })).toBeTypeOf('function')
 * ```
 */
export const toReport = <T>(
  place: Place,
  { provenance, captions = [], pixels, step, steps = 40 }: ToReportOptions,
): OperatorFunction<Frame<T>, Written> => {
  checkOptions('toReport', { steps })
  const look: Pixels = pixels ?? ((images) => of(images))
  return endingIn('a report', ['.html', '.htm'])(place, (frames$) =>
    defer(() => {
      const [begun, start] = [new Date().toISOString(), performance.now()]
      return frames$.pipe(
        connect((run$) =>
          forkJoin({
            pictures: run$.pipe(
              someSteps(steps),
              concatMap(({ transition, xt, x0 }) =>
                forkJoin({ xt: look(xt), x0: look(x0) }).pipe(
                  map((images): ReportPicture => ({
                    transition,
                    xt: sheetOf(images.xt, pixels === undefined ? reach(transition.to.alphaBar) : 1),
                    x0: sheetOf(images.x0, 1),
                  })),
                ),
              ),
              toArray(),
              map((found) => found.toSorted((a, b) => a.transition.index - b.transition.index)),
            ),
            numbers: run$.pipe(metrics(), toArray()),
            times: run$.pipe(
              timed(),
              map(({ ms }) => ms),
              toArray(),
            ),
            samples: run$.pipe(
              lastSnapshot({ xt: true, x0: true }),
              // x_t is noise for the most part, where a run is cut short
              concatMap(({ xt, x0, transition }) => look(isLast(transition) ? xt : x0)),
              map((images) => samplesOf(images, captions)),
            ),
          }),
        ),
        filter(({ pictures }) => pictures.length > 0),
        map(({ pictures, numbers, times, samples }) =>
          reportPage({
            provenance,
            begun,
            seconds: (performance.now() - start) / 1000,
            samples,
            pictures,
            steps: numbers.map(({ transition, xt, x0, eps }, i): ReportStep => ({
              transition,
              form: step?.(transition),
              rms: { xt: rmsOf(xt), x0: rmsOf(x0), eps: rmsOf(eps) },
              milliseconds: times[i] ?? NaN,
            })),
          }),
        ),
        concatMap((html) => written(place, new TextEncoder().encode(html))),
      )
    }),
  )
}
