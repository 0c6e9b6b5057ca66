/**
 * Rules and sums of terms: `{ kind: ddim, eta: 0 }`, `{ kind: sum, terms: […] }`.
 */
import type * as t from 'io-ts'
import { listOf, numberIn, oneOf, words } from '../codecs.ts'
import { type Rule, rule, type Variance } from '../diffusion/rule.ts'
import { rules } from '../diffusion/solver.ts'
import { directionToXt, posteriorMean, predictedX0, randomNoise, type Term } from '../diffusion/terms.ts'
import { call, library, list, literal, type Staged } from './staged.ts'
import { defaulted, type FieldsOf, free, kind, needed, struct, Struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

/** The settings of the rules that have any. */
interface RuleSettings {
  readonly ddim: { readonly eta: number }
  readonly ddpm: { readonly variance: Variance }
  readonly 'dpmpp-3m': { readonly bend: 'half' | 'whole' }
  readonly 'dpmpp-3m-sde': { readonly bend: 'half' | 'whole' }
  readonly 'euler-ancestral': { readonly eta: number }
  readonly lcm: { readonly boundary?: 'none' }
  readonly unipc: { readonly order: 1 | 2 | 3 }
}

type RuleName = keyof typeof rules

/** A rule by its name, with its settings. */
export type NamedRule = {
  readonly [K in RuleName]: { readonly kind: K } & (K extends keyof RuleSettings
    ? RuleSettings[K]
    : Record<never, never>)
}[RuleName]

/** A summand of `x_{t−1}`. */
export type TermSettings =
  | { readonly kind: 'predicted-x0' }
  | { readonly kind: 'posterior-mean' }
  | { readonly kind: 'direction-to-xt'; readonly eta?: number; readonly sigma?: number }
  | { readonly kind: 'random-noise'; readonly eta?: number; readonly sigma?: number }

/** A rule, by name or as a sum of terms. */
export type RuleChoice =
  NamedRule | { readonly kind: 'sum'; readonly name: string; readonly terms: readonly TermSettings[] }

const etaOf = (fallback: number) =>
  defaulted(numberIn(0, 1), fallback, 'η: 0 draws no fresh noise (DDIM), 1 as much as DDPM.')
const bend = defaulted(
  oneOf('half', 'whole'),
  'half',
  'The weight of the second difference: half, as the peers have it, or whole.',
)

const stochasticity = {
  eta: free(numberIn(0, 1), 'η; either this or sigma.'),
  sigma: free(numberIn(0), 'σ itself; either this or eta.'),
}

/** The codec of a term. */
export const termCodec: Variants<TermSettings> = variants<TermSettings>('a term', {
  'predicted-x0': struct('predicted-x0', { kind: kind('predicted-x0') }),
  'posterior-mean': struct('posterior-mean', { kind: kind('posterior-mean') }),
  'direction-to-xt': struct('direction-to-xt', { kind: kind('direction-to-xt'), ...stochasticity }),
  'random-noise': struct('random-noise', { kind: kind('random-noise'), ...stochasticity }),
})

type Settings<K extends RuleName> = Extract<NamedRule, { readonly kind: K }>

const member = <K extends RuleName>(
  name: K,
  fields: Omit<FieldsOf<Settings<K>>, 'kind'>,
): Struct<Settings<K>> => new Struct<Settings<K>>(name, { kind: kind(name), ...fields })

/** The sets of settings of all rules, by kind. */
export const ruleMembers: {
  readonly [K in RuleChoice['kind']]: Struct<Extract<RuleChoice, { readonly kind: K }>>
} = {
  ddim: member('ddim', { eta: etaOf(0) }),
  ddpm: member('ddpm', {
    variance: defaulted(
      oneOf<Variance>('fixed-small', 'fixed-large', 'learned', 'learned-range'),
      'fixed-small',
      'How much fresh noise.',
    ),
  }),
  dpm2: member('dpm2', {}),
  'dpmpp-2m': member('dpmpp-2m', {}),
  'dpmpp-2m-sde': member('dpmpp-2m-sde', {}),
  'dpmpp-3m': member('dpmpp-3m', { bend }),
  'dpmpp-3m-sde': member('dpmpp-3m-sde', { bend }),
  euler: member('euler', {}),
  'euler-ancestral': member('euler-ancestral', { eta: etaOf(1) }),
  heun: member('heun', {}),
  lcm: member('lcm', {
    boundary: free(oneOf('none'), 'none takes x̂₀ as it is; held to x_t where t is small unless said.'),
  }),
  plms: member('plms', {}),
  unipc: member('unipc', {
    order: defaulted(oneOf<1 | 2 | 3>(1, 2, 3), 2, 'The order of its predictor.'),
  }),
  sum: struct('sum', {
    kind: kind('sum'),
    name: defaulted(words, 'sum', 'What to call it.'),
    terms: needed(listOf('terms', termCodec as t.Type<TermSettings>), 'The summands of x_{t−1}.'),
  }),
}

/** The codec of a rule. */
export const ruleCodec: Variants<RuleChoice> = variants<RuleChoice>('a rule', ruleMembers)

/** What is wrong with a term that its codec takes, as the end of a sentence. */
const flawOfTerm = (term: TermSettings): string | undefined =>
  (term.kind === 'direction-to-xt' || term.kind === 'random-noise') &&
  (term.eta === undefined) === (term.sigma === undefined)
    ? `${term.kind} takes either eta or sigma`
    : undefined

/** What is wrong with a rule that its codec takes, as the end of a sentence. */
export const flawOfRule = (choice: RuleChoice): string | undefined =>
  choice.kind === 'sum' ? choice.terms.map(flawOfTerm).find((flaw) => flaw !== undefined) : undefined

const stageTerm = (term: TermSettings): Staged<Term> => {
  switch (term.kind) {
    case 'predicted-x0':
      return library('predictedX0', predictedX0)
    case 'posterior-mean':
      return library('posteriorMean', posteriorMean)
    case 'direction-to-xt':
    case 'random-noise': {
      const { eta = 0, sigma } = term
      const how = literal(sigma === undefined ? { eta } : { sigma })
      return term.kind === 'direction-to-xt'
        ? call('directionToXt', directionToXt, how)
        : call('randomNoise', randomNoise, how)
    }
  }
}

/** The name of a rule's function in the library: `dpmpp-2m-sde` is `dpmpp2mSde`. */
const functionName = (name: RuleName): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** A rule as an expression. */
export const stageRule = (choice: RuleChoice): Staged<Rule> => {
  if (choice.kind === 'sum')
    return call('rule', rule, literal(choice.name), list(choice.terms.map(stageTerm)))
  const { kind: name, ...settings } = choice
  const make: (options?: object) => Rule = rules[name]
  return Object.keys(settings).length === 0
    ? call(functionName(name), () => make())
    : call(functionName(name), make, literal(settings))
}
