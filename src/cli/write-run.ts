/**
 * A run and its files: all of them come from one pass.
 */
import type { Writable } from 'node:stream'
import {
  catchError,
  connect,
  defer,
  EMPTY,
  filter,
  fromEvent,
  ignoreElements,
  last,
  lastValueFrom,
  merge,
  type Observable,
  of,
  share,
  takeUntil,
  tap,
  toArray,
} from 'rxjs'
import type { Term } from '../diffusion/terms.ts'
import { fail, type Failure, isFailure, render } from '../failure.ts'
import { E, identity, RA, type TE } from '../fp.ts'
import { standardOutput } from '../media/output/output.ts'
import type { Provenance } from '../media/output/provenance.ts'
import { type Outcome, toOutputs } from '../media/output/to-outputs.ts'
import { many } from '../many.ts'
import { pixelsOf } from '../media/sink/pixels-of.ts'
import type { Frame } from '../stream/frame.ts'
import { settled } from '../stream/settled.ts'
import { exitCode } from './exit-code.ts'
import { failWith } from './fail-with.ts'
import type { MadeBy } from './made-by.ts'
import type { Opened, Tensor } from './plan.ts'
import { notFinite } from './not-finite.ts'
import { previewed, screenOf } from './preview.ts'
import { reportProgress } from './progress.ts'
import { failedOf, refuse } from './refuse.ts'
import { type Listener, reportSteps } from './run-event.ts'
import type { Terminal } from './terminal.ts'

/** What a verb is told besides its flags. */
export interface Context {
  /** Where words go. */
  readonly terminal: Terminal
  /** Where `-o -` goes. */
  readonly stdout?: Writable & { readonly isTTY?: boolean }
  /** Of this package, for the files. */
  readonly version: string
  /** Told of everything that happens, for programs. */
  readonly report?: Listener | undefined
  /** Whether only failures are put into words. */
  readonly quiet?: boolean | undefined
  /** The terminal's environment, where images are to be shown while they come to be. */
  readonly preview?: Readonly<Record<string, string | undefined>> | undefined
  /** Aborted when the user wants to stop; the files are finished all the same. */
  readonly signal: AbortSignal
}

/** A run that is ready to begin. */
export interface Plan extends Pick<Opened, 'model' | 'outputs' | 'engine' | 'advice'> {
  readonly frames$: Observable<Frame<Tensor>>
  /** How many steps it has. */
  readonly steps: number
  readonly rows: number
  /** One per row. */
  readonly captions: readonly string[]
  /** Images in a row of a grid; as it comes unless said. */
  readonly columns?: number | undefined
  /** Of a fork: a caption for each branch. */
  readonly branches?: Readonly<Record<string, string>> | undefined
  /** What it is called, for people. */
  readonly recipe: string
  /** What its files say of how they were made. */
  readonly madeBy: MadeBy
  /** The rule's step, for reports. */
  readonly step?: Term | undefined
}

const size = (bytes: number | undefined): string =>
  bytes === undefined
    ? ''
    : ` (${bytes < 10_000 ? `${String(bytes)} bytes` : `${(bytes / 1000).toFixed(0)} kB`})`

/** Emits, once, when somebody wants to stop; who may have given up before anything began. */
export const interruption = (signal: AbortSignal): Observable<unknown> =>
  defer(() => (signal.aborted ? of(signal) : fromEvent(signal, 'abort')))

/** Where nothing is said. */
const silent: Terminal = { write: () => undefined }

/** What is asked of a run, and told of it, while it is followed. */
interface Following {
  readonly cut: () => Provenance['interrupted']
  readonly broken: (samples: readonly string[]) => void
}

/** Follows a run with words and files; leaves it when all files are done. */
const follow =
  (plan: Plan, { terminal, version, stdout, quiet }: Context, { cut, broken }: Following) =>
  (frames$: Observable<Frame<Tensor>>): Observable<Outcome> =>
    frames$.pipe(
      connect((run$) => {
        const outcomes$ = run$.pipe(
          toOutputs(plan.outputs, {
            captions: plan.captions,
            columns: plan.columns,
            branches: plan.branches,
            pixels: pixelsOf(plan.model),
            step: plan.step,
            provenance: {
              version,
              ...plan.madeBy,
              get interrupted() {
                return cut()
              },
            },
            ...(stdout === undefined ? {} : { stdout }),
          }),
          share(),
        )
        const progress$ = reportProgress(quiet === true ? silent : terminal)(run$).pipe(
          // what fails the run is told by its outputs
          catchError(() => EMPTY),
          takeUntil(outcomes$.pipe(last())),
        )
        let whole = false
        const looked$ = run$.pipe(
          tap({ complete: () => (whole = true) }),
          notFinite,
          tap(broken),
          catchError(() => EMPTY),
          ignoreElements(),
          // whoever leaves a run early has had enough of it
          takeUntil(
            outcomes$.pipe(
              last(null, null),
              filter(() => !whole),
            ),
          ),
        )
        return merge(progress$, looked$, outcomes$)
      }),
    )

const codeOf = (failures: readonly unknown[], signal: AbortSignal): number => {
  if (failures.some((failure) => isFailure(failure) && failure._tag === 'EncoderMissing'))
    return exitCode.encoderMissing
  if (failures.length > 0) return exitCode.failed
  return signal.aborted ? exitCode.interrupted : exitCode.ok
}

