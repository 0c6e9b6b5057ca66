/**
 * A safetensors file on disk: its header is read at once, each tensor when somebody asks for it.
 */
import type { Shape } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import type { FailureOf } from '../failure.ts'
import { TE, pipe } from '../fp.ts'
import { decodeTensor, toFloat32 } from './dtype.ts'
import type { Dtype, TensorData } from './dtype.ts'
import { withFile } from './read-file.ts'
import { PREFIX, headerLength, parseHeader } from './safetensors-header.ts'
import type { SafetensorsHeader, TensorEntry } from './safetensors-header.ts'

/** Why a safetensors file could not be read. */
export type SafetensorsFailure = FailureOf<'FileUnreadable' | 'SafetensorsInvalid'>

/** A tensor that has not been read yet. */
export interface StoredTensor {
  readonly dtype: Dtype
  readonly shape: Shape
  /** Reads its numbers, in row-major order, as they are stored; again every time. */
  readonly read: TE.TaskEither<SafetensorsFailure, TensorData>
  /** Reads its numbers as float32. */
  readonly float32: TE.TaskEither<SafetensorsFailure, Float32Array>
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly path: string
  readonly metadata: Readonly<Record<string, string>>
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/**
 * Opens a safetensors file: reads and checks its header, and closes it again.
 *
 * @returns FileUnreadable, or SafetensorsInvalid with the first thing that is wrong
 *
 * @example
 * ```ts
 * const file = await openSafetensors('no/such/file.safetensors')()
 * expect(file).toMatchObject(E.left({ message: "no/such/file.safetensors can't be read: it does not exist." }))
 * ```
 */
export const openSafetensors = (path: string): TE.TaskEither<SafetensorsFailure, SafetensorsFile> =>
  pipe(
    withFile(path, (file) =>
      pipe(
        file.read(0, PREFIX),
        TE.chainEitherKW((prefix) => headerLength(path, prefix, file.size)),
        TE.chainW((length) => file.read(PREFIX, length)),
        TE.chainEitherKW((header) => parseHeader(path, header, file.size)),
      ),
    ),
    TE.map(({ metadata, tensors, dataStart }: SafetensorsHeader) => ({
      path,
      metadata,
      tensors: new Map([...tensors].map(([name, entry]) => [name, stored(path, dataStart, name, entry)])),
    })),
  )

const stored = (path: string, dataStart: number, name: string, entry: TensorEntry): StoredTensor => {
  const { dtype, shape, begin, end } = entry
  const read = pipe(
    withFile<SafetensorsFailure, Uint8Array>(path, (file) => file.read(dataStart + begin, end - begin)),
    TE.filterOrElseW(
      (bytes) => bytes.length === end - begin,
      () => fail('SafetensorsInvalid', { path, reason: `it has become shorter, and ${name} is cut off` }),
    ),
    TE.map((bytes) => decodeTensor(dtype, bytes)),
  )
  return { dtype, shape, read, float32: pipe(read, TE.map(toFloat32)) }
}
