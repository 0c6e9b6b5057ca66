/**
 * Documents made of the codecs: sound ones, and sound ones with something broken.
 */
import fc from 'fast-check'
import * as t from 'io-ts'
import { Leaf, List } from '../../src/codecs.ts'
import { Named } from '../../src/pipeline/named.ts'
import { OneSetting } from '../../src/pipeline/one-setting.ts'
import { Struct } from '../../src/pipeline/struct.ts'
import { Variants } from '../../src/pipeline/variants.ts'

type Json = Readonly<Record<string, unknown>>

/** Values of a leaf, by its schema. */
const leaf = (schema: Json): fc.Arbitrary<unknown> => {
  const { enum: names, const: only, anyOf, type, minimum, maximum } = schema
  if (Array.isArray(anyOf)) return fc.oneof(...(anyOf as readonly Json[]).map(leaf))
  if (Array.isArray(names)) return fc.constantFrom(...(names as readonly unknown[]))
  if (only !== undefined) return fc.constant(only)
  const min = typeof minimum === 'number' ? minimum : -1000
  const max = typeof maximum === 'number' ? maximum : 1000
  switch (type) {
    case 'integer':
      return fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) })
    case 'number':
      return fc.double({ min, max, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'string':
      return fc.string({ minLength: 1 })
    case 'array':
      return fc.array(leaf(schema['items'] as Json), { minLength: 1, maxLength: 3 })
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(schema['properties'] as Json).map(([key, one]) => [key, leaf(one as Json)]),
        ),
      )
    default:
      throw new Error(`no values are known of ${JSON.stringify(schema)}`)
  }
}

/** Sound values of a codec. */
export const sound = (codec: t.Mixed): fc.Arbitrary<unknown> => {
  if (codec instanceof Leaf) return leaf(codec.schema)
  if (codec instanceof List) return fc.array(sound(codec.item), { minLength: 1, maxLength: 3 })
  if (codec instanceof Struct) {
    const entries = Object.entries((codec as Struct<unknown>).fields)
    return fc.record(Object.fromEntries(entries.map(([key, field]) => [key, sound(field.codec)])), {
      requiredKeys: entries.filter(([, { free }]) => !free).map(([key]) => key),
    })
  }
  if (codec instanceof Variants)
    return fc.oneof(...Object.values((codec as Variants<unknown>).members).map(sound))
  if (codec instanceof OneSetting)
    return fc.oneof(
      ...Object.entries((codec as OneSetting<unknown>).settings).map(([key, one]) =>
        sound(one).map((value) => ({ [key]: value })),
      ),
    )
  if (codec instanceof Named)
    return fc.dictionary(fc.constantFrom('ddim', 'ddpm', 'a-b', 'eta'), sound(codec.item), { minKeys: 1 })
  if (codec instanceof t.UnionType) return fc.oneof(...(codec.types as readonly t.Mixed[]).map(sound))
  throw new Error(`no values are known of ${codec.name}`)
}

/** Something else in a place of a document: a value of another type, a key that is too much, or one that is not there. */
const damaged = (value: unknown, damage: unknown, path: readonly number[]): unknown => {
  const [first, ...rest] = path
  if (first === undefined || typeof value !== 'object' || value === null) return damage
  const keys = Object.keys(value)
  const key = keys[first % Math.max(1, keys.length)]
  if (key === undefined || first % 7 === 0) return { ...value, [`${key ?? 'no'}x`]: damage }
  if (first % 7 === 1) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
  const inner: unknown = (value as Json)[key]
  const mended = damaged(inner, damage, rest)
  return Array.isArray(value)
    ? (value as readonly unknown[]).map((one, i) => (String(i) === key ? mended : one))
    : { ...value, [key]: mended }
}

/** Values that are sound nearly everywhere. */
export const broken = (codec: t.Mixed): fc.Arbitrary<unknown> =>
  fc
    .tuple(sound(codec), fc.jsonValue(), fc.array(fc.nat(1000), { minLength: 1, maxLength: 4 }))
    .map(([value, damage, path]) => damaged(value, damage, path))
