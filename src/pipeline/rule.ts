/**
 * Rules and sums of terms: `{ kind: ddim, eta: 0 }`, `{ kind: sum, terms: […] }`.
 */
import { listOf, numberIn, words } from '../codecs.ts'
import { type Rule, rule } from '../diffusion/rule.ts'
import { rules, type RuleSettings } from '../diffusion/solver.ts'
import { directionToXt, posteriorMean, predictedX0, randomNoise, type Term } from '../diffusion/terms.ts'
import { registered } from './registered.ts'
import { call, library, list, literal, type Staged } from './staged.ts'
import { defaulted, free, kind, needed, struct, Struct } from './struct.ts'
import { Variants, variants } from './variants.ts'

/** A summand of `x_{t−1}`. */
export type TermSettings =
  | { readonly kind: 'predicted-x0' }
  | { readonly kind: 'posterior-mean' }
  | { readonly kind: 'direction-to-xt'; readonly eta?: number; readonly sigma?: number }
  | { readonly kind: 'random-noise'; readonly eta?: number; readonly sigma?: number }

/** A rule, by name or as a sum of terms. */
export type RuleChoice =
  RuleSettings | { readonly kind: 'sum'; readonly name: string; readonly terms: readonly TermSettings[] }

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

/** The sets of settings of all rules, by kind. */
export const ruleMembers: Readonly<Record<string, Struct<unknown>>> = {
  ...registered(rules, {
    defaults: {
      ddim: { eta: 0 },
      ddpm: { variance: 'fixed-small' },
      'dpmpp-3m': { bend: 'half' },
      'dpmpp-3m-sde': { bend: 'half' },
      'euler-ancestral': { eta: 1 },
      unipc: { order: 2 },
    },
    about: {
      eta: 'η: 0 draws no fresh noise (DDIM), 1 as much as DDPM.',
      variance: 'How much fresh noise.',
      bend: 'The weight of the second difference: half, as the peers have it, or whole.',
      order: 'The order of its predictor.',
      boundary: 'none takes x̂₀ as it is; held to x_t where t is small unless said.',
    },
  }),
  sum: new Struct('sum', {
    kind: kind('sum'),
    name: defaulted(words, 'sum', 'What to call it.'),
    terms: needed(listOf('terms', termCodec), 'The summands of x_{t−1}.'),
  }),
}

/** The codec of a rule. */
export const ruleCodec: Variants<RuleChoice> = new Variants<RuleChoice>('a rule', ruleMembers)

/** What is wrong with a term that its codec takes, as the end of a sentence. */
const flawOfTerm = (term: TermSettings): string | undefined =>
  (term.kind === 'direction-to-xt' || term.kind === 'random-noise') &&
  (term.eta === undefined) === (term.sigma === undefined)
    ? `${term.kind} takes either eta or sigma`
    : undefined

const isSum = (choice: RuleChoice): choice is Exclude<RuleChoice, RuleSettings> => choice.kind === 'sum'

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
const functionName = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** A rule as an expression. */
export const stageRule = (choice: RuleChoice): Staged<Rule> => {
  if (isSum(choice)) return call('rule', rule, literal(choice.name), list(choice.terms.map(stageTerm)))
  const { kind: name, ...settings } = choice
  const make: (options?: object) => Rule = rules[name]
  return Object.keys(settings).length === 0
    ? call(functionName(name), () => make())
    : call(functionName(name), make, literal(settings))
}
