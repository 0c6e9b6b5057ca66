/** What is wrong with how a verb is used. */
import { fail, type FailureOf } from '../failure.ts'

/** A refusal, as a sentence without its full stop. */
export const failWith = (reason: string): FailureOf<'Usage'> => fail('Usage', { reason })
