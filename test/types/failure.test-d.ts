import { describe, expectTypeOf, it } from 'vitest'
import { fail, isFailure } from '../../src/failure.ts'
import type { Failure, FailureOf } from '../../src/failure.ts'

describe('fail', () => {
  it('carries the facts of its tag, typed', () => {
    const failure = fail('EtaOutOfRange', { eta: 1.5 })
    expectTypeOf(failure).toEqualTypeOf<FailureOf<'EtaOutOfRange'>>()
    expectTypeOf(failure._tag).toEqualTypeOf<'EtaOutOfRange'>()
    expectTypeOf(failure.eta).toEqualTypeOf<number>()
    expectTypeOf(failure).toExtend<Failure>()
    expectTypeOf(failure).toExtend<Error>()
  })

  it('refuses the facts of another tag, missing facts and unknown tags', () => {
    // @ts-expect-error sigma is no fact of EtaOutOfRange
    fail('EtaOutOfRange', { sigma: 1 })
    // @ts-expect-error eta is a number
    fail('EtaOutOfRange', { eta: '1' })
    // @ts-expect-error three facts are needed
    fail('SigmaOutOfRange', { sigma: 1 })
    // @ts-expect-error there is no such tag
    fail('SomethingElse', {})
  })
})

describe('isFailure', () => {
  it('narrows, and the tag then tells the facts', () => {
    const explain = (error: unknown): number | undefined => {
      if (!isFailure(error)) return undefined
      expectTypeOf(error).toEqualTypeOf<Failure>()
      return error._tag === 'TooManySteps' ? error.trained : undefined
    }
    expectTypeOf(explain).returns.toEqualTypeOf<number | undefined>()
  })
})
