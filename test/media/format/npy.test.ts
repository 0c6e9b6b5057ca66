import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { E } from '../../../src/fp.ts'
import { decodeNpy, encodeNpy } from '../../../src/media/format/npy.ts'

/** Written from the format's description, apart from the code under test. */
const parse = (bytes: Uint8Array) => {
  const buffer = Buffer.from(bytes)
  expect(buffer.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00')
  const body = 10 + buffer.readUInt16LE(8)
  const header = buffer.subarray(10, body).toString('latin1')
  const numbers = Array.from({ length: (buffer.length - body) / 4 }, (_, i) =>
    buffer.readFloatLE(body + 4 * i),
  )
  return { body, header, numbers }
}

/** A file with any header. */
const file = (header: string, body: Uint8Array, version = 1): Uint8Array => {
  const length = Buffer.alloc(version === 1 ? 2 : 4)
  if (version === 1) length.writeUInt16LE(header.length)
  else length.writeUInt32LE(header.length)
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(header),
    body,
  ])
}
const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`

const reason = (bytes: Uint8Array): string => {
  const read = decodeNpy('x.npy')(bytes)
  return E.isLeft(read) ? read.left.reason : 'it was read'
}

describe('encodeNpy', () => {
  it('writes the header as numpy does and the numbers behind it, from a multiple of 64', () => {
    const {
      body,
      header: found,
      numbers,
    } = parse(encodeNpy({ shape: [1, 2, 3, 1], data: new Float32Array([1, -2, 3.5, NaN, Infinity, 0.1]) }))
    expect(body % 64).toBe(0)
    expect(found.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3, 1), }")
    expect(found.endsWith(' \n')).toBe(true)
    expect(numbers).toEqual([1, -2, 3.5, NaN, Infinity, Math.fround(0.1)])
  })

  it.each([
    { shape: [], text: '()' },
    { shape: [2], text: '(2,)' },
    { shape: [0, 3], text: '(0, 3)' },
  ])('writes the shape $text', ({ shape, text }) => {
    const size = shape.reduce((product, extent) => product * extent, 1)
    expect(parse(encodeNpy({ shape, data: new Float32Array(size) })).header).toContain(`'shape': ${text}, }`)
  })

  it('rounds float64 to float32', () => {
    expect(parse(encodeNpy({ shape: [1], data: Float64Array.of(0.1) })).numbers).toEqual([Math.fround(0.1)])
  })
})

describe('decodeNpy', () => {
  it('reads what encodeNpy wrote', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 })
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.float()), (shape, numbers) => {
        const size = shape.reduce((product, extent) => product * extent, 1)
        const values = { shape, data: Float32Array.from([...numbers.take(size)]) }
        expect(decodeNpy('x.npy')(encodeNpy(values))).toEqual(E.right(values))
      }),
    )
  })

  it('reads float64, int64 and uint8', () => {
    const two = (descr: string, array: ArrayBufferView<ArrayBuffer>) =>
      decodeNpy('x.npy')(file(header(descr, '(2,)'), new Uint8Array(array.buffer)))
    expect(two('<f8', Float64Array.of(0.1, -2))).toEqual(
      E.right({ shape: [2], data: Float64Array.of(0.1, -2) }),
    )
    expect(two('<i8', BigInt64Array.of(-7n, 2n ** 40n))).toEqual(
      E.right({ shape: [2], data: Float64Array.of(-7, 2 ** 40) }),
    )
    expect(two('|u1', Uint8Array.of(0, 255))).toEqual(E.right({ shape: [2], data: Float32Array.of(0, 255) }))
  })

  it('reads Fortran order', () => {
    // np.save('x.npy', np.asfortranarray(np.arange(24, dtype='u1').reshape(2, 3, 4)))
    const body = Uint8Array.of(
      0,
      12,
      4,
      16,
      8,
      20,
      1,
      13,
      5,
      17,
      9,
      21,
      2,
      14,
      6,
      18,
      10,
      22,
      3,
      15,
      7,
      19,
      11,
      23,
    )
    expect(decodeNpy('x.npy')(file(header('|u1', '(2, 3, 4)', 'True'), body))).toEqual(
      E.right({ shape: [2, 3, 4], data: Float32Array.from({ length: 24 }, (_, i) => i) }),
    )
  })

  it('reads versions 2 and 3, and from the middle of a buffer', () => {
    for (const version of [2, 3]) {
      const padded = Buffer.concat([
        Buffer.from([1, 2, 3]),
        file(header('|u1', '()'), Uint8Array.of(9), version),
      ])
      expect(decodeNpy('x.npy')(padded.subarray(3))).toEqual(E.right({ shape: [], data: Float32Array.of(9) }))
    }
  })

  it('says what is wrong', () => {
    expect(reason(new Uint8Array())).toBe('it is no .npy file')
    expect(reason(new TextEncoder().encode('a text that is long enough'))).toBe('it is no .npy file')
    expect(reason(file(header('<f4', '(2,)'), new Uint8Array(7)))).toBe(
      'its shape (2) takes 8 bytes, and it has 7',
    )
    expect(reason(file(header('>f4', '(1,)'), new Uint8Array(4)))).toBe(
      'its numbers are of type >f4, and only <f4, <f8, <i8 and |u1 are known',
    )
    expect(
      reason(file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", new Uint8Array(4))),
    ).toBe('its numbers are records, and only <f4, <f8, <i8 and |u1 are known')
    expect(reason(file('{}', new Uint8Array(4)))).toBe('its .npy header is damaged')
    expect(reason(encodeNpy({ shape: [1], data: new Float32Array(1) }).subarray(0, 40))).toBe(
      'its .npy header is damaged',
    )
  })

  it('never throws, whatever the bytes', () => {
    const sound = encodeNpy({ shape: [2, 3], data: new Float32Array(6) })
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.nat(255), (at, byte) => {
        expect(() => decodeNpy('x.npy')(sound.with(at, byte))).not.toThrow()
      }),
    )
  })
})
