/** What writers that were killed have left beside their files (Node only). */
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { TE } from '../../fp.ts'

const part = /^\.(.*)\.\d+\.[-\da-f]{36}\.part$/

/**
 * The name of a file in the making: its writer's process is in it, so that others can tell whether that is still at work. What is itself only there
 * until a file has been written, is called after that file.
 */
export const partName = (name: string, pid: number, id: string): string =>
  `.${(part.exec(name)?.[1] ?? name).slice(0, 32)}.${String(pid)}.${id}.part`

/**
 * Whether a process of this machine is alive.
 *
 * @example
 * ```ts
 * expect(isAlive(process.pid)).toBe(true)
 * ```
 */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // it is somebody else's
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Removes what writers of a file have left beside it that are no more. What can't be removed stays: it harms nobody.
 *
 * @param path - of the file, which need not exist
 *
 * @example
 * ```ts
 * await sweepLeftovers('nowhere/film.mp4')()
 * ```
 */
export const sweepLeftovers = (path: string): TE.TaskEither<never, void> =>
  TE.fromTask(async () => {
    const folder = dirname(path)
    const names = await readdir(folder).catch(() => [])
    const start = `.${basename(path).slice(0, 32)}.`
    await Promise.all(
      names.map(async (name) => {
        if (!name.startsWith(start)) return
        const [, pid] = /^(\d+)\.[-\da-f]{36}\.part$/.exec(name.slice(start.length)) ?? []
        if (pid !== undefined && !isAlive(Number(pid)))
          await rm(join(folder, name), { force: true }).catch(() => undefined)
      }),
    )
  })
