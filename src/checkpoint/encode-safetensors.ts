/**
 * Tensors as the bytes of a safetensors file.
 */
import type { Shape } from '../algebra/algebra.ts'
import { showShape, sizeOf } from '../algebra/shape.ts'
import { bytesPerElement, type Dtype, dtypeOf, dtypes } from './dtype.ts'
import type { TensorValues } from './safetensors.ts'

/** Where the tensors begin is a multiple of this, so that whoever maps the file into memory finds them aligned. */
const ALIGNMENT = 8

/**
 * Writes tensors and texts as safetensors: byte by byte what the format's own library writes, which sorts the tensors
 * by the width of their elements and then by name.
 *
 * @param tensors - by name; float32 arrays are written as F32, byte arrays as U8, and so on
 * @param metadata - texts about the whole
 * @throws RangeError for an array that is not as long as its shape says, and for a tensor called `__metadata__`
 *
 * @example
 * ```ts
 * const bytes = encodeSafetensors(new Map([['w', { shape: [1], data: Float32Array.of(1) }]]), { made: 'here' })
 * expect(parseSafetensors('w.safetensors', bytes)).toMatchObject(E.right({ metadata: { made: 'here' } }))
 * ```
 */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, TensorValues>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const ordered = [...tensors].map(checked).toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
  let end = 0
  const described = ordered.map(({ name, dtype, shape, bytes }) => {
    const begin = end
    end += bytes.length
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const
  })
  const header = safetensorsHeader(described, metadata)
  const file = new Uint8Array(header.length + end)
  file.set(header)
  ordered.reduce((at, { bytes }) => {
    file.set(bytes, at)
    return at + bytes.length
  }, header.length)
  return file
}

/** What a header says of a tensor. */
export interface TensorPlace {
  readonly dtype: Dtype
  readonly shape: Shape
  /** Where its bytes begin and end, counted from the end of the header. */
  readonly data_offsets: readonly [begin: number, end: number]
}

/**
 * The beginning of a safetensors file, after which the tensors' bytes come one after the other.
 *
 * @param tensors - by name, in the order of their bytes
 * @param metadata - texts about the whole
 *
 * @example
 * ```ts
 * const header = safetensorsHeader([['w', { dtype: 'F32', shape: [1], data_offsets: [0, 4] }]])
 * expect(new TextDecoder().decode(header.subarray(8)).trimEnd()).toBe('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}')
 * ```
 */
export const safetensorsHeader = (
  tensors: ReadonlyArray<readonly [name: string, place: TensorPlace]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array => {
  const texts = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata] as const]
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...texts, ...tensors])))
  const length = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const header = new Uint8Array(8 + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(json, 8)
  return header
}

const checked = ([name, { shape, data }]: readonly [string, TensorValues]) => {
  if (name === '__metadata__') throw new RangeError('a tensor can not be called __metadata__')
  const dtype = dtypeOf(data)
  const length = sizeOf(shape)
  if (data.length !== length)
    throw new RangeError(
      `${name} has ${String(data.length)} values, but its shape ${showShape(shape)} says ${String(length)}`,
    )
  const bytes = new Uint8Array(data.buffer, data.byteOffset, length * bytesPerElement(dtype))
  return { name, dtype, shape, bytes, rank: dtypes.indexOf(dtype) }
}
