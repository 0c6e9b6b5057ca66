/**
 * The sampler: a rule, or a chain of stages with a rule each; and branches that go on by other rules.
 */
import type * as t from 'io-ts'
import { listOf, numberIn, wholeFrom } from '../codecs.ts'
import type { Mark } from '../diffusion/mark.ts'
import type { Rule } from '../diffusion/rule.ts'
import { type LastStage, type Stage, switchRule, type Until } from '../diffusion/switch-rule.ts'
import { Named } from './named.ts'
import { OneSetting } from './one-setting.ts'
import { flawOfRule, ruleCodec, ruleMembers, type RuleChoice, stageRule } from './rule.ts'
import { call, list, literal, record, type Staged } from './staged.ts'
import { free, kind, needed, struct, Struct } from './struct.ts'
import { Variants } from './variants.ts'

/** A part of a chain. */
export interface StageSettings {
  readonly until?: Until
  readonly rule: RuleChoice
}

/** How x is made from step to step. */
export type Sampler = RuleChoice | { readonly kind: 'chain'; readonly stages: readonly StageSettings[] }

// t is −1 at the clean end
const marks = { t: numberIn(-1), alphaBar: numberIn(0, 1), logSnr: numberIn() }

/** The codec of the place where a stage ends: after a step of the chain, or at a level. */
export const untilCodec: t.Type<Until> = new OneSetting<Until>('one of step, t, alphaBar and logSnr', {
  step: wholeFrom(1),
  ...marks,
})

/** The codec of a sampler. */
export const samplerCodec: Variants<Sampler> = new Variants<Sampler>('a sampler', {
  ...ruleMembers,
  chain: new Struct('chain', {
    kind: kind('chain'),
    stages: needed(
      listOf(
        'stages',
        struct<StageSettings>('a stage', {
          until: free(untilCodec, 'Where the stage ends; the last has no end.'),
          rule: needed(ruleCodec as t.Type<RuleChoice>, 'Its rule.'),
        }) as t.Type<StageSettings>,
      ),
      'The rules, in the order of the chain.',
    ),
  }),
})

/** What is wrong with a sampler that its codec takes, as the end of a sentence. */
export const flawOfSampler = (sampler: Sampler): string | undefined =>
  sampler.kind === 'chain'
    ? sampler.stages.map(({ rule }) => flawOfRule(rule)).find((flaw) => flaw !== undefined)
    : flawOfRule(sampler)

type Stages = readonly [...Stage[], LastStage]

/** A sampler as an expression. */
export const stageSampler = (sampler: Sampler): Staged<Rule> =>
  sampler.kind === 'chain'
    ? call(
        'switchRule',
        switchRule,
        list(
          sampler.stages.map(({ until, rule }) =>
            record<Stage | LastStage>({
              ...(until === undefined ? {} : { until: literal(until) }),
              rule: stageRule(rule),
            }),
          ),
        ) as unknown as Staged<Stages>,
      )
    : stageRule(sampler)

/** Where a run forks: at x_T, or after some steps, or at a level. */
export type ForkAt = { readonly step: number } | Mark

/** Branches that go on by themselves from one place. */
export interface ForkSettings {
  readonly at: ForkAt
  readonly branches: Readonly<Record<string, Sampler>>
}

/** The codec of a fork. */
export const forkCodec: t.Type<ForkSettings> = struct<ForkSettings>('a fork', {
  at: needed(
    new OneSetting<ForkAt>('one of step, t, alphaBar and logSnr', { step: wholeFrom(0), ...marks }),
    'Where: after how many steps (0 is x_T), or at a level.',
  ),
  branches: needed(new Named<Sampler>('branches by name', samplerCodec), 'Their samplers, by name.'),
})
