/**
 * The element types of safetensors files, and the typed arrays that hold them. Little-endian, as the format and every
 * machine that this runs on.
 */
import { fromBfloat16, fromFloat16 } from './half.ts'

/** An array that one dtype is read into. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array

/** The name of an element type, as safetensors headers write it. */
export type Dtype =
  'U64' | 'I64' | 'F64' | 'F32' | 'U32' | 'I32' | 'BF16' | 'F16' | 'U16' | 'I16' | 'I8' | 'U8' | 'BOOL'

interface Format {
  /** Bytes per element. */
  readonly size: number
  /** Takes memory that is nobody else's. */
  readonly view: (memory: ArrayBuffer) => TensorData
}

// wider first: the order in which the format's own library writes tensors, so that each is aligned
const formats: Readonly<Record<Dtype, Format>> = {
  U64: { size: 8, view: (memory) => new BigUint64Array(memory) },
  I64: { size: 8, view: (memory) => new BigInt64Array(memory) },
  F64: { size: 8, view: (memory) => new Float64Array(memory) },
  F32: { size: 4, view: (memory) => new Float32Array(memory) },
  U32: { size: 4, view: (memory) => new Uint32Array(memory) },
  I32: { size: 4, view: (memory) => new Int32Array(memory) },
  BF16: { size: 2, view: (memory) => fromBfloat16(new Uint16Array(memory)) },
  F16: { size: 2, view: (memory) => fromFloat16(new Uint16Array(memory)) },
  U16: { size: 2, view: (memory) => new Uint16Array(memory) },
  I16: { size: 2, view: (memory) => new Int16Array(memory) },
  I8: { size: 1, view: (memory) => new Int8Array(memory) },
  U8: { size: 1, view: (memory) => new Uint8Array(memory) },
  BOOL: { size: 1, view: (memory) => new Uint8Array(memory) },
}

/**
 * Whether a header's dtype can be read.
 *
 * @example
 * ```ts
 * expect(isDtype('F32')).toBe(true)
 * expect(isDtype('F8_E5M2')).toBe(false)
 * ```
 */
export const isDtype = (name: unknown): name is Dtype =>
  typeof name === 'string' && Object.hasOwn(formats, name)

/**
 * All element types that can be read, wider first.
 *
 * @example
 * ```ts
 * expect(dtypes).toContain('BF16')
 * ```
 */
export const dtypes: readonly Dtype[] = Object.keys(formats).filter(isDtype)

/**
 * Bytes per element.
 *
 * @example
 * ```ts
 * expect(bytesPerElement('BF16')).toBe(2)
 * ```
 */
export const bytesPerElement = (dtype: Dtype): number => formats[dtype].size

/**
 * Bytes as numbers: F16 and BF16 become float32, BOOL becomes 0 and 1 in bytes, all others their own array.
 *
 * @param bytes - a whole number of elements; a copy is made
 *
 * @example
 * ```ts
 * expect(decodeTensor('BF16', Uint8Array.of(0x80, 0x3f))).toEqual(Float32Array.of(1))
 * ```
 */
export const decodeTensor = (dtype: Dtype, bytes: Uint8Array): TensorData =>
  // not slice(), which makes no copy of node's Buffer
  formats[dtype].view(new Uint8Array(bytes).buffer)

/**
 * Any tensor's numbers as float32, the precision that networks run in; 64-bit values are rounded.
 *
 * @example
 * ```ts
 * expect(toFloat32(BigInt64Array.of(3n))).toEqual(Float32Array.of(3))
 * ```
 */
export const toFloat32 = (data: TensorData): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from<number | bigint>(data, Number)

const dtypeByArray: ReadonlyMap<string, Dtype> = new Map(
  dtypes
    // 16-bit floats widen to float32 and booleans to bytes, which have names of their own
    .filter((dtype) => dtype !== 'F16' && dtype !== 'BF16' && dtype !== 'BOOL')
    .map((dtype) => [formats[dtype].view(new ArrayBuffer(0))[Symbol.toStringTag], dtype]),
)

/**
 * The element type that an array is written as.
 *
 * @example
 * ```ts
 * expect(dtypeOf(new Float32Array(1))).toBe('F32')
 * ```
 */
export const dtypeOf = (data: TensorData): Dtype => dtypeByArray.get(data[Symbol.toStringTag]) ?? 'U8'
