/**
 * Files appear whole or not at all: they are written beside their place and renamed into it (Node only).
 */
import { randomUUID } from 'node:crypto'
import {
  access,
  constants,
  mkdir,
  open,
  type FileHandle,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { fail, type FailureOf, isFailure } from '../../failure.ts'
import { TE } from '../../fp.ts'
import { partName } from './leftovers.ts'
import { begun, ended } from './parts.ts'

/** A file that is there now. */
export interface Written {
  readonly path: string
  /** How many bytes it has; a folder, all its files together. Not known of a pipe that another program has written into. */
  readonly bytes?: number
  /** How many frames of the run it shows, where it shows many. */
  readonly frames?: number
  /** The file beside it that says how it was made, where it can't. */
  readonly sidecar?: string
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

/**
 * Why a file can't be written, in our words.
 *
 * @param path - as the user has it
 * @returns a function of what the system said
 *
 * @example
 * ```ts
 * expect(unwritable('x')(Object.assign(new Error(), { code: 'ENOSPC' })).message).toBe("x can't be written: the disk is full.")
 * ```
 */
export const unwritable =
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
  begun(join(dirname(path), partName(basename(path), process.pid, randomUUID())))

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
    ended(name)
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
): TE.TaskEither<FailureOf<'FileUnwritable'>, Written & { readonly bytes: number }> =>
  TE.tryCatch(async () => {
    const { path: place, replace } = await target(path)
    if (replace) {
      await makeDirectory(dirname(place))
      const part = beside(place)
      await scratch(part, bytes, () => rename(part, place))
    } else await writeFile(place, bytes)
    return { path, bytes: bytes.length }
  }, unwritable(path))

/** A file in the making: bytes go to `place`, and the file is there when it is committed. */
export interface PartFile {
  /** Where the bytes are to be written meanwhile. */
  readonly place: string
  /** Puts the file where it belongs, and says so; `passed` bytes went into it, where it is a pipe. Rejects with FileUnwritable. */
  readonly commit: (frames?: number, passed?: number) => Promise<Written>
  /** Leaves no trace. */
  readonly discard: () => Promise<void>
}

/**
 * Begins a file that somebody else writes piece by piece, beside its place.
 *
 * @remarks
 * Devices and pipes are written to directly.
 *
 * @param path - where the file goes; missing directories are made
 * @returns rejects with FileUnwritable
 *
 * @example
 * ```ts
 * const { place, commit } = await beginPart('/dev/null')
 * expect([place, await commit()]).toEqual(['/dev/null', { path: '/dev/null' }])
 * ```
 */
export const beginPart = async (path: string): Promise<PartFile> => {
  try {
    const { path: final, replace } = await target(path)
    if (replace) await makeDirectory(dirname(final))
    const place = replace ? beside(final) : final
    return {
      place,
      commit: async (frames, passed) => {
        try {
          const bytes = replace ? (await stat(place)).size : passed
          if (replace) await rename(place, final)
          ended(place)
          return {
            path,
            ...(bytes === undefined ? {} : { bytes }),
            ...(frames === undefined ? {} : { frames }),
          }
        } catch (error) {
          throw unwritable(path)(error)
        }
      },
      discard: async () => {
        if (replace) await rm(place, { force: true })
        ended(place)
      },
    }
  } catch (error) {
    throw unwritable(path)(error)
  }
}

/**
 * A place for what has to wait on the disk until a file can be written: beside the file, or where this machine keeps what
 * is temporary if that is no place for files. Nothing is made yet.
 *
 * @param path - of the file
 * @returns rejects with FileUnwritable
 *
 * @example
 * ```ts
 * expect(await spoolPlace('/dev/null')).not.toContain('/dev/')
 * ```
 */
export const spoolPlace = async (path: string): Promise<string> => {
  try {
    const { path: final, replace } = await target(path)
    return beside(replace ? final : join(tmpdir(), basename(final)))
  } catch (error) {
    throw unwritable(path)(error)
  }
}

/** A {@link PartFile} that is open. */
export interface OpenFile {
  /** Adds to the end. */
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Puts right what was written before; devices and pipes have no before, and stay as they are. */
  readonly amend: (bytes: Uint8Array, at: number) => Promise<void>
  readonly commit: (frames?: number) => Promise<Written>
  readonly discard: () => Promise<void>
}

/**
 * Opens a file that is written piece by piece, and is there when it is committed.
 *
 * @param path - where it goes; missing directories are made
 * @param beginning - its first bytes
 * @param called - how people know it; by its path unless said
 * @returns everything rejects with FileUnwritable; where this does, nothing is left
 *
 * @example
 * ```ts
 * const file = await openFile('/dev/null')
 * await file.append(new Uint8Array(3))
 * expect(await file.commit()).toEqual({ path: '/dev/null', bytes: 3 })
 * ```
 */
export const openFile = async (
  path: string,
  beginning: Uint8Array = new Uint8Array(),
  called: string = path,
): Promise<OpenFile> => {
  const part = await beginPart(path)
  const refusing = async <A>(work: () => Promise<A>): Promise<A> => {
    try {
      return await work()
    } catch (error) {
      throw isFailure(error) ? error : unwritable(called)(error)
    }
  }
  let handle: FileHandle | undefined = await refusing(() => open(part.place, 'w'))
  const isRegular = (await handle.stat()).isFile()
  let passed = 0
  const close = async (): Promise<void> => {
    const closing = handle
    handle = undefined
    await closing?.close()
  }
  const file: OpenFile = {
    append: (bytes) =>
      refusing(async () => {
        await handle?.appendFile(bytes)
        passed += bytes.length
      }),
    amend: (bytes, at) =>
      refusing(async () => {
        if (isRegular) await handle?.write(bytes, 0, bytes.length, at)
      }),
    commit: async (frames) => {
      await refusing(close)
      return part.commit(frames, passed)
    },
    discard: async () => {
      try {
        await close()
      } finally {
        await part.discard()
      }
    },
  }
  try {
    if (beginning.length > 0) await file.append(beginning)
    return file
  } catch (error) {
    await file.discard()
    throw error
  }
}
