/**
 * A folder from which a run can be gone on with: how it was begun (`run.json`), how far it has come (`state.safetensors`), and, while it is
 * under way, who is at work in it (`lock`).
 */
import * as t from 'io-ts'
import { join } from 'node:path'
import { fileKind } from '../checkpoint/read-file.ts'
import { readJson } from '../checkpoint/read-json.ts'
import { readState } from '../checkpoint/read-state.ts'
import { decodeConfig } from '../decode-config.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Output } from '../media/output/output.ts'
import { checkWritable, writeWhole } from '../media/sink/files.ts'
import { sweepLeftovers } from '../media/sink/leftovers.ts'
import { failWith } from './fail-with.ts'
import { readNumber } from './flags.ts'
import type { FolderLocks } from './folder-lock.ts'

/** The flags as the command line has them. */
export interface FolderFlags {
  /** A folder to save the state of the run in, again and again. */
  readonly checkpoint?: string
  readonly checkpointEvery?: string
  /** A folder with a run to go on with. */
  readonly resume?: string
}

/** What a run was begun with, as text by name. */
export type BegunWith = Readonly<Record<string, string>>

/** A run that can be gone on with. */
export interface RunFolder {
  readonly path: string
  /** Every how manieth step a state is written; a tenth of them unless somebody has said. */
  readonly every: number | undefined
  readonly begun: BegunWith
  /** Where it goes on from; nothing for one that begins. */
  readonly state?: SavedState
  /** Takes the folder for a run that is about to begin, and clears away what one that was killed has left. */
  readonly open: (outputs: readonly Output[]) => TE.TaskEither<Failure, unknown>
}

/** Who begins runs: what one has begun, another can't go on with. */
export type RunVerb = 'sample' | 'run'

/** The state's file in a folder. */
export const statePath = (folder: string): string => join(folder, 'state.safetensors')
const runPath = (folder: string): string => join(folder, 'run.json')

/** Of `run.json`; what a run was begun with is all text. */
const LARGEST = 1_000_000
const codec = t.intersection([
  t.type({ version: t.literal(1), flags: t.record(t.string, t.string) }),
  // the first of these folders were all of sample
  t.partial({ every: t.number, verb: t.union([t.literal('sample'), t.literal('run')]) }),
])

/** How the run of a folder was begun. */
const begunIn = (
  folder: string,
): TE.TaskEither<
  Failure,
  { readonly verb: RunVerb; readonly every: number | undefined; readonly flags: BegunWith }
> =>
  pipe(
    readJson(runPath(folder), LARGEST),
    TE.chainEitherKW(decodeConfig(runPath(folder), codec)),
    TE.map(({ verb = 'sample', every, flags }) => ({ verb, every, flags })),
  )

/**
 * What the run of a folder was begun with, if it is such a folder.
 *
 * @returns nothing for any other path
 */
export const begunWith = (
  folder: string,
): TE.TaskEither<Failure, { readonly verb: RunVerb; readonly flags: BegunWith } | undefined> =>
  pipe(
    fileKind(runPath(folder)),
    TE.chainW((kind) => (kind === 'file' ? begunIn(folder) : TE.right(undefined))),
  )

const free = (folder: string): TE.TaskEither<Failure, unknown> =>
  pipe(
    fileKind(runPath(folder)),
    TE.filterOrElseW(
      (kind) => kind === 'nothing',
      () =>
        failWith(
          `${folder} has a run already; go on with --resume ${folder}, or give --checkpoint a folder of its own`,
        ),
    ),
  )

const sweep = (paths: readonly string[]): TE.TaskEither<Failure, unknown> =>
  TE.traverseArray(sweepLeftovers)(paths)

const begin = (
  verb: RunVerb,
  path: string,
  every: number | undefined,
  begun: BegunWith,
  locks: FolderLocks,
): TE.TaskEither<Failure, RunFolder> => {
  const json = JSON.stringify({ version: 1, verb, every, flags: begun }, undefined, 2)
  const open = (): TE.TaskEither<Failure, unknown> =>
    pipe(
      locks.take(path),
      // another may have begun, and even ended, meanwhile
      TE.chainW(() => free(path)),
      TE.chainW(() => writeWhole(runPath(path), new TextEncoder().encode(`${json}\n`))),
    )
  return pipe(
    free(path),
    TE.chainW(() => checkWritable(statePath(path))),
    TE.map(() => ({ path, every, begun, open })),
  )
}

const goOn = (verb: RunVerb, path: string, locks: FolderLocks): TE.TaskEither<Failure, RunFolder> =>
  pipe(
    begunIn(path),
    TE.filterOrElseW(
      (run) => run.verb === verb,
      (run) => failWith(`${path} has a run of rxdiffusion ${run.verb}; that goes on with it`),
    ),
    TE.bindTo('run'),
    // nobody is to write the state while it is read
    TE.chainFirstW(() => locks.take(path)),
    TE.bindW('kind', () => fileKind(statePath(path))),
    TE.bindW('state', ({ kind }): TE.TaskEither<Failure, SavedState | undefined> =>
      // it was ended before its first state
      kind === 'nothing' ? TE.right(undefined) : readState(statePath(path)),
    ),
    TE.map(({ run: { flags, every }, state }) => ({
      path,
      every,
      begun: flags,
      open: (outputs: readonly Output[]) => sweep([statePath(path), ...outputs.map((output) => output.path)]),
      ...(state === undefined ? {} : { state }),
    })),
  )

/**
 * Reads where a run begins: at noise, or where another was ended.
 *
 * @param verb - who asks
 * @param flags - of the command line
 * @param begun - what a new run is begun with
 * @param locks - of the command
 * @returns the folder, if there is to be one; or what is wrong about it
 */
export const readRunFolder = (
  verb: RunVerb,
  { checkpoint, checkpointEvery, resume }: FolderFlags,
  begun: BegunWith,
  locks: FolderLocks,
): TE.TaskEither<Failure, RunFolder | undefined> => {
  if (resume !== undefined)
    return checkpoint === undefined && checkpointEvery === undefined
      ? goOn(verb, resume, locks)
      : TE.left(failWith('--resume goes on in its own folder; leave --checkpoint and --checkpoint-every out'))
  if (checkpoint === undefined)
    return checkpointEvery === undefined
      ? TE.right(undefined)
      : TE.left(failWith('--checkpoint-every needs --checkpoint, the folder for the states'))
  return pipe(
    TE.fromEither(
      checkpointEvery === undefined
        ? E.right(undefined)
        : readNumber('--checkpoint-every', { whole: true, least: 1 })(checkpointEvery),
    ),
    TE.chain((every) => begin(verb, checkpoint, every, begun, locks)),
  )
}
