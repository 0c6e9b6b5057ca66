/**
 * Files, read with failures as data.
 */
import { constants, createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { fail } from '../failure.ts'
import type { FailureOf } from '../failure.ts'
import { E, TE, pipe } from '../fp.ts'

type Unreadable = FailureOf<'FileUnreadable'>

/** What a pipe, a socket or a device is to those who want a file: reading it may never end. */
export const SPECIAL = 'it is a pipe or a device, not a file'

/** The operating system's reasons that people meet, in words. */
const reasons: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'it does not exist'],
  ['EISDIR', 'it is a folder, not a file'],
  ['ENOTDIR', 'what should be a folder on the way there is a file'],
  ['EACCES', 'reading it is not permitted'],
  ['EPERM', 'reading it is not permitted'],
  ['ENXIO', SPECIAL],
])

/**
 * An operating system's error as a failure.
 *
 * @example
 * ```ts
 * const error = Object.assign(new Error('open'), { code: 'ENOENT' })
 * expect(unreadable('config.json')(error).message).toBe("config.json can't be read: it does not exist.")
 * ```
 */
export const unreadable =
  (path: string) =>
  (error: unknown): Unreadable => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const message = error instanceof Error ? error.message : String(error)
    return fail('FileUnreadable', { path, reason: reasons.get(code) ?? message })
  }

/** What kind of thing lies at a path; `special` is a pipe, a socket or a device. */
export type FileKind = 'file' | 'folder' | 'special' | 'nothing'

/**
 * Looks what lies at a path.
 *
 * @returns FileUnreadable where even that can't be told
 *
 * @example
 * ```ts
 * expect(await fileKind('no/such/path')()).toEqual(E.right('nothing'))
 * ```
 */
export const fileKind = (path: string): TE.TaskEither<Unreadable, FileKind> =>
  TE.tryCatch(async () => {
    try {
      const facts = await stat(path)
      if (facts.isDirectory()) return 'folder'
      return facts.isFile() ? 'file' : 'special'
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
        return 'nothing'
      throw error
    }
  }, unreadable(path))

/**
 * The names in a folder, sorted.
 *
 * @returns FileUnreadable where there is no such folder
 *
 * @example
 * ```ts
 * expect(await listFolder('no/such/folder')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const listFolder = (path: string): TE.TaskEither<Unreadable, readonly string[]> =>
  TE.tryCatch(async () => (await readdir(path)).toSorted(), unreadable(path))

// one read() of the system takes less than 2 GiB
const LARGEST_READ = 2 ** 30

const readAt = async (file: FileHandle, position: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const wanted = Math.min(length - filled, LARGEST_READ)
    const { bytesRead } = await file.read(bytes, filled, wanted, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** Opening a pipe waits for somebody to write into it, unless told not to; Windows knows no such waiting. */
const WITHOUT_WAITING = constants.O_RDONLY | ((constants as { readonly O_NONBLOCK?: number }).O_NONBLOCK ?? 0)

/** Reads bytes of one open file. */
export interface OpenFile {
  /** In bytes, when it was opened. */
  readonly size: number
  /** Bytes from a position on; fewer than `length` where the file ends before. */
  readonly read: (position: number, length: number) => TE.TaskEither<Unreadable, Uint8Array>
}

/**
 * Opens a regular file, uses it, and closes it whatever happens.
 *
 * @returns what `use` returns, or FileUnreadable
 *
 * @example
 * ```ts
 * const size = withFile('no/such/file', (file) => TE.right(file.size))
 * expect(await size()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const withFile = <Problem, A>(
  path: string,
  use: (file: OpenFile) => TE.TaskEither<Problem, A>,
): TE.TaskEither<Problem | Unreadable, A> =>
  pipe(
    TE.tryCatch(async () => {
      const handle = await open(path, WITHOUT_WAITING)
      try {
        const facts = await handle.stat()
        // a folder can be opened, but not read
        if (facts.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
        if (!facts.isFile()) throw new Error(SPECIAL)
        const read: OpenFile['read'] = (position, length) =>
          TE.tryCatch(() => readAt(handle, position, length), unreadable(path))
        return await use({ size: facts.size, read })()
      } finally {
        await handle.close()
      }
    }, unreadable(path)),
    TE.chainEitherKW((result) => result),
  )

/**
 * All bytes of a file.
 *
 * @param path - of the file
 * @param most - how many there may be; any number unless said
 * @returns FileUnreadable where there is no such file, it is a folder, or it is larger
 *
 * @example
 * ```ts
 * expect(await readBytes('no/such/file')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const readBytes = (path: string, most?: number): TE.TaskEither<Unreadable, Uint8Array> =>
  withFile(path, (file) =>
    most !== undefined && file.size > most
      ? TE.left(
          fail('FileUnreadable', {
            path,
            reason: `it has ${String(file.size)} bytes, more than the ${String(most)} that are allowed`,
          }),
        )
      : file.read(0, file.size),
  )

const textOf =
  (path: string) =>
  (bytes: Uint8Array): E.Either<Unreadable, string> =>
    E.tryCatch(
      () => new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      () => fail('FileUnreadable', { path, reason: 'it is not UTF-8 text' }),
    )

/**
 * The text of a file.
 *
 * @param path - of the file
 * @param most - how many bytes it may have
 * @returns FileUnreadable as {@link readBytes}, and where it is not UTF-8
 *
 * @example
 * ```ts
 * expect(await readText('pipelines/models/fashion-mnist/config.json', 9)()).toMatchObject(
 *   E.left({ reason: expect.stringContaining('more than the 9 that are allowed') }),
 * )
 * ```
 */
export const readText = (path: string, most: number): TE.TaskEither<Unreadable, string> =>
  pipe(readBytes(path, most), TE.chainEitherK(textOf(path)))

/**
 * The text of standard input, to its end.
 *
 * @param called - what failures call it
 * @param most - how many bytes it may have
 * @returns FileUnreadable as {@link readText}
 */
export const readStandardInput = (called: string, most: number): TE.TaskEither<Unreadable, string> =>
  pipe(
    TE.tryCatch(async () => {
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of createReadStream('', {
        fd: 0,
        autoClose: false,
      }) as AsyncIterable<Uint8Array>) {
        size += chunk.length
        if (size > most) throw new Error(`it has more than the ${String(most)} bytes that are allowed`)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks)
    }, unreadable(called)),
    TE.chainEitherK(textOf(called)),
  )
