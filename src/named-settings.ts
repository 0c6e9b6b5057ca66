/**
 * Codecs of settings that have names: a closed set of them, and a choice among several sets by their `kind`. They are
 * io-ts' own types (exact, intersection, union), which can be walked; only what they say of a misfit is ours.
 */
import * as t from 'io-ts'
import { oneOf } from './codecs.ts'
import { E, pipe } from './fp.ts'
import { isRecord } from './json.ts'
import { nearestHint } from './nearest.ts'

/** A closed set of settings: those that are needed, and those that may be left out. */
export type Closed<Needed extends t.Props, Free extends t.Props> = t.ExactC<
  t.IntersectionC<[t.TypeC<Needed>, t.PartialC<Free>]>
>

/**
 * The type of a setting that there should not be: nothing is of it. What is said of such a setting is said of its name.
 *
 * @example
 * ```ts
 * expect(new NoSetting(['kind', 'steps']).name).toBe('a setting here (there are kind, steps)')
 * ```
 */
export class NoSetting extends t.Type<unknown> {
  constructor(known: readonly string[]) {
    super(
      `a setting here (there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`})`,
      (_): _ is unknown => false,
      t.failure,
      t.identity,
    )
  }
}

/**
 * An object with named settings, and with no others.
 *
 * @param needed - settings that have to be there
 * @param free - settings that may be left out
 *
 * @example
 * ```ts
 * const codec = closed({ kind: words }, { steps: wholeFrom(1) })
 * expect(decodeConfig('a.json', codec)({ kind: 'linear', stesp: 3 })).toMatchObject(
 *   E.left({ reason: 'stesp is 3, not a setting here (there are kind, steps); the nearest is steps' }),
 * )
 * ```
 */
export const closed = <Needed extends t.Props, Free extends t.Props>(
  needed: Needed,
  free: Free,
): Closed<Needed, Free> => {
  const [must, may] = [t.type(needed), t.partial(free)]
  const whole = t.intersection([must, may])
  const known = [...Object.keys(needed), ...Object.keys(free)]
  return new t.ExactType(
    'named settings',
    whole.is,
    (value, context) => {
      if (!isRecord(value)) return t.failure(value, context)
      const strange = Object.keys(value).find((key) => !known.includes(key))
      if (strange !== undefined)
        return t.failure(
          value[strange],
          t.appendContext(context, strange, new NoSetting(known)),
          nearestHint(known)(strange),
        )
      // one after the other, and not as the intersection does it, whose errors count the two
      return pipe(
        must.validate(value, context),
        E.chain((settings) => may.validate(settings, context)),
        E.map((settings) => settings as t.TypeOf<typeof whole>),
      )
    },
    t.identity,
    whole,
  )
}

/**
 * Several sets of settings, of which a `kind` says the right one. A name alone stands for the settings
 * `{ kind: name }`.
 *
 * @param members - by kind; each has a setting `kind`
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const codec = t.type({ noise: byKind({ cosine: closed({ kind: oneOf('cosine') }, { steps: wholeFrom(1) }) }) })
 * const decode = decodeConfig('a.json', codec)
 * expect(decode({ noise: 'cosine' })).toEqual(E.right({ noise: { kind: 'cosine' } }))
 * expect(decode({ noise: { kind: 'cosin' } })).toMatchObject(
 *   E.left({ reason: 'noise.kind is "cosin", not cosine; the nearest is cosine' }),
 * )
 * ```
 */
export const byKind = <Members extends Readonly<Record<string, t.Mixed>>>(
  members: Members,
): t.Type<t.TypeOf<Members[keyof Members]>, t.OutputOf<Members[keyof Members]>> => {
  type A = t.TypeOf<Members[keyof Members]>
  const [first = '', ...others] = Object.keys(members)
  const kinds = oneOf(first, ...others)
  const types = Object.values(members)
  return new t.UnionType(
    `a kind (${[first, ...others].join(', ')})`,
    (value): value is A => types.some((member) => member.is(value)),
    (value, context): t.Validation<A> => {
      const settings = typeof value === 'string' ? { kind: value } : value
      if (!isRecord(settings)) return t.failure(value, context)
      const { kind } = settings
      // as io-ts does it, a member is a step on the way that nobody is told of
      const inside = t.appendContext(context, String(kind), kinds, settings)
      const member = kinds.is(kind) ? members[kind] : undefined
      return member === undefined
        ? kinds.validate(kind, t.appendContext(inside, 'kind', kinds, kind))
        : (member.validate(
            settings,
            t.appendContext(context, String(kind), member, settings),
          ) as t.Validation<A>)
    },
    t.identity,
    types,
  )
}
