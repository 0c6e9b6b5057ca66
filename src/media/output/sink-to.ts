/** How each kind of output is written. */
import type { Writable } from 'node:stream'
import {
  catchError,
  concatMap,
  connect,
  filter,
  from,
  map,
  merge,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import type { Term } from '../../diffusion/terms.ts'
import { fail, isFailure } from '../../failure.ts'
import { orThrow } from '../../or-throw.ts'
import { branchOf } from '../../stream/branch.ts'
import type { Frame } from '../../stream/frame.ts'
import { stepHeading } from '../picture/film.ts'
import { unwritable, writeWhole, type Written } from '../sink/files.ts'
import { branchIn } from '../sink/branch-in.ts'
import { expectBranches } from '../sink/expect-branches.ts'
import type { Pixels } from '../sink/pixels-of.ts'
import type { ReelOptions } from '../sink/reel.ts'
import { toApng } from '../sink/to-apng.ts'
import { toArrays, toTrajectory } from '../sink/to-arrays.ts'
import { toFilmStrip } from '../sink/to-film-strip.ts'
import { toGif } from '../sink/to-gif.ts'
import { toGrid } from '../sink/to-grid.ts'
import { toNpy } from '../sink/to-npy.ts'
import { toPngSequence } from '../sink/to-png-sequence.ts'
import { toReport } from '../sink/to-report.ts'
import { toVideo } from '../sink/to-video.ts'
import { toPngPipe, toRaw, toY4m } from '../sink/to-writable.ts'
import type { OutputKind } from './kinds.ts'
import { type Output, type OutputLook, standardOutput } from './output.ts'
import { inBranchOnly, type Provenance, provenanceLine, provenanceText, sidecarOf } from './provenance.ts'

/** What all outputs of a run are told about it. */
export interface Legend {
  /** One caption per sample. Default: none. */
  readonly captions?: readonly string[]
  /** Samples in a row. Default: as suits their number. */
  readonly columns?: number | undefined
  /** How to look at latents; nothing for a model whose x is the image. */
  readonly pixels?: Pixels | undefined
  /** Of a fork's frames: a caption for each branch. Films show a tile for each; everything else is written for each. */
  readonly branches?: Readonly<Record<string, string>> | undefined
  readonly provenance: Provenance
  /** The rule's step, whose coefficients a report draws. */
  readonly step?: Term | undefined
  /** Where `-` goes. It is not ended. */
  readonly stdout?: Writable
}

type Sink = <T>(output: Output, legend: Legend) => OperatorFunction<Frame<T>, Written>

/** Leaves out what nobody has said. */
const said = <A extends object>(fields: { readonly [K in keyof A]: A[K] | undefined }): A =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as A

const reel = (look: OutputLook, { captions, columns, pixels, branches }: Legend): ReelOptions => ({
  heading: stepHeading,
  ...said<Pick<ReelOptions, 'show' | 'every' | 'fps' | 'scale' | 'over'>>({
    over: look.over,
    show: look.show,
    every: look.every,
    fps: look.fps,
    scale: look.scale,
  }),
  ...said<Pick<ReelOptions, 'captions' | 'columns' | 'pixels' | 'branches'>>({
    captions: branches === undefined ? captions : undefined,
    columns,
    pixels,
    branches,
  }),
})

const still = ({ scale }: OutputLook, { captions, pixels, provenance }: Legend) => ({
  ...said<{ readonly scale: number; readonly captions: readonly string[]; readonly pixels: Pixels }>({
    scale,
    captions,
    pixels,
  }),
  text: provenanceText(provenance),
})

const stdoutOf = ({ stdout }: Legend): Writable => {
  if (stdout === undefined)
    throw fail('FileUnwritable', { path: standardOutput, reason: 'there is no standard output here' })
  return stdout
}

const placeOf = ({ path }: Output, legend: Legend): string | Writable =>
  path === standardOutput ? stdoutOf(legend) : path

/** Pictures for whoever reads standard output. */
const streamed =
  (to: typeof toY4m): Sink =>
  (output, legend) =>
  (frames$) =>
    frames$.pipe(
      to(stdoutOf(legend), { ...reel(output, legend), end: false }),
      map((streamed) => ({ path: standardOutput, ...streamed })),
    )

const sinks: Readonly<Record<OutputKind, Sink>> = {
  grid: (output, legend) =>
    toGrid(placeOf(output, legend), {
      ...still(output, legend),
      ...(legend.columns === undefined ? {} : { columns: legend.columns }),
    }),
  strip: (output, legend) => toFilmStrip(placeOf(output, legend), still(output, legend)),
  frames: (output, legend) =>
    output.path === standardOutput
      ? streamed(toPngPipe)(output, legend)
      : toPngSequence(output.path, { ...reel(output, legend), text: provenanceText(legend.provenance) }),
  video: (output, legend) =>
    toVideo(output.path, { ...reel(output, legend), comment: provenanceLine(legend.provenance) }),
  gif: (output, legend) =>
    toGif(output.path, { ...reel(output, legend), comment: () => provenanceLine(legend.provenance) }),
  apng: (output, legend) =>
    toApng(output.path, { ...reel(output, legend), text: provenanceText(legend.provenance) }),
  samples: (output, legend) =>
    output.path === standardOutput || /\.npy$/i.test(output.path)
      ? toNpy(placeOf(output, legend))
      : toArrays(output.path, provenanceText(legend.provenance)),
  trajectory: ({ path, show, every }, { provenance }) =>
    toTrajectory(path, {
      ...(show === undefined ? {} : { fields: show }),
      ...(every === undefined ? {} : { every }),
      text: provenanceText(provenance),
    }),
  report: (output, legend) =>
    toReport(placeOf(output, legend), {
      provenance: legend.provenance,
      pixels: legend.pixels,
      step: legend.step,
      ...(legend.captions === undefined ? {} : { captions: legend.captions }),
    }),
  y4m: streamed(toY4m),
  raw: streamed(toRaw),
}

/** Films, which show the branches of a fork as tiles. */
const tilesBranches: ReadonlySet<OutputKind> = new Set(['video', 'gif', 'apng', 'y4m', 'raw'])

/** Files that can't say how they were made, which a file beside them does. */
const isMute = (path: string): boolean => /\.(npy|npz|webp)$/i.test(path)

/** What the system says of standard output, in our words; all else stays. */
const inOurWords: OperatorFunction<Written, Written> = catchError((error: unknown) => {
  throw error instanceof Error && 'code' in error && !isFailure(error)
    ? unwritable('Standard output')(error)
    : error
})

const withSidecar =
  (provenance: Provenance): OperatorFunction<Written, Written> =>
  (written$) =>
    written$.pipe(
      concatMap((written) => {
        if (!isMute(written.path)) return [written]
        const bytes = new TextEncoder().encode(`${JSON.stringify({ rxdiffusion: provenance }, null, 2)}\n`)
        return from(orThrow(writeWhole(sidecarOf(written.path), bytes))).pipe(
          map(({ path: sidecar }) => ({ ...written, sidecar })),
        )
      }),
    )

/** `grid.png` for one branch: `grid-ddim.png`. */
const ofBranch = (path: string, branch: string): string =>
  path === standardOutput
    ? path
    : path.replace(/((?:\.[^./\\]+)*[/\\]*)$/, (ending) => `-${branch.replaceAll(/[^\w.-]+/g, '-')}${ending}`)

/**
 * The sink of an output.
 *
 * @remarks
 * Of a fork's frames films show all branches side by side, and everything else is written for each branch: `grid-ddim.png` for `grid.png`.
 *
 * @param output - what is written where
 * @param legend - what is known of the run
 * @returns an operator that emits a notice for each file; errors with FileUnwritable, EncoderMissing, EncoderFailed, or as the frames do
 *
 * @example
 * ```ts
 * const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: {} }
 * expect(sinkTo({ kind: 'gif', path: 'out/run.gif' }, { provenance })).toBeTypeOf('function')
 * ```
 */
export const sinkTo =
  (output: Output, legend: Legend) =>
  <T>(frames$: Observable<Frame<T>>): Observable<Written> => {
    const { branches, provenance } = legend
    const write =
      (to: Output, told: Legend): OperatorFunction<Frame<T>, Written> =>
      (run$) => {
        const written$ = run$.pipe(sinks[to.kind]<T>(to, told))
        return to.path === standardOutput
          ? written$.pipe(inOurWords)
          : written$.pipe(withSidecar(told.provenance))
      }
    if (branches === undefined || (tilesBranches.has(output.kind) && output.over !== 'samples'))
      return frames$.pipe(write(output, legend))
    return frames$.pipe(
      expectBranches(branches),
      connect((run$) =>
        merge(
          ...Object.keys(branches).map((branch) =>
            run$.pipe(
              filter((frame) => branchIn(branches, branchOf(frame).path ?? []) === branch),
              write(
                { ...output, path: ofBranch(output.path, branch) },
                { ...legend, branches: undefined, provenance: inBranchOnly(provenance, branch) },
              ),
            ),
          ),
        ),
      ),
    )
  }
