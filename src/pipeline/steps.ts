/**
 * Which levels to visit: `steps: { kind: trailing, count: 50 }`.
 */
import { listOf, numberIn, oneOf, wholeFrom, words } from '../codecs.ts'
import {
  explicit,
  exponential,
  karras,
  leading,
  linspace,
  polyexponential,
  quadratic,
  respacing,
  type Spacing,
  trailing,
} from '../diffusion/spacing.ts'
import type { FinalLevel } from '../diffusion/transition.ts'
import { call, literal, type Staged } from './staged.ts'
import { defaulted, free, kind, needed, struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

interface Ends {
  readonly sigmaMin?: number
  readonly sigmaMax?: number
}

/** Which levels to visit, by kind, with the settings of each. */
export type Steps = { readonly finalLevel: FinalLevel } & (
  | { readonly kind: 'trailing'; readonly count: number }
  | { readonly kind: 'leading'; readonly count: number; readonly offset: number }
  | { readonly kind: 'linspace'; readonly count: number }
  | { readonly kind: 'quadratic'; readonly count: number; readonly from: '0.8T' | 'T' }
  | ({ readonly kind: 'karras'; readonly count: number; readonly rho: number } & Ends)
  | ({ readonly kind: 'exponential'; readonly count: number } & Ends)
  | ({ readonly kind: 'polyexponential'; readonly count: number; readonly rho: number } & Ends)
  | { readonly kind: 'explicit'; readonly timesteps: readonly number[] }
  | { readonly kind: 'respacing'; readonly sections: string }
)

const count = defaulted(wholeFrom(1), 50, 'How many steps, at most as many as the model was trained on.')
const finalLevel = defaulted(
  oneOf<FinalLevel>('clean', 'first'),
  'clean',
  'Where the last step leads: to no noise at all, or to the least noise of the schedule.',
)
const ends = {
  sigmaMin: free(numberIn(0), 'The least noise, as √(1/ᾱ − 1); that of the schedule unless said.'),
  sigmaMax: free(numberIn(0), 'The most noise, as √(1/ᾱ − 1); that of the schedule unless said.'),
}
const rho = (bend: number) => defaulted(numberIn(0), bend, 'How the sequence bends.')

/** The codec of steps. */
export const stepsCodec: Variants<Steps> = variants<Steps>('a spacing of steps', {
  trailing: struct('trailing', { kind: kind('trailing'), count, finalLevel }),
  leading: struct('leading', {
    kind: kind('leading'),
    count,
    offset: defaulted(wholeFrom(0), 0, 'Moves every timestep up.'),
    finalLevel,
  }),
  linspace: struct('linspace', { kind: kind('linspace'), count, finalLevel }),
  quadratic: struct('quadratic', {
    kind: kind('quadratic'),
    count,
    from: defaulted(oneOf('0.8T', 'T'), '0.8T', 'Where the chain starts.'),
    finalLevel,
  }),
  karras: struct('karras', { kind: kind('karras'), count, rho: rho(7), ...ends, finalLevel }),
  exponential: struct('exponential', { kind: kind('exponential'), count, ...ends, finalLevel }),
  polyexponential: struct('polyexponential', {
    kind: kind('polyexponential'),
    count,
    rho: rho(1),
    ...ends,
    finalLevel,
  }),
  explicit: struct('explicit', {
    kind: kind('explicit'),
    timesteps: needed(listOf('timesteps', wholeFrom(0)), 'The timesteps, falling.'),
    finalLevel,
  }),
  respacing: struct('respacing', {
    kind: kind('respacing'),
    sections: needed(words, 'As OpenAI’s code has it: "50", "10,15,20" or "ddim50".'),
    finalLevel,
  }),
})

/** Steps as an expression. */
export const stageSteps = (steps: Steps): Staged<Spacing> => {
  switch (steps.kind) {
    case 'trailing':
      return call('trailing', trailing, literal(steps.count))
    case 'linspace':
      return call('linspace', linspace, literal(steps.count))
    case 'leading':
      return call('leading', leading, literal(steps.count), literal({ offset: steps.offset }))
    case 'quadratic':
      return call('quadratic', quadratic, literal(steps.count), literal({ from: steps.from }))
    case 'karras':
      return call('karras', karras, literal(steps.count), literal({ rho: steps.rho, ...endsOf(steps) }))
    case 'exponential':
      return call('exponential', exponential, literal(steps.count), literal(endsOf(steps)))
    case 'polyexponential':
      return call(
        'polyexponential',
        polyexponential,
        literal(steps.count),
        literal({ rho: steps.rho, ...endsOf(steps) }),
      )
    case 'explicit':
      return call('explicit', explicit, literal(steps.timesteps))
    case 'respacing':
      return call('respacing', respacing, literal(steps.sections))
  }
}

const endsOf = ({ sigmaMin, sigmaMax }: Ends): Ends => ({
  ...(sigmaMin === undefined ? {} : { sigmaMin }),
  ...(sigmaMax === undefined ? {} : { sigmaMax }),
})
