/**
 * `rxdiffusion run`: pipelines from files to files.
 */
import { resolve } from 'node:path'
import { tap } from 'rxjs'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { checkOutput } from '../media/output/check-output.ts'
import type { Output } from '../media/output/output.ts'
import type { Plan as Compiled } from '../pipeline/compile.ts'
import type { Composed } from '../pipeline/composition.ts'
import { encodePipeline } from '../pipeline/decode.ts'
import { movePaths } from '../pipeline/paths.ts'
import { printPipeline } from '../pipeline/print.ts'
import { startOf, withoutPackaged } from './lead-on.ts'
import { type Opened, openModel } from './plan.ts'
import { failWith } from './fail-with.ts'
import { folderLocks, type FolderLocks } from './folder-lock.ts'
import { refuse } from './refuse.ts'
import { rehearse } from './rehearse.ts'
import { resumable, resumedSetting } from './resumable.ts'
import { type BegunWith, type FolderFlags, readRunFolder, type RunFolder } from './run-folder.ts'
import { saidAt } from './said-at.ts'
import { exitCode } from './exit-code.ts'
import { printTo } from './terminal.ts'
import { composed, readWork, type Work } from './work.ts'
import { type Context, type Plan, writeRun } from './write-run.ts'

/** The flags as the command line has them. */
export interface RunFlags extends FolderFlags {
  readonly set?: readonly string[]
  readonly dryRun?: boolean
}

/** Frees a model that will not be run. */
const orFree =
  ({ model }: Pick<Opened, 'model'>) =>
  <A>(task: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    let used = false
    try {
      const result = await task()
      used = E.isRight(result)
      return result
    } finally {
      if (!used) model[Symbol.dispose]()
    }
  }

/** The plan of a run; its steps and rows are known when frames have come. */
const planOf = (
  { composition: { outputs }, recipe, command, planned, branch }: Work,
  { model, engine, advice }: Pick<Opened, 'model' | 'engine' | 'advice'>,
  { frames$, captions = [], columns, branches }: Composed,
  folder: RunFolder | undefined,
): Plan => {
  const seen = { steps: 0, rows: 0 }
  const pipeline = planned && withoutPackaged(planned.plan.pipeline)
  return {
    model,
    engine,
    advice,
    outputs,
    frames$: frames$.pipe(
      tap(({ xt, transition: { count } }) => {
        seen.steps = count
        seen.rows = xt.shape[0]
      }),
    ),
    get steps() {
      return seen.steps
    },
    get rows() {
      return seen.rows
    },
    captions,
    columns,
    branches: branch === undefined ? branches : undefined,
    recipe,
    madeBy: {
      recipe: `${recipe}, ${engine}`,
      command,
      settings: { engine, ...resumedSetting(folder) },
      ...startOf({ command }, pipeline),
      ...(branch === undefined ? {} : { branch }),
      ...(pipeline === undefined ? {} : { pipeline: encodePipeline(pipeline) }),
    },
  }
}

/** How many steps there are, where that can be said. */
const stepsOf = ({ pipeline: { steps } }: Compiled): number =>
  'count' in steps ? steps.count : 'timesteps' in steps ? steps.timesteps.length : 10

/** A run in its folder. */
const inFolder =
  (plan: Compiled | undefined, { model }: Pick<Opened, 'model'>, folder: RunFolder | undefined) =>
  (composed: Composed): TE.TaskEither<Failure, Composed> => {
    if (folder === undefined) return TE.right(composed)
    if (plan?.chain === undefined)
      return TE.left(failWith('--checkpoint and --resume are for pipelines that sample without a fork'))
    return pipe(
      plan.chain(model),
      E.chain((config) => resumable(folder, stepsOf(plan), config, composed.frames$)),
      E.map((frames$) => ({ ...composed, frames$ })),
      TE.fromEither,
    )
  }

/** What a run of data is begun with: its pipeline, which leads to the same files from anywhere. */
const begunWith = ({ planned }: Work): BegunWith =>
  planned === undefined
    ? {}
    : {
        pipeline: JSON.stringify(encodePipeline(movePaths((path) => resolve(path))(planned.plan.pipeline))),
      }

/** Everything that can be refused before the first step. */
const prepare = (work: Work, flags: RunFlags, locks: FolderLocks): TE.TaskEither<Failure, Plan> => {
  const { outputs, model, engine = 'auto' } = work.composition
  return pipe(
    TE.traverseSeqArray((output: Output) => checkOutput(output))(outputs),
    TE.chain(() => readRunFolder('run', flags, begunWith(work), locks)),
    TE.bindTo('folder'),
    TE.bind('opened', () => pipe(openModel({ engine, model }), TE.mapLeft(saidAt(work.planned)))),
    TE.chain(({ folder, opened }) =>
      pipe(
        composed(work, opened.model),
        TE.chain(inFolder(work.planned?.plan, opened, folder)),
        TE.chainFirst(() => folder?.open(outputs) ?? TE.right(undefined)),
        TE.map((composed) => planOf(work, opened, composed, folder)),
        orFree(opened),
      ),
    ),
  )
}

/**
 * Runs one after the other, until one fails.
 *
 * @returns the exit code; nothing is thrown
 */
export const runAll = async (
  all: readonly Work[],
  context: Context,
  flags: RunFlags = {},
): Promise<number> => {
  if (all.length > 1 && (flags.checkpoint ?? flags.resume) !== undefined)
    return refuse(context, failWith('--checkpoint and --resume are for one run, and this is a sweep'))
  for (const work of all) {
    const locks = folderLocks()
    try {
      const code = await writeRun(prepare(work, flags, locks), context)
      if (code !== exitCode.ok) return code
    } finally {
      await locks.giveBack()
    }
  }
  return exitCode.ok
}

/**
 * Shows what would be run, if it could be.
 *
 * @returns the exit code; nothing is thrown
 */
export const showAll = (all: readonly Work[], context: Context): Promise<number> =>
  pipe(
    all,
    TE.traverseSeqArray(rehearse),
    TE.match(
      (failure): number => refuse(context, failure),
      () => {
        printTo(context.stdout)(
          all
            .map(({ planned, recipe }) =>
              planned === undefined ? `# ${recipe}\n` : printPipeline(planned.pipeline),
            )
            .join('---\n'),
        )
        return exitCode.ok
      },
    ),
  )()

/**
 * Runs the pipelines of a file.
 *
 * @param path - YAML, JSON, or a module that exports a composition
 * @param flags - as the command line has them
 * @param context - where words and data go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const runCommand = async (path: string, flags: RunFlags, context: Context): Promise<number> => {
  const work = await readWork(path, flags.set)()
  if (E.isLeft(work)) return refuse(context, work.left)
  return flags.dryRun === true ? showAll(work.right, context) : runAll(work.right, context, flags)
}
