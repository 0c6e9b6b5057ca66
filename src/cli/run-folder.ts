/**
 * A folder from which a run can be gone on with: how it was begun (`run.json`), and how far it has come (`state.safetensors`).
 */
import * as t from 'io-ts'
import { join } from 'node:path'
import { fileKind } from '../checkpoint/read-file.ts'
import { readJson } from '../checkpoint/read-json.ts'
import { readState } from '../checkpoint/read-state.ts'
import { decodeConfig } from '../decode-config.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { checkWritable, writeWhole } from '../media/sink/files.ts'
import { quoted } from '../quoted.ts'
import { failWith } from './fail-with.ts'
import { readNumber } from './flags.ts'
import { outputFlagNames } from './output-flags.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Flags } from './settings.ts'

/** The flags as the command line has them. */
export interface ResumeFlags {
  readonly checkpoint?: string
  readonly checkpointEvery?: string
  readonly resume?: string
}

/** A run that can be gone on with. */
export interface RunFolder {
  /** Where its states are written. */
  readonly statePath: string
  /** Every how manieth step. */
  readonly every: number
  /** Where it goes on from; nothing for one that begins. */
  readonly state?: SavedState
  /** Writes down how it was begun. */
  readonly open: TE.TaskEither<Failure, unknown>
}

/** How to sample, and, where it can be gone on with, its folder. */
export interface Begun {
  readonly flags: Flags
  readonly folder?: RunFolder
}

/** The state's file in a folder. */
export const statePath = (folder: string): string => join(folder, 'state.safetensors')
const runPath = (folder: string): string => join(folder, 'run.json')

/** Of `run.json`; a run's flags are all text. */
const LARGEST = 1_000_000
const codec = t.type({ version: t.literal(1), every: t.number, flags: t.record(t.string, t.string) })

const ownNames: ReadonlySet<string> = new Set<keyof ResumeFlags>(['checkpoint', 'checkpointEvery', 'resume'])

/** What says how to sample, of all flags: it is all text, as what switches something on or off is not. */
const samplingOf = (flags: object): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(flags).filter(
      (flag): flag is [string, string] =>
        typeof flag[1] === 'string' && !outputFlagNames.has(flag[0]) && !ownNames.has(flag[0]),
    ),
  )

const begin = (folder: string, every: number, flags: Flags): TE.TaskEither<Failure, Begun> =>
  pipe(
    fileKind(runPath(folder)),
    TE.filterOrElseW(
      (kind) => kind === 'nothing',
      () =>
        failWith(
          `${folder} has a run already; go on with --resume ${folder}, or give --checkpoint a folder of its own`,
        ),
    ),
    TE.chainW(() => checkWritable(statePath(folder))),
    TE.map(() => {
      const json = JSON.stringify({ version: 1, every, flags: samplingOf(flags) }, undefined, 2)
      const open = writeWhole(runPath(folder), new TextEncoder().encode(`${json}\n`))
      return {
        flags: { ...samplingDefaults, ...samplingOf(flags) },
        folder: { statePath: statePath(folder), every, open },
      }
    }),
  )

const goOn = (folder: string, given: Flags): TE.TaskEither<Failure, Begun> => {
  const path = runPath(folder)
  const defaults: Readonly<Record<string, unknown>> = { ...samplingDefaults }
  const other = Object.entries(samplingOf(given)).find(([name, value]) => value !== defaults[name])?.[0]
  if (other !== undefined)
    return TE.left(
      failWith(
        `--resume goes on with a run as it was begun, and ${quoted(other)} would change it; leave it out`,
      ),
    )
  return pipe(
    readJson(path, LARGEST),
    TE.chainEitherKW(decodeConfig(path, codec)),
    TE.bindTo('run'),
    TE.bindW('kind', () => fileKind(statePath(folder))),
    TE.bindW('state', ({ kind }): TE.TaskEither<Failure, SavedState | undefined> =>
      // it was ended before its first state
      kind === 'nothing' ? TE.right(undefined) : readState(statePath(folder)),
    ),
    TE.map(({ run: { flags, every }, state }) => ({
      flags: { ...samplingDefaults, ...flags },
      folder: {
        statePath: statePath(folder),
        every,
        open: TE.right(undefined),
        ...(state === undefined ? {} : { state }),
      },
    })),
  )
}

/**
 * Reads where a run begins: at noise, or where another was ended.
 *
 * @param flags - of the command line
 * @returns how to sample; or what is wrong about the folder
 */
export const readBegun = (flags: Flags & ResumeFlags): TE.TaskEither<Failure, Begun> => {
  const { checkpoint, checkpointEvery, resume } = flags
  if (resume !== undefined)
    return checkpoint === undefined && checkpointEvery === undefined
      ? goOn(resume, flags)
      : TE.left(failWith('--resume goes on in its own folder; leave --checkpoint and --checkpoint-every out'))
  if (checkpoint === undefined)
    return checkpointEvery === undefined
      ? TE.right({ flags: { ...samplingDefaults, ...samplingOf(flags) } })
      : TE.left(failWith('--checkpoint-every needs --checkpoint, the folder for the states'))
  return pipe(
    TE.fromEither(readNumber('--checkpoint-every', { whole: true, least: 1 })(checkpointEvery ?? '10')),
    TE.chain((every) => begin(checkpoint, every, flags)),
  )
}
