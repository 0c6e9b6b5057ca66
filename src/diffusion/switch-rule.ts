/**
 * Another rule from some point of the chain on.
 */
import { checkArgument, checkOptions, type Expected } from '../arguments.ts'
import { aRule } from '../expected.ts'
import { fail } from '../failure.ts'
import { flawOfMark, hasReached, type Mark } from './mark.ts'
import type { Past, Rule } from './rule.ts'
import type { Transition } from './transition.ts'

/** Where a stage ends: after so many steps of the chain, or at the first level that reaches a mark. */
export type Until = { readonly step: number } | Mark

/** A part of the chain, and its rule. */
export interface Stage {
  readonly until: Until
  readonly rule: Rule
}

/** The rest of the chain, and its rule. */
export interface LastStage {
  readonly until?: never
  readonly rule: Rule
}

const listOfStages: Expected = { name: 'a list of stages', is: Array.isArray }

const NAME = 'switchRule'
const refuse = (reason: string): never => {
  throw fail('RuleInvalid', { rule: NAME, reason })
}

const show = (until: Until): string =>
  Object.entries(until)
    .map(([scale, value]) => `${scale} ${String(value)}`)
    .join(', ')

const flawOf = (until: Until): string | undefined => {
  if (Object.keys(until).length !== 1) return 'a stage ends at one of step, t, alphaBar and logSnr'
  if (!('step' in until)) return flawOfMark(until)
  return Number.isSafeInteger(until.step) && until.step >= 1
    ? undefined
    : `step is ${String(until.step)}, and has to be a whole number from 1`
}

const checkUntil = (until: Until): void => {
  const reason = flawOf(until)
  if (reason !== undefined) refuse(reason)
}

/** Later in the chain, on whichever scale; only ends on one scale can be compared before there is a chain. */
const scales: ReadonlyArray<(until: Until) => number | undefined> = [
  (until) => ('step' in until ? until.step : undefined),
  (until) => ('t' in until ? -until.t : undefined),
  (until) => ('alphaBar' in until ? until.alphaBar : undefined),
  (until) => ('logSnr' in until ? until.logSnr : undefined),
]

const checkOrder = (ends: readonly Until[]): void => {
  for (const scale of scales) {
    const known = ends.filter((until) => scale(until) !== undefined)
    known.slice(1).forEach((until, k) => {
      const before = known[k]!
      if (!(scale(before)! < scale(until)!))
        refuse(`no step lies after ${show(before)} and before ${show(until)}`)
    })
  }
}

/** Whether a stage is over when this step begins. */
const isOver = (until: Until, transition: Transition): boolean =>
  'step' in until ? transition.index >= until.step : hasReached(until, transition, transition.from)

/** How much of the past is left of what the rules of its steps would have kept, each by its own memory. */
const kept = <T>(
  history: ReadonlyArray<Past<T>>,
  memoryAt: (transition: Transition) => number,
): ReadonlyArray<Past<T>> =>
  history.slice(0, Math.min(...history.map(({ transition }, k) => k + memoryAt(transition))))

const smallest = (orders: ReadonlyArray<number | undefined>): number | undefined =>
  orders.reduce((least, order) =>
    least === undefined || order === undefined ? undefined : Math.min(least, order),
  )

/**
 * Switches rules on the way: each stage has its own, until its end.
 *
 * @remarks
 * 1. A stage ends after a number of steps of the chain (`step`), or at the first level that reaches a time, an ᾱ or a log-SNR:
 *    where {@link takeSteps} and {@link takeUntilLevel} would end. The last has no end.
 * 2. A chain that is switched at k is the chain of the first rule up to k, and that of the second from there on x, with what
 *    the first has left it to look back on: a solver after a rule without memory begins anew. With equal rules it is that rule.
 * 3. Stages stand in the order of a chain from noise to image. A step that passes several ends at once leaves the stages between
 *    them out. Ends that are out of order are refused at once on one scale, and across scales when a step shows it.
 * 4. Its order is the smallest of the stages', where all have one.
 *
 * @param stages - one or more; all but the last say until when
 * @throws RuleInvalid for no stage, an end that is missing, unsound or out of order, or an end of the last stage
 *
 * @example
 * ```ts
 * const chain = switchRule([{ until: { step: 1 }, rule: ddpm() }, { rule: ddim() }])
 * const first = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * const second = { index: 1, count: 2, from: first.to, to: { t: 1, alphaBar: 0.81 }, at: 4 }
 * expect(chain.name).toBe('ddpm(fixed-small) until step 1, ddim(eta 0)')
 * expect(chain.step(first)).toEqual(ddpm().step(first))
 * expect(chain.step(second)).toEqual(ddim().step(second))
 * ```
 */
export const switchRule = (stages: readonly [...Stage[], LastStage]): Rule => {
  checkArgument('stages', listOfStages, stages)
  stages.forEach((stage) => {
    checkOptions({ rule: aRule }, stage)
  })
  const rules = stages.map(({ rule }) => rule)
  const ends = stages.slice(0, -1).map(({ until }) => until ?? refuse('only the last stage has no end'))
  const last = rules.at(-1) ?? refuse('it has no stages')
  if (stages.at(-1)?.until !== undefined) refuse('the last stage has an end')
  ends.forEach(checkUntil)
  checkOrder(ends)

  const ruleAt = (transition: Transition): Rule => {
    const over = ends.map((until) => isOver(until, transition))
    const stage = over.indexOf(false)
    if (stage < 0) return last
    const late = over.indexOf(true, stage)
    if (late >= 0) refuse(`${show(ends[late]!)} comes before ${show(ends[stage]!)}, and is said after it`)
    return rules[stage]!
  }
  const memoryOf = ({ memory = 0 }: Rule): number => memory
  const some = (part: keyof Rule): boolean => rules.some((rule) => rule[part] !== undefined)
  const order = smallest(rules.map((rule) => rule.order))

  return {
    name: stages
      .map(({ until, rule }) => (until === undefined ? rule.name : `${rule.name} until ${show(until)}`))
      .join(', '),
    step: (transition) => ruleAt(transition).step(transition),
    ...(order === undefined ? {} : { order }),
    ...(some('again') && {
      again: (transition, schedule) => ruleAt(transition).again?.(transition, schedule),
    }),
    ...(some('memory') && { memory: Math.max(...rules.map(memoryOf)) }),
    ...(some('refine') && {
      refine: (now, history) => {
        const rule = ruleAt(now.transition)
        const past = kept(history, (transition) => memoryOf(ruleAt(transition)))
        return rule.refine?.(now, past) ?? now
      },
    }),
    ...(some('spread') && { spread: (transition) => ruleAt(transition).spread?.(transition) }),
  }
}
