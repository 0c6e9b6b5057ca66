/**
 * One run for each folder: who is at work in it says so there.
 */
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { isRecord, parseJson } from '../json.ts'
import { unwritable, writeWhole } from '../media/sink/files.ts'
import { isAlive } from '../media/sink/leftovers.ts'

/** Folders that a command works in. */
export interface FolderLocks {
  /** Takes a folder, which is made if need be; or says who is at work in it. */
  readonly take: (folder: string) => TE.TaskEither<Failure, void>
  /** Gives them all back. */
  readonly giveBack: () => Promise<void>
}

const lockPath = (folder: string): string => join(folder, 'lock')

const reading = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)

/** Who is at work, as far as that can be told; nobody, where it was a process of this machine that is no more. */
const workerOf = (text: string): string | undefined => {
  const parsed = parseJson(text)
  const { pid, host } = E.isRight(parsed) && isRecord(parsed.right) ? parsed.right : {}
  if (typeof pid !== 'number' || typeof host !== 'string') return 'something'
  if (host !== hostname()) return `process ${String(pid)} on ${host}`
  return isAlive(pid) ? `process ${String(pid)}` : undefined
}

const taken = (folder: string, worker: string): Failure =>
  fail('Usage', {
    reason: `${folder} is in use by ${worker}; wait until it ends, or remove ${lockPath(folder)} if it has`,
  })

/** Puts a file where there is none, whole from the first moment. */
const place = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Takes the folder for this process, unless somebody who is alive has it; names who has. */
const claim = async (folder: string, mine: string): Promise<string | undefined> => {
  const path = lockPath(folder)
  if (await place(mine, path)) return undefined
  const seen = (await reading(path)) ?? ''
  const worker = workerOf(seen)
  if (worker !== undefined) return worker
  const aside = `${mine}.aside`
  await rename(path, aside).catch(() => undefined)
  const removed = await reading(aside)
  // another has taken it over meanwhile, and goes on having it
  if (removed !== undefined && removed !== seen) await place(aside, path)
  await rm(aside, { force: true })
  return (await place(mine, path)) ? undefined : (workerOf((await reading(path)) ?? '') ?? 'something')
}

/** Opens a command's locks. */
export const folderLocks = (): FolderLocks => {
  const held = new Set<string>()
  const taking = (folder: string, mine: string): TE.TaskEither<Failure, void> =>
    pipe(
      TE.tryCatch(
        async () => {
          try {
            return await claim(folder, mine)
          } finally {
            await rm(mine, { force: true })
          }
        },
        unwritable(lockPath(folder)),
      ),
      TE.chainW((worker) => {
        if (worker !== undefined) return TE.left(taken(folder, worker))
        held.add(folder)
        return TE.right(undefined)
      }),
    )
  return {
    take: (folder) => {
      const mine = join(folder, `lock.${randomUUID()}`)
      const words = new TextEncoder().encode(JSON.stringify({ pid: process.pid, host: hostname() }))
      return pipe(
        writeWhole(mine, words),
        TE.chainW(() => taking(folder, mine)),
      )
    },
    giveBack: async () => {
      await Promise.all([...held].map((folder) => rm(lockPath(folder), { force: true })))
      held.clear()
    },
  }
}
