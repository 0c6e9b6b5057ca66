/**
 * What there is to plot, as tables: one row per point, in columns that people can load elsewhere.
 */
import { sigmaOfLevel, type Schedule } from '../diffusion/schedule.ts'
import type { Level } from '../diffusion/level.ts'
import type { Rule } from '../diffusion/rule.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { Row } from './csv.ts'
import { coefficientsOf, vectors } from './plot-history.ts'

/** One point: numbers, and the name of its curve. */
export type Point = Row

/** A quantity along the curves. */
export interface Panel {
  readonly column: string
  readonly title: string
  /** Whether equal factors are equally far apart. */
  readonly logarithmic?: boolean
}

/** Curves, and what is to be seen of them. */
export interface Curves {
  /** The column with the name of the curve. */
  readonly by: string
  readonly x: Panel
  readonly panels: readonly Panel[]
  /** Whether points count one by one. */
  readonly dotted: boolean
  readonly points: readonly Point[]
  /** What can't be seen of them. */
  readonly note?: string
}

/** Something to plot, and what to call it. */
export type Named<A> = readonly [name: string, value: A]

/** What there is to know of a level. */
const facts = ({
  alphaBar,
}: Pick<Level, 'alphaBar'>): Readonly<Record<'alphaBar' | 'sigma' | 'logSnr', number>> => ({
  alphaBar,
  sigma: sigmaOfLevel({ alphaBar }),
  logSnr: Math.log(alphaBar / (1 - alphaBar)),
})

const alphaBarPanel = { column: 'alphaBar', title: 'ᾱ, what is left of the image' }
const noisePanels: readonly Panel[] = [
  { column: 'sigma', title: 'σ = √(1/ᾱ − 1)', logarithmic: true },
  { column: 'logSnr', title: 'log-SNR = ln ᾱ/(1 − ᾱ)' },
]

/**
 * Schedules along their timesteps; along the share of the way, where they have not the same number of those.
 *
 * @param schedules - by name
 */
export const scheduleCurves = (schedules: ReadonlyArray<Named<Schedule>>): Curves => {
  const alike = new Set(schedules.map(([, { trainedSteps }]) => trainedSteps)).size < 2
  return {
    by: 'schedule',
    x: alike ? { column: 't', title: 't' } : { column: 'share', title: '(t + 1)/T' },
    panels: [alphaBarPanel, ...noisePanels],
    dotted: false,
    points: schedules.flatMap(([schedule, { betas, alphaBars, trainedSteps }]) =>
      Array.from(alphaBars, (alphaBar, t) => ({
        schedule,
        t,
        share: (t + 1) / trainedSteps,
        beta: betas[t] ?? 0,
        ...facts({ alphaBar }),
      })),
    ),
  }
}

/**
 * The levels that spacings visit, step by step.
 *
 * @param spacings - their levels, by name
 */
export const spacingCurves = (spacings: ReadonlyArray<Named<readonly Level[]>>): Curves => ({
  by: 'spacing',
  x: { column: 'step', title: 'step' },
  panels: [{ column: 't', title: 't' }, ...noisePanels],
  dotted: true,
  points: spacings.flatMap(([spacing, levels]) =>
    levels.map((level, k) => ({ spacing, step: k + 1, t: level.t, ...facts(level) })),
  ),
})

/** The columns that every rule has. */
const OWN = 4

/** What coefficients can't show of rules that ask twice, and what they show of those that look back. */
const noteOn = (rules: ReadonlyArray<Named<Rule>>): Pick<Curves, 'note'> => {
  const namesOf = (which: (rule: Rule) => boolean): string =>
    rules.flatMap(([name, rule]) => (which(rule) ? [name] : [])).join(', ')
  const [asking, looking] = [
    namesOf(({ again }) => again !== undefined),
    namesOf(({ refine }) => refine !== undefined),
  ]
  const notes = [
    ...(asking === ''
      ? []
      : [
          `Where ${asking} ask${asking.includes(',') ? '' : 's'} the network twice, x̂₀ and ε̂ are what its answers come to.`,
        ]),
    ...(looking === ''
      ? []
      : [
          `Of ${looking}, what the network has said before counts besides: x0_1 is the coefficient of x̂₀ one step before.`,
        ]),
  ]
  return notes.length === 0 ? {} : { note: notes.join(' ') }
}

/**
 * The coefficients of each step along a plan: `x_{t−1} = c_x·x_t + c_0·x̂₀ + c_ε·ε̂ + c_z·z`, and those of what was seen in the steps before
 * where a rule looks back.
 *
 * @param rules - by name
 * @param steps - the plan
 * @throws what a rule throws that does not suit a step
 */
export const coefficientCurves = (
  rules: ReadonlyArray<Named<Rule>>,
  steps: readonly Transition[],
): Curves => {
  const all = rules.flatMap(([name, rule]) =>
    steps.map((transition, index) => ({
      facts: { rule: name, step: transition.index + 1, from: transition.from.t, to: transition.to.t },
      weights: coefficientsOf(rule, steps, index),
    })),
  )
  const present = vectors.filter(([column]) => all.some(({ weights }) => weights[column] !== 0))
  const columns = [...vectors.slice(0, OWN), ...present.filter((vector) => vectors.indexOf(vector) >= OWN)]
  const points = all.map(({ facts, weights }): Point => ({
    ...facts,
    ...Object.fromEntries(columns.map(([column]) => [column, weights[column] ?? 0])),
  }))
  return {
    by: 'rule',
    x: { column: 'step', title: 'step' },
    panels: present.map(([column, title]) => ({ column, title })),
    dotted: true,
    points,
    ...noteOn(rules),
  }
}
