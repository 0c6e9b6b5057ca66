/**
 * A run and its files: all of them come from one pass.
 */
import {
  catchError,
  connect,
  defer,
  forkJoin,
  fromEvent,
  lastValueFrom,
  map,
  merge,
  type Observable,
  of,
  takeUntil,
  tap,
  toArray,
} from 'rxjs'
import { type Failure, render } from '../failure.ts'
import { E, RA, type TE } from '../fp.ts'
import type { Written } from '../media/sink/files.ts'
import { pixelsOf } from '../media/sink/pixels-of.ts'
import type { Frame } from '../stream/frame.ts'
import type { Opened, Tensor } from './plan.ts'
import { reportProgress, type Terminal } from './progress.ts'

/** The exit codes of the command line. */
export const exitCode = { ok: 0, failed: 1, refused: 2, interrupted: 130 } as const

/** What a verb is told besides its flags. */
export interface Context {
  /** Where words go. */
  readonly terminal: Terminal
  /** Of this package, for the files. */
  readonly version: string
  /** Aborted when the user wants to stop; the files are finished all the same. */
  readonly signal: AbortSignal
}

/** A run that is ready to begin. */
export interface Plan extends Opened {
  readonly frames$: Observable<Frame<Tensor>>
  /** How many steps it has. */
  readonly steps: number
  readonly rows: number
  /** One per row. */
  readonly captions: readonly string[]
  /** Images in a row of a grid; as it comes unless said. */
  readonly columns?: number | undefined
  /** How it is made, for people. */
  readonly recipe: string
}

/** `1 step`, `2 steps`. */
export const many = (count: number, what: string): string =>
  `${String(count)} ${what}${count === 1 ? '' : 's'}`

const size = (bytes: number): string =>
  bytes < 10_000 ? `${String(bytes)} bytes` : `${(bytes / 1000).toFixed(0)} kB`

/** Emits, once, when somebody wants to stop; who may have given up before anything began. */
export const interruption = (signal: AbortSignal): Observable<unknown> =>
  defer(() => (signal.aborted ? of(signal) : fromEvent(signal, 'abort')))

/** What became of one file: a sink that fails says so when the others are done, whose files are worth having. */
const outcome = (file$: Observable<Written>): Observable<E.Either<unknown, readonly Written[]>> =>
  file$.pipe(
    toArray(),
    map((written) => E.right(written)),
    catchError((error: unknown) => of(E.left(error))),
  )

const run = async (plan: Plan, { terminal, version, signal }: Context): Promise<number> => {
  const { settings, model, outputs, engine, recipe, steps, columns } = plan
  const legend = {
    captions: plan.captions,
    pixels: pixelsOf(model),
    ...(columns === undefined ? {} : { columns }),
    text: {
      Software: `rxdiffusion ${version}`,
      Description: `${recipe}, ${settings.noise.name}, ${settings.seeding}, ${engine}`,
    },
  }

  const begun = performance.now()
  let done = 0
  const frames$ = plan.frames$.pipe(
    tap(() => {
      done += 1
    }),
    takeUntil(interruption(signal)),
  )
  const outcomes = await lastValueFrom(
    frames$.pipe(
      connect((shared$) =>
        merge(
          reportProgress(terminal)(shared$),
          forkJoin(outputs.map(({ sink }) => outcome(shared$.pipe(sink(legend))))),
        ),
      ),
    ),
  )
  const took = performance.now() - begun

  const walked = `${done < steps ? `${String(done)} of ` : ''}${many(steps, 'step')}`
  if (done > 0)
    terminal.write(
      `${many(plan.rows, 'sample')}, ${walked} of ${recipe}: ${(took / 1000).toFixed(1)} s, ` +
        `${(took / done).toFixed(0)} ms a step, ${engine}\n`,
    )
  for (const { path, bytes } of RA.rights(outcomes).flat()) terminal.write(`wrote ${path} (${size(bytes)})\n`)
  const failures = RA.lefts(outcomes)
  for (const failure of failures) terminal.write(`${render(failure)}\n`)
  if (signal.aborted)
    terminal.write(
      done === 0
        ? 'Interrupted before the first step: nothing is written.\n'
        : 'Interrupted: the files show the run as far as it came.\n',
    )
  if (failures.length > 0) return exitCode.failed
  return signal.aborted ? exitCode.interrupted : exitCode.ok
}

/**
 * A verb: prepares, and then does.
 *
 * @param prepare - what can be refused; it opens the model
 * @param perform - what is done with the model, which is disposed of afterwards
 * @returns the exit code; nothing is thrown
 */
export const carryOut = async <P extends Pick<Opened, 'model'>>(
  prepare: TE.TaskEither<Failure, P>,
  perform: (prepared: P) => Promise<number>,
  { terminal }: Pick<Context, 'terminal'>,
): Promise<number> => {
  const prepared = await prepare()
  if (E.isLeft(prepared)) {
    terminal.write(`${render(prepared.left)}\n`)
    return exitCode.refused
  }
  const { model } = prepared.right
  try {
    return await perform(prepared.right)
  } catch (error) {
    terminal.write(`${render(error)}\n`)
    return exitCode.failed
  } finally {
    model[Symbol.dispose]()
  }
}

/** Prepares a run, writes its files, and says so. */
export const writeRun = (prepare: TE.TaskEither<Failure, Plan>, context: Context): Promise<number> =>
  carryOut(prepare, (plan) => run(plan, context), context)
