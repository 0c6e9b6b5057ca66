/**
 * What the parts of a run have to be, as they are handed over.
 */
import { aFunction, aText, type Expected, type ExpectedOptions, having, orNothing } from '../arguments.ts'
import { aCondition, aModel, aRule, aSpacing, someNoise } from '../expected.ts'
import { isRecord } from '../json.ts'

const clip: Expected = {
  name: "a way to clip, such as 'x0'",
  is: (value) => aText.is(value) || isRecord(value),
}

const shared: ExpectedOptions = {
  condition: orNothing(aCondition),
  clip: orNothing(clip),
  scheduler: orNothing(having('a scheduler of RxJS', { schedule: 'function' })),
}

/** What a run is made of. */
export const expectedConfig: ExpectedOptions = { model: aModel, rule: aRule, noise: someNoise, ...shared }

/** What can be otherwise from some step on. */
export const expectedChanges: ExpectedOptions = {
  rule: orNothing(aRule),
  noise: orNothing(someNoise),
  spacing: orNothing(aSpacing),
  model: orNothing({
    ...aFunction,
    name: 'a function from a model to a model, such as guided({ weight: 2 })',
  }),
  ...shared,
}
