/**
 * Codecs as JSON Schema, draft 2020-12: editors complete and check pipelines by it.
 */
import * as t from 'io-ts'
import { type JsonSchema, Leaf, List } from '../codecs.ts'
import { Named } from './named.ts'
import { OneSetting } from './one-setting.ts'
import { Struct } from './struct.ts'
import { Variants } from './variants.ts'

/** Schemas that others refer to, by name. */
type Definitions = Map<string, JsonSchema>

const objectOf = ({ fields }: Struct<unknown>, definitions: Definitions): JsonSchema => {
  const properties = Object.entries(fields).map(([key, { codec, about, fallback }]) => {
    const schema = schemaOf(codec, definitions)
    return [
      key,
      { ...schema, description: about, ...(fallback === undefined ? {} : { default: fallback }) },
    ] as const
  })
  const required = Object.keys(fields).filter((key) => fields[key]?.free === false)
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  }
}

/** The kinds that a name alone can stand for. */
const bare = ({ members }: Variants<unknown>): readonly string[] =>
  Object.entries(members).flatMap(([name, { fields }]) =>
    Object.entries(fields).every(([key, field]) => key === 'kind' || field.free) ? [name] : [],
  )

const choiceOf = (codec: Variants<unknown>, definitions: Definitions): JsonSchema => {
  const members = Object.values(codec.members).map((member) => objectOf(member, definitions))
  const names = bare(codec)
  return { anyOf: names.length === 0 ? members : [...members, { enum: names }] }
}

/** Choices are long, and most are met in several places. */
const referred = (codec: Variants<unknown>, definitions: Definitions): JsonSchema => {
  if (!definitions.has(codec.name)) {
    definitions.set(codec.name, {})
    definitions.set(codec.name, choiceOf(codec, definitions))
  }
  return { $ref: `#/$defs/${codec.name.replaceAll(' ', '%20')}` }
}

const oneSettingOf = ({ settings }: OneSetting<unknown>, definitions: Definitions): JsonSchema => ({
  anyOf: Object.entries(settings).map(([key, codec]) => ({
    type: 'object',
    properties: { [key]: schemaOf(codec, definitions) },
    required: [key],
    additionalProperties: false,
  })),
})

const schemaOf = (codec: t.Mixed, definitions: Definitions): JsonSchema => {
  if (codec instanceof Leaf) return codec.schema
  if (codec instanceof List)
    return {
      type: 'array',
      minItems: 1,
      ...(codec.most === undefined ? {} : { maxItems: codec.most }),
      items: schemaOf(codec.item, definitions),
    }
  if (codec instanceof Struct) return objectOf(codec, definitions)
  if (codec instanceof Variants) return referred(codec, definitions)
  if (codec instanceof OneSetting) return oneSettingOf(codec, definitions)
  if (codec instanceof Named)
    return {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: codec.names },
      additionalProperties: schemaOf(codec.item, definitions),
    }
  if (codec instanceof t.UnionType)
    return { anyOf: (codec.types as readonly t.Mixed[]).map((type) => schemaOf(type, definitions)) }
  throw new Error(`no JSON Schema is known of ${codec.name}`)
}

/**
 * The JSON Schema of a codec.
 *
 * @param codec - made of the codecs of this folder and of `src/codecs.ts`
 * @returns a schema that takes what the codec takes, as far as JSON can say it
 */
export const toJsonSchema = (codec: t.Mixed): JsonSchema => {
  const definitions: Definitions = new Map()
  const { ...root } = schemaOf(codec, definitions)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...root,
    $defs: Object.fromEntries(definitions),
  }
}
