/**
 * Safetensors files as bytes; nothing here knows where the bytes come from.
 */
import type { Shape } from '../algebra/algebra.ts'
import type { FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { decodeTensor } from './dtype.ts'
import type { TensorData } from './dtype.ts'
import { PREFIX, headerLength, parseHeader } from './safetensors-header.ts'

/** A tensor's numbers and its shape. */
export interface TensorValues {
  readonly shape: Shape
  readonly data: TensorData
}

/** A whole file, read. */
export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, TensorValues>
}

/**
 * Reads a whole file that lies in memory.
 *
 * @param path - what to call it in a failure
 * @returns SafetensorsInvalid with the first thing that is wrong
 *
 * @example
 * ```ts
 * const tensors = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
 * expect(parseSafetensors('a.safetensors', encodeSafetensors(tensors))).toEqual(E.right({ metadata: {}, tensors }))
 * ```
 */
export const parseSafetensors = (
  path: string,
  bytes: Uint8Array,
): E.Either<FailureOf<'SafetensorsInvalid'>, Safetensors> =>
  pipe(
    headerLength(path, bytes.subarray(0, PREFIX), bytes.length),
    E.chain((length) => parseHeader(path, bytes.subarray(PREFIX, PREFIX + length), bytes.length)),
    E.map(({ metadata, tensors, dataStart }) => ({
      metadata,
      tensors: new Map(
        [...tensors].map(([name, { dtype, shape, begin, end }]) => [
          name,
          { shape, data: decodeTensor(dtype, bytes.subarray(dataStart + begin, dataStart + end)) },
        ]),
      ),
    })),
  )
