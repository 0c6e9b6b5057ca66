/** Rules as data: `{ kind: ddpm, variance: fixed-large }`, as files and command lines say them. */
import type * as t from 'io-ts'
import { checkArgument, having } from '../../arguments.ts'
import { byKind } from '../../named-settings.ts'
import { knownName, knownOptions } from '../../known-name.ts'
import { kindCodecs, settingsOf } from '../../tunable.ts'
import type { Rule } from '../rule.ts'
import * as rules from './by-name.ts'

/** What is said of a rule: its name and its options. */
export type RuleSettings = Readonly<Record<string, unknown>> & { readonly kind: keyof typeof rules }

/**
 * The codecs of the rules' settings, by kind; for codecs that know further kinds.
 *
 * @example
 * ```ts
 * expect(Object.keys(ruleCodecs)).toEqual(Object.keys(rules))
 * ```
 */
export const ruleCodecs: Readonly<Record<string, t.Mixed>> = kindCodecs(rules)

/**
 * The codec of {@link RuleSettings}.
 *
 * @example
 * ```ts
 * import * as t from 'io-ts'
 * const decode = decodeConfig('a.yaml', t.type({ rule: ruleCodec }))
 * expect(decode({ rule: 'heun' })).toEqual(E.right({ rule: { kind: 'heun' } }))
 * expect(decode({ rule: { kind: 'ddim', eta: 1.5 } })).toMatchObject(
 *   E.left({ reason: 'rule.eta is 1.5, not a number from 0 to 1' }),
 * )
 * ```
 */
export const ruleCodec: t.Type<RuleSettings> = byKind(ruleCodecs) as t.Type<RuleSettings>

/**
 * The rule that settings speak of.
 *
 * @throws NameUnknown for a kind or an option that there is not; what the rule throws where its options make none
 *
 * @example
 * ```ts
 * expect(ruleOf({ kind: 'ddpm', variance: 'fixed-large' }).name).toBe('ddpm(fixed-large)')
 * ```
 */
export const ruleOf = (settings: RuleSettings): Rule => {
  checkArgument('settings', having("settings, such as { kind: 'ddim' }", {}), settings)
  const { kind, ...options } = settings
  const make: (options: object) => Rule =
    rules[knownName('rule', Object.keys(rules) as Array<keyof typeof rules>, kind)]
  knownOptions(kind, Object.keys(settingsOf(make)), options)
  return make(options)
}
