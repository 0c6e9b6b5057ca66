import { describe, expectTypeOf, it } from 'vitest'
import type { Failure } from '../../src/failure.ts'
import type { E, TE } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'

declare const task: TE.TaskEither<Failure, { readonly steps: number }>
declare const either: E.Either<Failure, { readonly steps: number }>

describe('orThrow', () => {
  it('promises what a task comes to, and hands out what an Either holds', () => {
    expectTypeOf(orThrow(task)).toEqualTypeOf<Promise<{ readonly steps: number }>>()
    expectTypeOf(orThrow(either)).toEqualTypeOf<{ readonly steps: number }>()
  })

  it('takes nothing else', () => {
    // @ts-expect-error a promise is neither
    void orThrow(Promise.resolve(1))
    // @ts-expect-error nor is a plain value
    void orThrow(1)
  })
})
