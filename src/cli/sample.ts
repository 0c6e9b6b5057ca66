/**
 * `rxdiffusion sample`: from flags to files.
 */
import type { Observable } from 'rxjs'
import { transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { toStateFile } from '../media/sink/to-state-file.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { checkpointEvery } from '../stream/operators/checkpoint-every.ts'
import { checkReplay, replayFrom } from '../stream/replay-from.ts'
import { respace } from '../stream/respace.ts'
import { checkSteps } from '../stream/step.ts'
import { batchLabels } from '../model/batch-labels.ts'
import { commandOf } from './made-by.ts'
import { type OutputFlags, outputsOf } from './output-flags.ts'
import { configOf, type Opened, openPlan, recipeOf, resolved, type Tensor } from './plan.ts'
import { type Begun, readBegun, type ResumeFlags, type RunFolder } from './run-folder.ts'
import type { Flags, Settings } from './settings.ts'
import { type Context, type Plan, writeRun } from './write-run.ts'

/** The frames of a run from where it begins, and on the way the states to go on from. */
const framesOf = (
  settings: Settings,
  config: DenoiseConfig<Tensor>,
  folder: RunFolder | undefined,
): Observable<Frame<Tensor>> => {
  const frames$ =
    folder?.state === undefined
      ? respace(config.model.schedule, settings.spacing, { finalLevel: settings.finalLevel }).pipe(
          denoise(config),
        )
      : replayFrom(folder.state, config)
  return folder === undefined
    ? frames$
    : frames$.pipe(checkpointEvery(folder.every, toStateFile(folder.statePath)))
}

const prepare = (
  outputs: OutputFlags,
  { flags, folder }: Begun,
): TE.TaskEither<Failure, Plan & Pick<Opened, 'notices'>> =>
  pipe(
    openPlan({ ...outputs, ...flags }),
    TE.bindTo('opened'),
    TE.bindW('labels', ({ opened: { settings, model } }) =>
      TE.fromEither(batchLabels(model.labels, settings.labels, settings.batch)),
    ),
    TE.bindW('steps', ({ opened: { settings, model } }) =>
      TE.fromEither(transitions(model.schedule, settings.spacing, { finalLevel: settings.finalLevel })),
    ),
    TE.bindW('config', ({ opened }) => TE.fromEither(configOf(opened))),
    TE.chainFirstW(({ config, steps }) => TE.fromEither(checkSteps(config)(steps))),
    TE.chainFirstW(({ config }) =>
      TE.fromEither(folder?.state === undefined ? E.right(undefined) : checkReplay(folder.state, config)),
    ),
    TE.chainFirstW(() => folder?.open ?? TE.right(undefined)),
    TE.map(({ opened, labels: { rows, names, condition }, steps, config }) => {
      const { settings } = opened
      return {
        ...opened,
        frames$: framesOf(settings, { ...config, condition, batch: rows }, folder),
        steps: folder?.state?.ahead.length ?? steps.length,
        rows,
        captions: Array.from({ length: rows }, (_, row) => {
          const facts = [names?.[row], settings.idOf?.(row)].filter((fact) => fact !== undefined)
          return facts.length === 0 ? `#${String(row)}` : facts.join(' ')
        }),
        recipe: recipeOf(settings),
        step: settings.rule.step,
        madeBy: {
          recipe: [recipeOf(settings), settings.noise.name, settings.seeding, opened.engine].join(', '),
          command: commandOf('sample', flags),
          settings: {
            ...resolved(opened, config),
            samples: rows,
            ...(names === undefined ? {} : { labels: names }),
          },
        },
      }
    }),
  )

/**
 * Samples, and says so.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const sample = (flags: Flags & OutputFlags & ResumeFlags, context: Context): Promise<number> =>
  writeRun(
    pipe(
      readBegun(flags),
      TE.chain((begun) => prepare(outputsOf(flags), begun)),
      TE.chainFirstIOK(({ notices }) => () => {
        for (const notice of notices) context.terminal.write(`${notice}\n`)
      }),
    ),
    context,
  )
