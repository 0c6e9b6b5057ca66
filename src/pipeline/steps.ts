/**
 * Which levels to visit: `steps: { kind: trailing, count: 50 }`.
 */
import { listOf, oneOf, wholeFrom, words } from '../codecs.ts'
import { explicit, respacing, type Spacing, spacings, type SpacingSettings } from '../diffusion/spacing.ts'
import type { FinalLevel } from '../diffusion/transition.ts'
import { registered } from './registered.ts'
import { call, literal, type Staged } from './staged.ts'
import { defaulted, kind, needed, Struct } from './struct.ts'
import { Variants } from './variants.ts'

/** Which levels to visit, and where the last step leads. */
export type Steps = SpacingSettings & { readonly finalLevel: FinalLevel }

const count = defaulted(wholeFrom(1), 50, 'How many steps, at most as many as the model was trained on.')
const finalLevel = defaulted(
  oneOf<FinalLevel>('clean', 'first'),
  'clean',
  'Where the last step leads: to no noise at all, or to the least noise of the schedule.',
)

/** The codec of steps. */
export const stepsCodec: Variants<Steps> = new Variants<Steps>('a spacing of steps', {
  ...registered(
    spacings,
    {
      defaults: {
        leading: { offset: 0 },
        quadratic: { from: '0.8T' },
        karras: { rho: 7 },
        polyexponential: { rho: 1 },
      },
      about: {
        offset: 'Moves every timestep up.',
        from: 'Where the chain starts.',
        rho: 'How the sequence bends.',
        sigmaMin: 'The least noise, as √(1/ᾱ − 1); that of the schedule unless said.',
        sigmaMax: 'The most noise, as √(1/ᾱ − 1); that of the schedule unless said.',
      },
    },
    { count },
    { finalLevel },
  ),
  explicit: new Struct('explicit', {
    kind: kind('explicit'),
    timesteps: needed(listOf('timesteps', wholeFrom(0)), 'The timesteps, falling.'),
    finalLevel,
  }),
  respacing: new Struct('respacing', {
    kind: kind('respacing'),
    text: needed(words, 'As OpenAI’s code has it: "50", "10,15,20" or "ddim50".'),
    finalLevel,
  }),
})

/** Whether steps are said by kind and number. */
export const isCounted = (steps: Steps): steps is Extract<Steps, { readonly count: number }> =>
  'count' in steps

/** Steps as an expression. */
export const stageSteps = ({ finalLevel: _, ...steps }: Steps): Staged<Spacing> => {
  if (steps.kind === 'explicit') return call('explicit', explicit, literal(steps.timesteps))
  if (steps.kind === 'respacing') return call('respacing', respacing, literal(steps.text))
  const { kind: name, count: many, ...options } = steps
  const make: (count: number, options?: object) => Spacing = spacings[name]
  return call(
    name,
    make,
    literal(many),
    literal<object | undefined>(Object.keys(options).length === 0 ? undefined : options),
  )
}
