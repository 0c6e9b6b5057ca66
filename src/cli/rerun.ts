/**
 * `rxdiffusion rerun`: a file that this project has written, made again.
 */
import { basename } from 'node:path'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Provenance } from '../media/output/provenance.ts'
import { provenanceOf } from '../media/output/provenance-of.ts'
import { isRecord, parseJson } from '../json.ts'
import { compileDocument, decodeDocument, type Document, invalidDocument } from '../pipeline/document.ts'
import { movePaths } from '../pipeline/paths.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { failWith } from './fail-with.ts'
import { leadWords, ledFrom } from './lead-on.ts'
import { commandOf } from './made-by.ts'
import type { OutputFlags } from './output-flags.ts'
import { readOutputs } from './outputs.ts'
import { isModule, readComposition } from './pipeline-file.ts'
import { refuse } from './refuse.ts'
import { runAll, showAll } from './run.ts'
import { begunWith } from './run-folder.ts'
import type { TellingFlags } from './telling-flags.ts'
import { exitCode } from './exit-code.ts'
import { printTo } from './terminal.ts'
import { type Work, workOf } from './work.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them. */
export interface RerunFlags extends OutputFlags, TellingFlags {
  readonly dryRun?: boolean
}

/** What a verb is told again. */
export type Again = (words: readonly string[]) => Promise<number>

/** Of a fork the branch that a file shows, alone: it is written where somebody says, and no others beside it. */
const ofBranch =
  (branch: string | undefined) =>
  (pipeline: Pipeline): Pipeline => {
    const { fork } = pipeline
    const sampler = branch === undefined ? undefined : fork?.branches[branch]
    return fork === undefined || branch === undefined || sampler === undefined
      ? pipeline
      : { ...pipeline, fork: { ...fork, branches: { [branch]: sampler } } }
  }

/** The pipeline in a file, with outputs of its own. */
const workFrom = (
  path: string,
  { pipeline, command, branch }: Provenance,
  flags: OutputFlags,
  move: (path: string) => string,
): E.Either<Failure, Work> =>
  pipe(
    readOutputs(flags),
    E.bindTo('outputs'),
    E.let('document', ({ outputs }): Document => ({
      value: {
        ...(isRecord(pipeline) ? pipeline : {}),
        outputs: outputs.map((output) =>
          Object.fromEntries(Object.entries(output).filter(([, value]) => value !== undefined)),
        ),
      },
      placeOf: () => path,
    })),
    E.bindW('pipeline', ({ document }) => pipe(decodeDocument(document), E.map(ofBranch(branch)))),
    E.bindW('plan', ({ document, outputs, pipeline }) =>
      compileDocument(document, { ...movePaths(move)(pipeline), outputs }),
    ),
    E.map(({ document, pipeline, plan }) => {
      const work = workOf(command)({ pipeline, plan, refusal: invalidDocument(document) })
      return branch === undefined ? work : { ...work, branch }
    }),
  )

/** The module that a run came from, which is run again as it is now. */
const moduleOf = ([verb, path]: Provenance['command']): string | undefined =>
  verb === 'run' && path !== undefined && isModule(path) ? path : undefined

/** The composition of a module, with outputs of its own. */
const workOfModule = (
  path: string,
  { command }: Provenance,
  flags: OutputFlags,
): TE.TaskEither<Failure, Work> =>
  pipe(
    TE.fromEither(readOutputs(flags)),
    TE.bindTo('outputs'),
    TE.bindW('composition', () => readComposition(path)),
    TE.map(({ outputs, composition }) => ({
      composition: { ...composition, outputs },
      recipe: basename(path),
      command,
    })),
  )

/** What a run in a folder was begun with, as one of its files would say it. */
const madeIn = (folder: string): TE.TaskEither<Failure, Provenance | undefined> =>
  pipe(
    begunWith(folder),
    TE.chainEitherKW((begun): E.Either<Failure, Provenance | undefined> => {
      if (begun === undefined) return E.right(undefined)
      const { verb, flags } = begun
      const made = { version: '', recipe: folder, settings: {} }
      if (verb === 'sample') return E.right({ ...made, command: commandOf(verb, flags) })
      return flags['pipeline'] === undefined
        ? E.left(
            failWith(`The run in ${folder} does not say its pipeline; rerun takes the files that it wrote`),
          )
        : pipe(
            parseJson(flags['pipeline']),
            E.bimap(
              (reason): Failure =>
                fail('ConfigInvalid', { path: folder, reason: `of its pipeline ${reason}` }),
              (pipeline) => ({ ...made, command: [verb, folder], pipeline }),
            ),
          )
    }),
  )

const outputWords = ({ output = [], ...look }: Omit<RerunFlags, 'dryRun'>): readonly string[] => [
  ...output.map((path) => `--output=${path}`),
  ...Object.entries(look).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' ? [`--${name}=${value}`] : value === true ? [`--${name}`] : [],
  ),
]

/**
 * Makes a file again, from what it says of itself.
 *
 * @param path - of the file, of a folder of pictures, or of a run's folder
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @param again - tells a verb its flags
 * @returns the exit code; nothing is thrown
 */
export const rerun = (path: string, flags: RerunFlags, context: Context, again: Again): Promise<number> =>
  pipe(
    madeIn(path),
    TE.chainW((made) => (made === undefined ? provenanceOf(path) : TE.right(made))),
    TE.matchE(
      (failure: Failure) => () => Promise.resolve(refuse(context, failure)),
      (made) => async (): Promise<number> => {
        const move = await ledFrom(made.folder)()
        const provenance = { ...made, command: leadWords(move)(made.command) }
        // a run of flags is its flags; all else is its pipeline, or its module
        const module = moduleOf(provenance.command)
        if (provenance.pipeline === undefined && module === undefined) {
          if (flags.dryRun !== true) return again([...provenance.command, ...outputWords(flags)])
          printTo(context.stdout)(`rxdiffusion ${provenance.command.join(' ')}\n`)
          return exitCode.ok
        }
        const work =
          module === undefined
            ? workFrom(path, provenance, flags, move)
            : await workOfModule(module, provenance, flags)()
        if (E.isLeft(work)) return refuse(context, work.left)
        return flags.dryRun === true ? showAll([work.right], context) : runAll([work.right], context)
      },
    ),
  )()
