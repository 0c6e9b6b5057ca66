/**
 * Which network a model is: a checksum of its files.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { listFolder } from '../checkpoint/read-file.ts'
import { dirname, join } from 'node:path'
import { pipe, T, TE } from '../fp.ts'
import type { EngineName, Model } from './engine.ts'

/** SHA-256 over files, one after the other; enough of its digits that no two networks share them. */
const checksum = async (paths: readonly string[]): Promise<string> => {
  const hash = createHash('sha256')
  for (const path of paths) for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex').slice(0, 16)
}

/** The file of a network, and, of tfjs, the shards beside it. */
export const networkFiles = (path: string): T.Task<readonly string[]> =>
  path.endsWith('.json')
    ? pipe(
        listFolder(dirname(path)),
        TE.match(
          () => [path],
          (names) => [
            path,
            ...names.filter((name) => name.endsWith('.bin')).map((name) => join(dirname(path), name)),
          ],
        ),
      )
    : T.of([path])

/**
 * Says of a model where it comes from. A model whose files have gone meanwhile does not say.
 *
 * @param engine - what runs it
 * @param paths - its files
 */
export const withOrigin =
  (engine: EngineName, paths: readonly string[]) =>
  (model: Model): T.Task<Model> =>
    pipe(
      TE.tryCatch(
        () => checksum(paths),
        () => undefined,
      ),
      TE.match(
        () => model,
        (digits) => ({ ...model, origin: { model: digits, engine } }),
      ),
    )
