/**
 * What samples are to show, and how hard the model is to listen: `condition: { labels: [bag, sneaker], guidance: 2 }`.
 */
import * as t from 'io-ts'
import { listOf, numberIn, wholeFrom, words } from '../codecs.ts'
import { MOST_GUIDANCE } from '../limits.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { guided, type GuidedOptions } from '../model/guided.ts'
import type { Tensor } from './composition.ts'
import { apply, call, literal, type Staged } from './staged.ts'
import { defaulted, free, struct } from './struct.ts'

/** Classes by name or number, and guidance. */
export interface ConditionSettings {
  readonly labels?: ReadonlyArray<string | number>
  readonly guidance: number
  readonly rescale: number
}

/** The codec of a condition. */
export const conditionCodec: t.Type<ConditionSettings> = struct<ConditionSettings>('a condition', {
  labels: free(
    listOf('labels, by name or number', t.union([words, wholeFrom(0)], 'the name or number of a class')),
    'Classes by name or number, or none; every class once unless said. They are repeated over a larger batch.',
  ),
  guidance: defaulted(
    numberIn(0, MOST_GUIDANCE),
    1,
    'The weight of the labels (classifier-free guidance); 1 is the model itself.',
  ),
  rescale: defaulted(
    numberIn(0, 1),
    0,
    'How much of the labelled prediction’s deviation is given back to the guided one.',
  ),
})

/** A model guided as a condition says. */
export const stageGuided = (
  { guidance, rescale }: ConditionSettings,
  model: Staged<Denoiser<Tensor>>,
): Staged<Denoiser<Tensor>> =>
  guidance === 1
    ? model
    : apply(
        call(
          'guided',
          guided as (options: GuidedOptions) => (model: Denoiser<Tensor>) => Denoiser<Tensor>,
          literal(rescale === 0 ? { weight: guidance } : { weight: guidance, rescale }),
        ),
        model,
      )
