/**
 * NumPy's `.npy`: a magic number, a header in Python's notation, and the numbers.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { Shape, Values } from '../../algebra/algebra.ts'
import { sizeOf } from '../../algebra/shape.ts'
import { fail, type FailureOf } from '../../failure.ts'
import { E } from '../../fp.ts'

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/**
 * The beginning of a `.npy` file, version 1.0, of little-endian float32 in C order.
 *
 * @param shape - of the numbers that follow
 *
 * @example
 * ```ts
 * expect(npyHeader([2, 3]).length).toBe(128)
 * ```
 */
export const npyHeader = (shape: Shape): Uint8Array<ArrayBuffer> => {
  const extents = shape.length === 1 ? `${String(shape[0])},` : shape.join(', ')
  const entry = `{'descr': '<f4', 'fortran_order': False, 'shape': (${extents}), }`
  // magic, version and length take ten bytes, the line break one; the numbers begin at a multiple of 64
  const length = Math.ceil((10 + entry.length + 1) / 64) * 64
  const bytes = new Uint8Array(length)
  bytes.set([...magic, 1, 0])
  new DataView(bytes.buffer).setUint16(8, length - 10, true)
  bytes.set(new TextEncoder().encode(`${entry.padEnd(length - 11)}\n`), 10)
  return bytes
}

/**
 * Numbers as little-endian float32, whatever this machine has.
 *
 * @example
 * ```ts
 * expect([...float32Bytes(Float64Array.of(1))]).toEqual([0, 0, 0x80, 0x3f])
 * ```
 */
export const float32Bytes = (data: Values['data']): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(4 * data.length)
  const view = new DataView(bytes.buffer)
  data.forEach((x, i) => {
    view.setFloat32(4 * i, x, true)
  })
  return bytes
}

/**
 * The bytes of a `.npy` file, version 1.0, little-endian float32 in C order. Float64 values are rounded.
 *
 * @param values - of any shape
 *
 * @example
 * ```ts
 * const bytes = encodeNpy({ shape: [2], data: new Float32Array([1, 2]) })
 * expect(bytes.length).toBe(128 + 2 * 4)
 * ```
 */
export const encodeNpy = ({ shape, data }: Values): Uint8Array<ArrayBuffer> => {
  const header = npyHeader(shape)
  const bytes = new Uint8Array(header.length + 4 * data.length)
  bytes.set(header)
  bytes.set(float32Bytes(data), header.length)
  return bytes
}

interface Reader {
  readonly size: number
  readonly make: (length: number) => Values['data']
  readonly read: (view: DataView, at: number) => number
}

const float32 = (length: number): Float32Array => new Float32Array(length)
const float64 = (length: number): Float64Array => new Float64Array(length)

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['<f4', { size: 4, make: float32, read: (view, at) => view.getFloat32(at, true) }],
  ['<f8', { size: 8, make: float64, read: (view, at) => view.getFloat64(at, true) }],
  ['<i8', { size: 8, make: float64, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  ['|u1', { size: 1, make: float32, read: (view, at) => view.getUint8(at) }],
])

/** Where element `index`, counted in C order, lies in Fortran order: the first axis runs fastest there. */
const fortranIndex = (shape: Shape, index: number): number => {
  const [, at] = shape.reduceRight(
    ([rest, sum], extent, axis) => [
      Math.floor(rest / extent),
      sum + (rest % extent) * sizeOf(shape.slice(0, axis)),
    ],
    [index, 0] as readonly [number, number],
  )
  return at
}

/**
 * Reads a `.npy` file of float32, float64, int64 or uint8 numbers, in C or Fortran order, versions 1 to 3.
 *
 * @remarks
 * float32 and uint8 become a `Float32Array`, float64 and int64 a `Float64Array` (integers are exact up to 2⁵³). The result is in C order.
 *
 * @param path - names the file in the failure's sentence
 * @returns a function of the file's bytes; `FileUnreadable` where they are something else
 *
 * @example
 * ```ts
 * const values = { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) }
 * expect(decodeNpy('x.npy')(encodeNpy(values))).toMatchObject({ right: values })
 * ```
 */
export const decodeNpy =
  (path: string): ((bytes: Uint8Array) => E.Either<FailureOf<'FileUnreadable'>, Values>) =>
  (bytes) => {
    const unreadable = (reason: string): E.Either<FailureOf<'FileUnreadable'>, never> =>
      E.left(fail('FileUnreadable', { path, reason }))

    if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
      return unreadable('it is no .npy file')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const start = bytes[6] === 1 ? 10 : 12
    const body = start + (start === 10 ? view.getUint16(8, true) : view.getUint32(8, true))
    const header = new TextDecoder('latin1').decode(bytes.subarray(start, body))

    const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1]
    const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1]
    const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1]
    if (fortran === undefined || extents === undefined) return unreadable('its .npy header is damaged')
    const shape = (extents.match(/\d+/g) ?? []).map(Number)
    const reader = readers.get(descr ?? '')
    if (reader === undefined)
      return unreadable(
        `its numbers are ${descr === undefined ? 'records' : `of type ${descr}`}, and only <f4, <f8, <i8 and |u1 are known`,
      )
    if (bytes.length - body !== sizeOf(shape) * reader.size)
      return unreadable(
        `its shape (${shape.join(', ')}) takes ${String(sizeOf(shape) * reader.size)} bytes, and it has ${String(Math.max(0, bytes.length - body))}`,
      )

    const data = reader.make(sizeOf(shape))
    for (let i = 0; i < data.length; i += 1) {
      const at = fortran === 'True' ? fortranIndex(shape, i) : i
      data[i] = reader.read(view, body + at * reader.size)
    }
    return E.right({ shape, data })
  }