/** Whether somebody still reads; what a pipe held is lost with its reader, and no stream says so later. */
interface Reader {
  readonly gone: boolean
}
const present: Reader = { gone: false }
const readerOf = (stdout: Context['stdout']): Reader => {
  const reader = { gone: false }
  stdout?.on('error', ({ code }: NodeJS.ErrnoException) => {
    reader.gone ||= code === 'EPIPE'
  })
  return reader
}

const run = async (plan: Plan, context: Context): Promise<number> => {
  const { terminal, signal, stdout, report, quiet = false, preview } = context
  if (stdout?.isTTY === true && plan.outputs.some(({ path }) => path === standardOutput)) {
    return refuse(
      context,
      failWith("Standard output is a terminal here, which can't show this: send it into a file or a pipe"),
    )
  }

  if (report !== undefined && plan.outputs.some(({ path }) => path === standardOutput)) {
    return refuse(context, failWith('--json and -o - both want standard output'))
  }
  const say = quiet ? silent.write : terminal.write.bind(terminal)
  report?.({
    event: 'begin',
    recipe: plan.recipe,
    engine: plan.engine,
    outputs: plan.outputs.map(({ path }) => path),
  })

  const reader = plan.outputs.some(({ path }) => path === standardOutput) ? readerOf(stdout) : present
  const begun = performance.now()
  let done = 0
  let whole = false
  let latest: Frame<Tensor> | undefined
  const cut = (): Provenance['interrupted'] =>
    signal.aborted && !whole && latest !== undefined
      ? { steps: latest.transition.index + 1, of: latest.transition.count }
      : undefined
  const trouble: Failure[] = []
  const broken = (samples: readonly string[]): void => {
    trouble.push(fail('SamplesNotFinite', { samples }))
  }
  const frames$ = plan.frames$.pipe(
    tap({
      next: (frame) => {
        done += 1
        latest = frame
      },
      complete: () => {
        whole = true
      },
    }),
    reportSteps(report),
    preview === undefined ? identity : previewed(terminal, { screen: screenOf(preview) }),
    takeUntil(interruption(signal)),
  )
  const outcomes = await lastValueFrom(frames$.pipe(follow(plan, context, { cut, broken }), toArray()))
  const took = performance.now() - begun
  // the network is not to be taken from under a call
  if (latest !== undefined) await settled(latest)

  const walked = `${done < plan.steps ? `${String(done)} of ` : ''}${many(plan.steps, 'step')}`
  if (done > 0)
    say(
      `${many(plan.rows, 'sample')}, ${walked} of ${plan.recipe}: ${(took / 1000).toFixed(1)} s, ` +
        `${(took / done).toFixed(0)} ms a step, ${plan.engine}${plan.advice === undefined ? '' : ` (${plan.advice})`}\n`,
    )
  const inOrder = plan.outputs.flatMap((output) => outcomes.filter((outcome) => outcome.output === output))
  const results = inOrder.map(({ result }) => result)
  for (const { path, bytes, sidecar } of RA.rights(results).flat()) {
    report?.({ event: 'wrote', path, bytes, sidecar })
    if (path === standardOutput && reader.gone) continue
    const place = path === standardOutput ? 'to standard output' : path
    say(`wrote ${place}${size(bytes)}${sidecar === undefined ? '' : ` and ${sidecar}`}\n`)
  }
  if (reader.gone) say('wrote to standard output until its reader went away\n')
  // a run that fails, fails every output
  const failures = [...new Set<unknown>([...RA.lefts(results), ...trouble])]
  for (const failure of failures) {
    report?.(failedOf(failure))
    terminal.write(`${render(failure)}\n`)
  }
  if (signal.aborted)
    say(
      done === 0
        ? 'Interrupted before the first step: nothing is written.\n'
        : 'Interrupted: the files show the run as far as it came.\n',
    )
  const code = codeOf(failures, signal)
  report?.({ event: 'end', code, samples: plan.rows, steps: done, seconds: took / 1000 })
  return code
}

/**
 * A verb: prepares, and then does.
 *
 * @param prepare - what can be refused; it opens the model
 * @param perform - what is done with the model, which is disposed of afterwards
 * @returns the exit code; nothing is thrown
 */
export const carryOut = async <P extends { readonly model: Disposable }>(
  prepare: TE.TaskEither<Failure, P>,
  perform: (prepared: P) => Promise<number>,
  { terminal, report }: Pick<Context, 'terminal' | 'report'>,
): Promise<number> => {
  const prepared = await prepare()
  if (E.isLeft(prepared)) return refuse({ terminal, report }, prepared.left)
  const { model } = prepared.right
  try {
    return await perform(prepared.right)
  } catch (error) {
    report?.(failedOf(error))
    terminal.write(`${render(error)}\n`)
    return exitCode.failed
  } finally {
    model[Symbol.dispose]()
  }
}

/** Prepares a run, writes its files, and says so. */
export const writeRun = (prepare: TE.TaskEither<Failure, Plan>, context: Context): Promise<number> =>
  carryOut(prepare, (plan) => run(plan, context), context)
