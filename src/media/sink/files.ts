/**
 * Files appear whole or not at all: they are written beside their place and renamed into it (Node only).
 */
import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { fail, type FailureOf } from '../../failure.ts'
import { TE } from '../../fp.ts'

/** A file that is there now. */
export interface Written {
  readonly path: string
  /** How many bytes it has. */
  readonly bytes: number
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'there is no permission'],
  ['EPERM', 'there is no permission'],
  ['EISDIR', 'it is a directory'],
  ['ENOTDIR', 'its directory is a file'],
  ['EEXIST', 'its directory is a file'],
  ['EROFS', 'the file system is read-only'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'it would be too large for the file system'],
  ['ENAMETOOLONG', 'its name is too long'],
  ['ELOOP', 'its links go round in circles'],
  ['EMFILE', 'too many files are open'],
  ['ENOENT', 'files cannot be made there'],
  ['ERR_INVALID_ARG_VALUE', 'it is no valid path'],
])

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const unwritable =
  (path: string) =>
  (error: unknown): FailureOf<'FileUnwritable'> =>
    fail('FileUnwritable', { path, reason: reasons.get(codeOf(error)) ?? codeOf(error) })

/** Undefined where nothing is there; other errors stay errors. */
const statOf = async (path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> => {
  try {
    return await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const refusal = (code: string): Error => Object.assign(new Error(code), { code })

/** Where the bytes go: into a new file that takes the place of `path`, or straight into a device or pipe. */
const target = async (path: string): Promise<{ readonly path: string; readonly replace: boolean }> => {
  const there = path === '' || path.endsWith('/') || path.endsWith(sep) ? 'directory' : await statOf(path)
  if (there === 'directory' || there?.isDirectory()) throw refusal('EISDIR')
  // a link stays a link: what it points to is replaced
  return there === undefined
    ? { path: resolve(path), replace: true }
    : { path: await realpath(path), replace: there.isFile() }
}

const beside = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 32)}.${randomUUID()}.part`)

/** The directory itself, or the nearest above it that exists. */
const nearest = async (directory: string): Promise<string> =>
  (await statOf(directory)) === undefined && dirname(directory) !== directory
    ? nearest(dirname(directory))
    : directory

/** Makes what is missing of a directory, from the top; Node's own `recursive` never returns where /proc says no. */
const makeDirectory = async (directory: string): Promise<void> => {
  if ((await statOf(directory)) !== undefined) return
  await makeDirectory(dirname(directory))
  try {
    await mkdir(directory)
  } catch (error) {
    // another writer was quicker
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** Writes a new file under a name that is nobody's, hands it to `then`, and leaves no trace of it. */
const scratch = async (name: string, bytes: Uint8Array, then: () => Promise<void>): Promise<void> => {
  try {
    await writeFile(name, bytes, { flag: 'wx' })
    await then()
  } finally {
    await rm(name, { force: true })
  }
}

/**
 * Whether a file could be written, found out before anything is computed. Leaves nothing behind.
 *
 * @remarks
 * Missing directories count as writable where they could be made. Whether the disk will have room is not asked.
 *
 * @param path - of a file that may or may not exist
 * @returns `FileUnwritable` with the reason, on the left
 *
 * @example
 * ```ts
 * expect(await checkWritable('/dev/null/out.png')()).toMatchObject({
 *   left: { reason: 'its directory is a file' },
 * })
 * ```
 */
export const checkWritable = (path: string): TE.TaskEither<FailureOf<'FileUnwritable'>, void> =>
  TE.tryCatch(async () => {
    const { path: place, replace } = await target(path)
    if ((await statOf(place)) !== undefined) await access(place, constants.W_OK)
    if (replace) {
      const directory = await nearest(dirname(place))
      // only making a file tells: rights, read-only mounts and /proc each say no in their own way
      await scratch(beside(join(directory, basename(place))), new Uint8Array(), () => Promise.resolve())
    }
  }, unwritable(path))

/**
 * Writes a file whole: readers see the old bytes or all of the new ones, never half of them.
 *
 * @remarks
 * Missing directories are made. Devices and pipes (`/dev/stdout`) are written to directly.
 *
 * @param path - where the file goes; what was there is replaced
 * @param bytes - its contents
 * @returns what was written; `FileUnwritable` with the reason, on the left, and then nothing is left lying about
 *
 * @example
 * ```ts
 * expect(await writeWhole('/dev/null', new Uint8Array(3))()).toMatchObject({ right: { path: '/dev/null', bytes: 3 } })
 * expect(await writeWhole('/', new Uint8Array(3))()).toMatchObject({ left: { reason: 'it is a directory' } })
 * ```
 */
export const writeWhole = (
  path: string,
  bytes: Uint8Array,
): TE.TaskEither<FailureOf<'FileUnwritable'>, Written> =>
  TE.tryCatch(async () => {
    const { path: place, replace } = await target(path)
    if (replace) {
      await makeDirectory(dirname(place))
      const part = beside(place)
      await scratch(part, bytes, () => rename(part, place))
    } else await writeFile(place, bytes)
    return { path, bytes: bytes.length }
  }, unwritable(path))
