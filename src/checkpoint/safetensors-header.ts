/**
 * The beginning of a safetensors file: 8 bytes with the header's length, then the header as JSON; after it come the
 * tensors, without a gap. The format is described at https://github.com/huggingface/safetensors.
 */
import type { Shape } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { isRecord, parseJson, quote } from '../json.ts'
import { bytesPerElement, dtypes, isDtype } from './dtype.ts'
import type { Dtype } from './dtype.ts'

/** Where a tensor lies; `begin` and `end` count bytes from {@link SafetensorsHeader.dataStart}. */
export interface TensorEntry {
  readonly dtype: Dtype
  readonly shape: Shape
  readonly begin: number
  readonly end: number
}

/** What a file holds, before any of its numbers is read. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /** The byte of the file at which the tensors begin. */
  readonly dataStart: number
}

/**
 * How many bytes the header's length takes at the start of a file.
 *
 * @example
 * ```ts
 * expect(parseSafetensors('a', new Uint8Array(PREFIX - 1))).toMatchObject(E.left({ _tag: 'SafetensorsInvalid' }))
 * ```
 */
export const PREFIX = 8
/** The longest header that the format allows, in bytes. */
const LONGEST_HEADER = 100_000_000

type Checked<A> = E.Either<string, A>
type Refusal = FailureOf<'SafetensorsInvalid'>

const blame =
  (path: string) =>
  <A>(checked: Checked<A>): E.Either<Refusal, A> =>
    pipe(
      checked,
      E.mapLeft((reason) => fail('SafetensorsInvalid', { path, reason })),
    )

/**
 * The length of the header, in bytes.
 *
 * @param path - what to call the file in a failure
 * @param prefix - the file's first 8 bytes, or all of a shorter one
 * @param fileSize - in bytes
 * @returns SafetensorsInvalid for a file that can't hold such a header, and for a header above 100 MB
 *
 * @example
 * ```ts
 * expect(headerLength('a.safetensors', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0), 10)).toEqual(E.right(2))
 * ```
 */
export const headerLength = (path: string, prefix: Uint8Array, fileSize: number): E.Either<Refusal, number> =>
  pipe(lengthOf(prefix, fileSize), blame(path))

const lengthOf = (prefix: Uint8Array, fileSize: number): Checked<number> => {
  if (prefix.length < PREFIX) return E.left(`it has ${String(prefix.length)} bytes, too few for a header`)
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX).getBigUint64(0, true)
  const claim = `its header is said to have ${String(length)} bytes`
  if (length > LONGEST_HEADER)
    return E.left(`${claim}, more than the ${String(LONGEST_HEADER)} that are allowed`)
  if (Number(length) > fileSize - PREFIX)
    return E.left(`${claim}, but only ${String(fileSize - PREFIX)} follow`)
  return E.right(Number(length))
}

/**
 * Reads a header, and makes sure that its tensors fill the file exactly: no overlap, no gap, no end that is missing.
 *
 * @param path - what to call the file in a failure
 * @param header - the bytes of the JSON
 * @param fileSize - of the whole file, in bytes
 * @returns SafetensorsInvalid with the first thing that is wrong
 *
 * @example
 * ```ts
 * const file = encodeSafetensors(new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]]))
 * const header = parseHeader('a.safetensors', file.subarray(8, file.length - 8), file.length)
 * expect(header).toMatchObject(E.right({ dataStart: file.length - 8 }))
 * ```
 */
export const parseHeader = (
  path: string,
  header: Uint8Array,
  fileSize: number,
): E.Either<Refusal, SafetensorsHeader> => {
  const dataStart = PREFIX + header.length
  return pipe(
    parseJson(header),
    E.filterOrElse(isRecord, () => 'it is not a JSON object'),
    E.mapLeft((reason) => `its header can't be read: ${reason}`),
    E.chain(({ __metadata__: metadata = {}, ...described }) =>
      pipe(
        E.Do,
        E.apS('metadata', metadataOf(metadata)),
        E.apS('entries', E.traverseArray(entryOf)(Object.entries(described))),
      ),
    ),
    E.chainFirst(({ entries }) => tiling(entries, fileSize - dataStart)),
    E.map(({ metadata, entries }) => ({ metadata, tensors: new Map(entries), dataStart })),
    blame(path),
  )
}

const metadataOf = (metadata: unknown): Checked<Readonly<Record<string, string>>> => {
  if (!isRecord(metadata)) return E.left('its __metadata__ is not an object')
  const wrong = Object.entries(metadata).find(([, value]) => typeof value !== 'string')
  return wrong === undefined
    ? E.right(Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])))
    : E.left(`its __metadata__ has ${quote(wrong[1])} under ${wrong[0]}, and only text is allowed`)
}

const isExtent = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isExtents = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every(isExtent)

const entryOf = ([name, described]: readonly [string, unknown]): Checked<readonly [string, TensorEntry]> => {
  if (!isRecord(described))
    return E.left(`${name} is described by ${quote(described)}, which is not an object`)
  const { dtype, shape, data_offsets: offsets } = described
  if (!isDtype(dtype))
    return E.left(`the dtype of ${name} is ${quote(dtype)}; what can be read is ${dtypes.join(', ')}`)
  if (!isExtents(shape))
    return E.left(`the shape of ${name} is ${quote(shape)}, which is not a list of whole numbers from 0`)
  if (!isExtents(offsets) || offsets.length !== 2)
    return E.left(`the data_offsets of ${name} are ${quote(offsets)}, which are not two whole numbers from 0`)
  const [begin = 0, end = 0] = offsets
  const size = sizeOf(shape) * bytesPerElement(dtype)
  // a product beyond 2⁵³ is no longer exact, but then no file has that many bytes either
  if (end - begin !== size)
    return E.left(
      `${name} has ${String(end - begin)} bytes, but ${dtype} of the shape ${quote(shape)} takes ${String(size)}`,
    )
  return E.right([name, { dtype, shape, begin, end }])
}

const tiling = (entries: ReadonlyArray<readonly [string, TensorEntry]>, dataSize: number): Checked<void> => {
  let covered = 0
  const ordered = entries.toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  for (const [name, { begin, end }] of ordered) {
    if (end > dataSize)
      return E.left(`${name} ends at byte ${String(end)} of the data, but there are only ${String(dataSize)}`)
    if (begin < covered)
      return E.left(`${name} begins at byte ${String(begin)} of the data, within another tensor`)
    if (begin > covered)
      return E.left(`the bytes ${String(covered)} to ${String(begin - 1)} of the data belong to no tensor`)
    covered = end
  }
  return covered === dataSize
    ? E.right(undefined)
    : E.left(`the bytes ${String(covered)} to ${String(dataSize - 1)} of the data belong to no tensor`)
}
