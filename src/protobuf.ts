/**
 * The little of protocol buffers that an ONNX model needs: a message is a list of fields, written once, never read.
 */

/** One field of a message, encoded. */
export type Field = Uint8Array

const encoder = new TextEncoder()

const concat = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Seven bits a byte, lowest first; negative integers as 64-bit two's complement. */
const varint = (value: number): Uint8Array => {
  let rest = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return Uint8Array.from([...bytes, Number(rest)])
}

const bytes = (key: number, content: Uint8Array): Field =>
  concat([varint(key * 8 + 2), varint(content.length), content])

/**
 * The fields of protocol buffers, by wire type. `key` is the field's number in the schema.
 *
 * @example
 * ```ts
 * // the specification's own example: field 1 is the integer 150
 * expect(field.int(1, 150)).toEqual(Uint8Array.of(0x08, 0x96, 0x01))
 * ```
 */
export const field: {
  readonly int: (key: number, value: number) => Field
  readonly float: (key: number, value: number) => Field
  readonly string: (key: number, value: string) => Field
  readonly bytes: (key: number, value: Uint8Array) => Field
  readonly message: (key: number, fields: readonly Field[]) => Field
} = {
  int: (key, value) => concat([varint(key * 8), varint(value)]),
  float: (key, value) => {
    const four = new DataView(new ArrayBuffer(4))
    four.setFloat32(0, value, true)
    return concat([varint(key * 8 + 5), new Uint8Array(four.buffer)])
  },
  string: (key, value) => bytes(key, encoder.encode(value)),
  bytes,
  message: (key, fields) => bytes(key, concat(fields)),
}

/**
 * A whole message.
 *
 * @example
 * ```ts
 * expect(message([field.string(2, 'testing')]).length).toBe(9)
 * ```
 */
export const message = (fields: readonly Field[]): Uint8Array<ArrayBuffer> => concat(fields)
