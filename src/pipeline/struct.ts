/**
 * The codec of a closed set of settings, with defaults. It says all that is wrong at once, and can be walked, so that JSON Schema
 * can be made of it.
 */
import * as t from 'io-ts'
import { oneOf } from '../codecs.ts'
import { E } from '../fp.ts'
import { isRecord } from '../json.ts'
import { nearestHint } from '../nearest.ts'

/** One setting of a set. */
export interface Field<A, Present extends boolean = boolean> {
  readonly codec: t.Type<A>
  /** For people: what editors show. */
  readonly about: string
  /** What stands for it where it is left out. */
  readonly fallback?: A
  /** Whether every decoded set has it. */
  readonly present: Present
  /** Whether it may be left out. */
  readonly free: boolean
}

/** A setting that has to be said. */
export const needed = <A>(codec: t.Type<A>, about: string): Field<A, true> => ({
  codec,
  about,
  present: true,
  free: false,
})

/** A setting that may be left out, and is left out then. */
export const free = <A>(codec: t.Type<A>, about: string): Field<A, false> => ({
  codec,
  about,
  present: false,
  free: true,
})

/** A setting that may be left out, and what it is then. */
export const defaulted = <A>(codec: t.Type<A>, fallback: A, about: string): Field<A, true> => ({
  codec,
  about,
  fallback,
  present: true,
  free: true,
})

/** The fields of a set: what the type may lack is free, all else is present. */
export type FieldsOf<A> = {
  readonly [K in keyof A]-?: Record<never, never> extends Pick<A, K>
    ? Field<Exclude<A[K], undefined>, false>
    : Field<A[K], true>
}

/** A field of whatever type. */
export type AnyField = Omit<Field<unknown>, 'codec'> & { readonly codec: t.Mixed }

type AnyFields = Readonly<Record<string, AnyField>>

/** The type of a setting that there should not be: nothing is of it. */
export class NoSuch extends t.Type<unknown> {
  constructor(known: readonly string[]) {
    super(
      `there is no such setting here; there are ${known.join(', ')}`,
      (_): _ is unknown => false,
      t.failure,
      t.identity,
    )
  }
}

/** A closed set of settings. */
export class Struct<A> extends t.Type<A> {
  readonly fields: AnyFields
  constructor(what: string, fields: AnyFields) {
    const known = Object.keys(fields)
    const unknown = new NoSuch(known)
    const validate = (value: unknown, context: t.Context): t.Validation<A> => {
      if (!isRecord(value)) return t.failure(value, context)
      const errors: t.Errors = Object.keys(value)
        .filter((key) => !Object.hasOwn(fields, key))
        .map((key) => ({
          value: value[key],
          context: t.appendContext(context, key, unknown, value[key]),
          message: nearestHint(known)(key),
        }))
      const decoded: Record<string, unknown> = {}
      for (const [key, { codec, fallback, free: may }] of Object.entries(fields)) {
        const said = Object.hasOwn(value, key) ? value[key] : undefined
        if (said === undefined && may) {
          if (fallback !== undefined) decoded[key] = fallback
          continue
        }
        const result = codec.validate(said, t.appendContext(context, key, codec, said))
        if (E.isRight(result)) decoded[key] = result.right
        else errors.push(...result.left)
      }
      return errors.length === 0 ? t.success(decoded as A) : t.failures(errors)
    }
    super(
      what,
      (value): value is A => E.isRight(validate(value, [])) && isWhole(fields, value),
      validate,
      t.identity,
    )
    this.fields = fields
  }
}

/** Whether nothing that has a default is left out. */
const isWhole = (fields: AnyFields, value: unknown): boolean =>
  isRecord(value) &&
  Object.entries(fields).every(([key, { present }]) => !present || Object.hasOwn(value, key))

/**
 * A closed set of settings.
 *
 * @param what - what a sentence calls it
 * @param fields - by name, in the order in which they are written
 */
export const struct = <A>(what: string, fields: FieldsOf<NoInfer<A>>): Struct<A> =>
  new Struct<A>(what, fields)

/** The kind of a member of {@link variants}. */
export const kind = <const K extends string>(name: K): Field<K, true> =>
  needed(oneOf(name), 'Which kind it is.')
