/**
 * `rxdiffusion sample`: from flags to files.
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
import type { Transition } from '../diffusion/transition.ts'
import { transitions } from '../diffusion/transition.ts'
import type { Model } from '../engine/engine.ts'
import { chooseEngine } from '../engine/engines.ts'
import { attempt } from '../attempt.ts'
import { type Failure, render } from '../failure.ts'
import { E, pipe, RA, TE } from '../fp.ts'
import { checkWritable, type Written } from '../media/sink/files.ts'
import { pixelsOf } from '../media/sink/pixels-of.ts'
import { guided } from '../model/guided.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import { respace } from '../stream/respace.ts'
import { checkSteps } from '../stream/step.ts'
import { type BatchLabels, batchLabels } from './labels.ts'
import { type Output, readOutputs } from './outputs.ts'
import { reportProgress, type Terminal } from './progress.ts'
import { type Flags, readSettings, type Settings } from './settings.ts'

/** The exit codes of the command line. */
export const exitCode = { ok: 0, failed: 1, refused: 2, interrupted: 130 } as const

interface Plan {
  readonly settings: Settings
  readonly outputs: readonly Output[]
  readonly engine: string
  readonly model: Model
  readonly labels: BatchLabels
  readonly steps: readonly Transition[]
  readonly config: DenoiseConfig<Parameters<Model['algebra']['dispose']>[0]>
}

/** What somebody asks for is clipped to 1 if need be; what a preset would do, a model without a range is spared. */
const clipOf = ({ clip, presetClip }: Settings, { range }: Model): Pick<DenoiseConfig<never>, 'clip'> => {
  if (clip !== undefined) return { clip: { mode: clip, range: range ?? 1 } }
  return presetClip === undefined || range === undefined ? {} : { clip: { mode: presetClip, range } }
}

/** Everything that can be refused before the first step, the cheap refusals first. */
const prepare = (flags: Flags): TE.TaskEither<Failure, Plan> =>
  pipe(
    TE.Do,
    TE.bindW('settings', () =>
      TE.fromEither(
        pipe(
          attempt(() => readSettings(flags)),
          E.flatten,
        ),
      ),
    ),
    TE.bindW('outputs', () => TE.fromEither(readOutputs(flags.output))),
    TE.chainFirstW(({ outputs }) => TE.traverseSeqArray(({ path }: Output) => checkWritable(path))(outputs)),
    TE.bindW('opened', ({ settings }) => chooseEngine(settings.engine)),
    // whatever loads models loads tensors, and what has been refused by now needs neither
    TE.bindW('loading', () => TE.fromTask(() => import('../engine/load-model.ts'))),
    TE.bindW('model', ({ settings, opened, loading }) => loading.loadModel(opened, settings.model)),
    TE.bindW('labels', ({ settings, model }) =>
      TE.fromEither(batchLabels(model.labels, settings.labels, settings.batch)),
    ),
    TE.bindW('steps', ({ settings, model }) => TE.fromEither(transitions(model.schedule, settings.spacing))),
    TE.bindW('config', ({ settings, model, labels }) =>
      TE.fromEither(
        attempt(() => {
          const config = {
            model: guided({ weight: settings.guidance })(model),
            rule: settings.rule,
            noise: settings.noise,
            batch: labels.rows,
            ...clipOf(settings, model),
            ...(labels.classes === undefined ? {} : { condition: { labels: labels.classes } }),
          }
          return config
        }),
      ),
    ),
    TE.chainFirstW(({ config, steps }) => TE.fromEither(checkSteps(config)(steps))),
    TE.map(({ opened, loading: _, ...plan }) => ({ ...plan, engine: opened.about })),
  )

const many = (count: number, what: string): string => `${String(count)} ${what}${count === 1 ? '' : 's'}`

const size = (bytes: number): string =>
  bytes < 10_000 ? `${String(bytes)} bytes` : `${(bytes / 1000).toFixed(0)} kB`

/** What became of one file: a sink that fails says so when the others are done, whose files are worth having. */
const outcome = (file$: Observable<Written>): Observable<E.Either<unknown, readonly Written[]>> =>
  file$.pipe(
    toArray(),
    map((written) => E.right(written)),
    catchError((error: unknown) => of(E.left(error))),
  )

/** Runs the plan; all files come from one pass. */
const run = async (plan: Plan, terminal: Terminal, version: string, signal: AbortSignal): Promise<number> => {
  const { settings, model, labels, steps, config, outputs, engine } = plan
  const captions = Array.from({ length: labels.rows }, (_, row) => {
    const facts = [labels.names?.[row], settings.seedOf?.(row)].filter((fact) => fact !== undefined)
    return facts.length === 0 ? `#${String(row)}` : facts.join(' ')
  })
  const guidance = settings.guidance === 1 ? '' : `, guidance ${String(settings.guidance)}`
  const recipe = `${settings.rule.name}, ${settings.spacing.name}${guidance}`
  const legend = {
    captions,
    pixels: pixelsOf(model),
    text: {
      Software: `rxdiffusion ${version}`,
      Description: `${recipe}, ${settings.noise.name}, ${settings.seeding}, ${engine}`,
    },
  }

  const begun = performance.now()
  let done = 0
  // somebody may have given up before anything began
  const interruption$ = defer(() => (signal.aborted ? of(signal) : fromEvent(signal, 'abort')))
  const frames$ = respace(model.schedule, settings.spacing).pipe(
    denoise(config),
    tap(() => {
      done += 1
    }),
    takeUntil(interruption$),
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

  const walked = `${done < steps.length ? `${String(done)} of ` : ''}${many(steps.length, 'step')}`
  if (done > 0)
    terminal.write(
      `${many(labels.rows, 'sample')}, ${walked} of ${recipe}: ${(took / 1000).toFixed(1)} s, ` +
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
 * Samples, and says so.
 *
 * @param flags - as the command line has them
 * @param terminal - where words go
 * @param version - of this package, for the files
 * @param signal - aborted when the user wants to stop; the files are finished all the same
 * @returns the exit code; nothing is thrown
 */
export const sample = async (
  flags: Flags,
  terminal: Terminal,
  version: string,
  signal: AbortSignal,
): Promise<number> => {
  const prepared = await prepare(flags)()
  if (E.isLeft(prepared)) {
    terminal.write(`${render(prepared.left)}\n`)
    return exitCode.refused
  }
  const { model } = prepared.right
  try {
    return await run(prepared.right, terminal, version, signal)
  } catch (error) {
    terminal.write(`${render(error)}\n`)
    return exitCode.failed
  } finally {
    model[Symbol.dispose]()
  }
}
