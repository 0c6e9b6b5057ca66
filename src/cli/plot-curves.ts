/**
 * What there is to plot, as tables: one row per point, in columns that people can load elsewhere.
 */
import { sigmaOfLevel, type Schedule } from '../diffusion/schedule.ts'
import type { Level } from '../diffusion/level.ts'
import type { Rule } from '../diffusion/rule.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { Row } from './csv.ts'

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

const vectors: readonly Panel[] = [
  { column: 'xt', title: 'coefficient of x_t' },
  { column: 'x0', title: 'coefficient of x̂₀' },
  { column: 'eps', title: 'coefficient of ε̂' },
  { column: 'z', title: 'coefficient of z, fresh noise' },
]

/** Solvers differ in what x̂₀ and ε̂ are, and in nothing that a coefficient could show. */
const noteOn = (rules: ReadonlyArray<Named<Rule>>): Pick<Curves, 'note'> => {
  const solvers = rules.flatMap(([name, { refine, again }]) =>
    refine === undefined && again === undefined ? [] : [name],
  )
  return solvers.length === 0
    ? {}
    : {
        note:
          `Of ${solvers.join(', ')}, x̂₀ and ε̂ are no single answer of the network, but what several come to: ` +
          'the same coefficients as those of ddim, and other images.',
      }
}

/**
 * The coefficients of each step along a plan: `x_{t−1} = c_x·x_t + c_0·x̂₀ + c_ε·ε̂ + c_z·z`.
 *
 * @param rules - by name
 * @param steps - the plan
 * @throws what a rule throws that does not suit a step
 */
export const coefficientCurves = (
  rules: ReadonlyArray<Named<Rule>>,
  steps: readonly Transition[],
): Curves => {
  const points = rules.flatMap(([rule, { step }]) =>
    steps.map((transition) => ({
      rule,
      step: transition.index + 1,
      from: transition.from.t,
      to: transition.to.t,
      ...step(transition),
    })),
  )
  return {
    by: 'rule',
    x: { column: 'step', title: 'step' },
    panels: vectors.filter(({ column }) => points.some((point: Point) => point[column] !== 0)),
    dotted: true,
    points,
    ...noteOn(rules),
  }
}
