/**
 * A network's file, by its kind.
 */
import type { NetworkKind } from '../checkpoint/manifest-network.ts'
import { openTfjsFolder } from '../checkpoint/tfjs-folder.ts'
import { fail, type Failure } from '../failure.ts'
import { fileKind, SPECIAL } from '../checkpoint/read-file.ts'
import { pipe, TE } from '../fp.ts'
import { openOnnxFile } from './onnx-file.ts'
import type { Network } from './network.ts'
import { openTfjs } from './tfjs-network.ts'

/**
 * Opens a network's file.
 *
 * @param kind - what it is
 * @param path - of the file
 * @returns FileUnreadable, ConfigInvalid for a `model.json` of another kind, EngineUnavailable, or ModelRejected
 *
 * @example
 * ```ts
 * expect(await openNetwork('onnx', 'no/such.onnx')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const openNetwork = (kind: NetworkKind, path: string): TE.TaskEither<Failure, Network> =>
  kind === 'onnx' ? openOnnx(path) : openTfjsOf(kind, path)

type Step<A> = TE.TaskEither<Failure, A>

const otherThanFile = {
  nothing: 'it does not exist',
  folder: 'it is a folder, not a file',
  special: SPECIAL,
} as const

const openOnnx = (path: string): Step<Network> =>
  pipe(
    fileKind(path),
    TE.chainW((found): Step<Network> => {
      return found === 'file'
        ? openOnnxFile(path)
        : TE.left(fail('FileUnreadable', { path, reason: otherThanFile[found] }))
    }),
  )

const openTfjsOf = (kind: NetworkKind, path: string): Step<Network> =>
  pipe(
    openTfjsFolder(path),
    TE.chainW((folder): Step<Network> => {
      const reason = `it is of the kind ${folder.kind}, and model.yaml says ${kind}`
      return folder.kind === kind ? openTfjs(folder) : TE.left(fail('ConfigInvalid', { path, reason }))
    }),
  )
