/**
 * The codec of a choice among sets of settings, by their `kind`.
 */
import * as t from 'io-ts'
import { oneOf } from '../codecs.ts'
import { isRecord } from '../json.ts'
import type { Struct } from './struct.ts'

interface Kinded {
  readonly kind: string
}

/** Several sets of settings, of which `kind` says the right one; a name alone stands for that kind with its defaults. */
export class Variants<A> extends t.Type<A> {
  readonly members: Readonly<Record<string, Struct<unknown>>>
  constructor(what: string, members: Readonly<Record<string, Struct<unknown>>>) {
    const [first = '', ...others] = Object.keys(members)
    const kinds = oneOf(first, ...others)
    super(
      what,
      (value): value is A => isRecord(value) && (memberOf(members, value['kind'])?.is(value) ?? false),
      (value, context) => {
        if (!isRecord(value) && typeof value !== 'string') return t.failure(value, context)
        const settings = typeof value === 'string' ? { kind: value } : value
        const named = settings['kind']
        const member = memberOf(members, named)
        if (member !== undefined) return member.validate(settings, context) as t.Validation<A>
        const place =
          typeof value === 'string'
            ? t.appendContext(context, '', kinds, value)
            : t.appendContext(context, 'kind', kinds, named)
        return kinds.validate(named, place) as t.Validation<never>
      },
      t.identity,
    )
    this.members = members
  }
}

const memberOf = (
  members: Readonly<Record<string, Struct<unknown>>>,
  named: unknown,
): Struct<unknown> | undefined =>
  typeof named === 'string' && Object.hasOwn(members, named) ? members[named] : undefined

/**
 * A choice among sets of settings.
 *
 * @param what - what a sentence calls it
 * @param members - by kind
 */
export const variants = <A extends Kinded>(
  what: string,
  members: { readonly [K in A['kind']]: Struct<Extract<A, { readonly kind: K }>> },
): Variants<A> => new Variants<A>(what, members as Readonly<Record<string, Struct<unknown>>>)
