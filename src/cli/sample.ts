/**
 * `rxdiffusion sample`: from flags to files.
 */
import { transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { denoise } from '../stream/denoise.ts'
import { respace } from '../stream/respace.ts'
import { checkSteps } from '../stream/step.ts'
import { batchLabels } from '../model/batch-labels.ts'
import { commandOf } from './made-by.ts'
import type { OutputFlags } from './output-flags.ts'
import { configOf, type Opened, openPlan, recipeOf, resolved } from './plan.ts'
import type { Flags } from './settings.ts'
import { type Context, type Plan, writeRun } from './write-run.ts'

const prepare = (flags: Flags & OutputFlags): TE.TaskEither<Failure, Plan & Pick<Opened, 'notices'>> =>
  pipe(
    openPlan(flags),
    TE.bindTo('opened'),
    TE.bindW('labels', ({ opened: { settings, model } }) =>
      TE.fromEither(batchLabels(model.labels, settings.labels, settings.batch)),
    ),
    TE.bindW('steps', ({ opened: { settings, model } }) =>
      TE.fromEither(transitions(model.schedule, settings.spacing, { finalLevel: settings.finalLevel })),
    ),
    TE.bindW('config', ({ opened }) => TE.fromEither(configOf(opened))),
    TE.chainFirstW(({ config, steps }) => TE.fromEither(checkSteps(config)(steps))),
    TE.map(({ opened, labels: { rows, classes, names }, steps, config }) => {
      const { settings, model } = opened
      const condition = classes === undefined ? {} : { condition: { labels: classes } }
      return {
        ...opened,
        frames$: respace(model.schedule, settings.spacing, { finalLevel: settings.finalLevel }).pipe(
          denoise({ ...config, ...condition, batch: rows }),
        ),
        steps: steps.length,
        rows,
        captions: Array.from({ length: rows }, (_, row) => {
          const facts = [names?.[row], settings.seedOf?.(row)].filter((fact) => fact !== undefined)
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
export const sample = (flags: Flags & OutputFlags, context: Context): Promise<number> =>
  writeRun(
    pipe(
      prepare(flags),
      TE.chainFirstIOK(({ notices }) => () => {
        for (const notice of notices) context.terminal.write(`${notice}\n`)
      }),
    ),
    context,
  )
