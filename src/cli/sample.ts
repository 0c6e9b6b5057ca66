/**
 * `rxdiffusion sample`: from flags to files.
 */
import { resolve } from 'node:path'
import { transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { denoise } from '../stream/denoise.ts'
import { respace } from '../stream/respace.ts'
import { checkSteps } from '../stream/check-steps.ts'
import { printSettings } from '../pipeline/print.ts'
import { batchLabels } from '../model/batch-labels.ts'
import { quoted } from '../quoted.ts'
import { failWith } from './fail-with.ts'
import { type FolderLocks, folderLocks } from './folder-lock.ts'
import { startOf, wordsWithoutPackaged } from './lead-on.ts'
import { commandOf } from './made-by.ts'
import { outputFlagNames, type OutputFlags, outputsOf } from './output-flags.ts'
import { configOf, type Opened, openPlan, recipeOf, resolved } from './plan.ts'
import { resumable, resumedSetting } from './resumable.ts'
import { type BegunWith, type FolderFlags, readRunFolder, type RunFolder } from './run-folder.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Flags } from './settings.ts'
import { exitCode } from './exit-code.ts'
import { printTo } from './terminal.ts'
import { carryOut, type Context, type Plan, writeRun } from './write-run.ts'

/** All flags of `sample`. */
export type SampleFlags = Flags & OutputFlags & FolderFlags & { readonly dryRun?: boolean }

/** How to sample, and, where it can be gone on with, its folder. */
interface Begun {
  readonly flags: Flags
  readonly folder: RunFolder | undefined
}

const folderFlagNames: ReadonlySet<string> = new Set<keyof FolderFlags>([
  'checkpoint',
  'checkpointEvery',
  'resume',
])

/** What says how to sample, of all flags: it is all text, as what switches something on or off is not. */
const samplingOf = (flags: object): BegunWith =>
  Object.fromEntries(
    Object.entries(flags).filter(
      (flag): flag is [string, string] =>
        typeof flag[1] === 'string' && !outputFlagNames.has(flag[0]) && !folderFlagNames.has(flag[0]),
    ),
  )

/** The same wherever it is read again. */
const anywhere = ({ model, ...begun }: BegunWith): BegunWith =>
  model === undefined || model === '' ? { ...begun } : { ...begun, model: resolve(model) }

const readBegun = (flags: Flags & FolderFlags, locks: FolderLocks): TE.TaskEither<Failure, Begun> => {
  const asked = samplingOf(flags)
  const defaults: Readonly<Record<string, unknown>> = { ...samplingDefaults }
  const other = Object.entries(asked).find(([name, value]) => value !== defaults[name])?.[0]
  if (flags.resume !== undefined && other !== undefined)
    return TE.left(
      failWith(
        `--resume goes on with a run as it was begun, and ${quoted(other)} would change it; leave it out`,
      ),
    )
  return pipe(
    readRunFolder('sample', flags, anywhere(asked), locks),
    TE.map((folder) => ({
      flags: { ...samplingDefaults, ...(flags.resume === undefined ? asked : folder?.begun) },
      folder,
    })),
  )
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
    TE.bindW('frames$', ({ opened: { settings }, labels: { rows, condition }, steps, config }) =>
      TE.fromEither(
        resumable(
          folder,
          steps.length,
          config,
          respace(config.model.schedule, settings.spacing, { finalLevel: settings.finalLevel }).pipe(
            denoise({ ...config, condition, batch: rows }),
          ),
        ),
      ),
    ),
    TE.chainFirstW(({ opened: { outputs } }) => folder?.open(outputs) ?? TE.right(undefined)),
    TE.map(({ opened, labels: { rows, names }, steps, config, frames$ }) => {
      const { settings } = opened
      const command = wordsWithoutPackaged(commandOf('sample', flags))
      return {
        ...opened,
        frames$,
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
          command,
          ...startOf({ command }),
          settings: {
            ...resolved(opened, config),
            samples: rows,
            ...(names === undefined ? {} : { labels: names }),
            ...resumedSetting(folder),
          },
        },
      }
    }),
  )

/** Shows what would be run, and with what. */
const showPlan = ({ madeBy: { recipe, settings }, outputs }: Plan, { stdout }: Context): Promise<number> => {
  printTo(stdout)(printSettings({ recipe, ...settings, outputs }))
  return Promise.resolve(exitCode.ok)
}

/**
 * Samples, and says so.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const sample = async (flags: SampleFlags, context: Context): Promise<number> => {
  const locks = folderLocks()
  const plan = pipe(
    readBegun(flags, locks),
    // whoever only tries takes no folder
    TE.chain((begun) =>
      prepare(outputsOf(flags), flags.dryRun === true ? { ...begun, folder: undefined } : begun),
    ),
    TE.chainFirstIOK(({ notices }) => () => {
      for (const notice of notices) context.terminal.write(`${notice}\n`)
    }),
  )
  try {
    return flags.dryRun === true
      ? await carryOut(plan, (settled) => showPlan(settled, context), context)
      : await writeRun(plan, context)
  } finally {
    await locks.giveBack()
  }
}
