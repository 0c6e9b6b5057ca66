/**
 * `rxdiffusion plot`: schedules, spacings and the coefficients of rules, as pictures and as numbers.
 */
import { extname } from 'node:path'
import { attempt } from '../attempt.ts'
import { manifestSchedule, scheduleKinds, type ScheduleSettings } from '../checkpoint/manifest-schedule.ts'
import { scheduleAt } from '../checkpoint/schedule-at.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import { ruleOf } from '../diffusion/solver.ts'
import { spacingOf } from '../diffusion/spacing.ts'
import { finalLevels, transitions } from '../diffusion/transition.ts'
import { defaultModel } from '../engine/load-model.ts'
import { fail, type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { checkWritable, writeWhole } from '../media/sink/files.ts'
import { csvOf } from './csv.ts'
import { type Read, readOneOf, readPath } from './flags.ts'
import { coefficientCurves, type Curves, type Named, scheduleCurves, spacingCurves } from './plot-curves.ts'
import { quoted } from '../quoted.ts'
import { readRule } from './rule-flags.ts'
import { readNamed } from './settings-text.ts'
import { countedSpacing, readSpacing } from './spacing-flags.ts'

/** The flags as the command line has them. */
export interface PlotFlags {
  readonly model?: string
  readonly schedule?: string
  readonly spacing?: string
  readonly steps?: string
  readonly finalLevel?: string
  readonly output?: readonly string[]
}

type Step<A> = TE.TaskEither<Failure, A>

const readSchedule =
  (flag: string) =>
  (text: string): E.Either<Failure, Schedule> =>
    pipe(
      readNamed(flag, scheduleKinds)(text),
      E.chainW((settings) => manifestSchedule(settings as ScheduleSettings)),
    )

/** Reads each text, and calls what it says by the text. */
const named =
  <A>(read: (text: string) => E.Either<Failure, A>) =>
  (texts: readonly string[]): E.Either<Failure, ReadonlyArray<Named<A>>> =>
    pipe(
      texts,
      E.traverseArray((text) =>
        pipe(
          attempt(() => read(text)),
          E.flatten,
          E.map((value): Named<A> => [text, value]),
        ),
      ),
    )

const orElse = (texts: readonly string[], otherwise: readonly string[]): readonly string[] =>
  texts.length === 0 ? otherwise : texts

/** The schedule that is spoken of: by its kind, or that of a model. */
const scheduleOf = ({ schedule, model }: PlotFlags): Step<Schedule> => {
  if (schedule !== undefined && model !== undefined)
    return TE.left(fail('Usage', { reason: '--schedule and --model both name a schedule' }))
  if (schedule !== undefined) return TE.fromEither(readSchedule('--schedule')(schedule))
  return model === undefined
    ? scheduleAt(defaultModel)
    : pipe(TE.fromEither(readPath('--model')(model)), TE.chainW(scheduleAt))
}

/** Whether somebody is to be told how many steps there are, if anybody says. */
const someOpen = (kinds: readonly string[], steps: string | undefined): E.Either<Failure, unknown> =>
  steps !== undefined && kinds.length > 0 && kinds.every((kind) => countedSpacing(kind) !== undefined)
    ? E.left(
        fail('Usage', { reason: `--steps says how many steps there are, and so does ${kinds.join(' ')}` }),
      )
    : E.right(undefined)

/** What can be plotted. */
const plots: Readonly<Record<string, (kinds: readonly string[], flags: PlotFlags) => Step<Curves>>> = {
  schedule: (kinds, flags) =>
    kinds.length === 0 || flags.model !== undefined || flags.schedule !== undefined
      ? pipe(
          scheduleOf(flags),
          TE.bindTo('own'),
          TE.bindW('others', () => TE.fromEither(named(readSchedule('plot schedule'))(kinds))),
          TE.map(({ own, others }) => scheduleCurves([[flags.schedule ?? 'the model’s', own], ...others])),
        )
      : pipe(named(readSchedule('plot schedule'))(kinds), E.map(scheduleCurves), TE.fromEither),

  spacing: (kinds, flags) =>
    pipe(
      TE.fromEither(someOpen(kinds, flags.steps)),
      TE.chain(() => scheduleOf(flags)),
      TE.chainEitherKW((schedule) =>
        pipe(
          orElse(kinds, ['trailing']),
          named((text) =>
            pipe(
              countedSpacing(text) ?? readSpacing(text, flags.steps),
              E.chainW((settings) => spacingOf(settings).levels(schedule)),
            ),
          ),
          E.map(spacingCurves),
        ),
      ),
    ),

  coefficients: (kinds, flags) =>
    pipe(
      TE.Do,
      TE.apSW('schedule', scheduleOf(flags)),
      TE.bindW('finalLevel', () =>
        TE.fromEither(readOneOf('--final-level', finalLevels)(flags.finalLevel ?? 'clean')),
      ),
      TE.bindW('spacing', () => TE.fromEither(readSpacing(flags.spacing ?? 'trailing', flags.steps))),
      TE.bindW('rules', () =>
        TE.fromEither(
          named((sampler) => pipe(readRule({ sampler }, 'fixed-small'), E.map(ruleOf)))(
            orElse(kinds, ['ddim', 'ddpm']),
          ),
        ),
      ),
      TE.chainEitherKW(({ schedule, finalLevel, spacing, rules }) =>
        pipe(
          attempt(() => transitions(schedule, spacingOf(spacing), { finalLevel })),
          E.flatten,
          E.chain((steps) => attempt(() => coefficientCurves(rules, steps))),
        ),
      ),
    ),
}

type Format = 'svg' | 'csv'

/** Where to, and as what; standard output takes numbers. */
interface Target {
  readonly path: string
  readonly format: Format
}

const readTarget = (path: string): Read<Target> => {
  const format = path === '-' ? 'csv' : extname(path).slice(1).toLowerCase()
  return format === 'svg' || format === 'csv'
    ? E.right({ path, format })
    : E.left(
        fail('Usage', {
          reason: `-o takes files that end in .svg or .csv, or - for numbers, not ${quoted(path)}`,
        }),
      )
}

const bytesOf = async (format: Format, curves: Curves): Promise<string> => {
  if (format === 'csv') return csvOf(curves.points)
  // a grammar of graphics is large
  const { toSvg } = await import('./plot-chart.ts')
  return toSvg(curves)
}

/**
 * Plots, and says so.
 *
 * @param what - `schedule`, `spacing` or `coefficients`
 * @param kinds - which ones, as people type them
 * @param flags - as the command line has them
 * @param print - where data goes
 * @param complain - where words go
 * @returns the exit code; nothing is thrown
 */
export const plot = async (
  what: string,
  kinds: readonly string[],
  flags: PlotFlags,
  print: (text: string) => unknown,
  complain: (text: string) => unknown,
): Promise<0 | 2> => {
  const done = await pipe(
    TE.Do,
    TE.apSW('make', TE.fromEither(readOneOf('plot', Object.keys(plots))(what))),
    TE.bindW('targets', () => TE.fromEither(E.traverseArray(readTarget)(orElse(flags.output ?? [], ['-'])))),
    TE.bindW('curves', ({ make }) => plots[make]!(kinds, flags)),
    TE.chainFirstW(({ targets }) =>
      TE.traverseSeqArray(({ path }: Target) => (path === '-' ? TE.right(undefined) : checkWritable(path)))(
        targets,
      ),
    ),
    TE.chainFirstIOK(({ curves: { note } }) => () => {
      if (note !== undefined) complain(`${note}\n`)
    }),
    TE.chainW(({ targets, curves }) =>
      TE.traverseSeqArray(({ path, format }: Target) =>
        pipe(
          TE.fromTask(() => bytesOf(format, curves)),
          TE.chain((text) =>
            path === '-'
              ? TE.fromIO((): unknown => print(text))
              : pipe(
                  writeWhole(path, new TextEncoder().encode(text)),
                  TE.map(({ bytes }): unknown => complain(`wrote ${path} (${String(bytes)} bytes)\n`)),
                ),
          ),
        ),
      )(targets),
    ),
  )()
  if (E.isRight(done)) return 0
  complain(`${render(done.left)}\n`)
  return 2
}
