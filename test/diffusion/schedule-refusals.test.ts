import fc from 'fast-check'
import type { Failure } from '../../src/failure.ts'
import { describe, expect, it } from 'vitest'
import {
  constSchedule,
  linearSchedule,
  scaledLinearSchedule,
  scheduleFromAlphaBars,
  scheduleFromBetas,
  scheduleFromFunction,
  sigmoidSchedule,
} from '../../src/diffusion/schedule.ts'
import { expectRefusal, isSound, refused } from './sound.ts'

describe('what makes no schedule is refused', () => {
  it.each([[[]], [[0.1, 0]], [[0.1, -0.1]], [[1.1]], [[NaN]], [[Infinity]], [[0.1, 1, 0.1]], [[1e-17]]])(
    'βs %j',
    (betas) => expectRefusal(() => scheduleFromBetas(betas)),
  )

  it.each([[[]], [[1]], [[0.5, 0.5]], [[0.5, 0.6]], [[0.5, -0.1]], [[NaN]], [[0.5, 0, 0]]])(
    'ᾱs %j',
    (alphaBars) => expectRefusal(() => scheduleFromAlphaBars(alphaBars)),
  )

  it('what vanishes before its end, or in float32', () => {
    expectRefusal(() => constSchedule({ beta: 0.999, trainedSteps: 200 }))
    expect(() => scheduleFromBetas([1e-9])).not.toThrow()
    expectRefusal(() => scheduleFromBetas([1e-9], 'too fine', 'f32'))
  })

  it('a function that does not fall', () => {
    for (const alphaBar of [() => 1, (share: number) => 1 + share, () => NaN, () => 0, () => Infinity])
      expectRefusal(() => scheduleFromFunction('flat', alphaBar))
  })

  it('ends outside (0, 1]', () => {
    for (const make of [linearSchedule, scaledLinearSchedule, sigmoidSchedule])
      for (const ends of [{ betaStart: -0.1 }, { betaEnd: 1.5 }, { betaStart: NaN }, { betaEnd: Infinity }])
        expectRefusal(() => make(ends))
    for (const beta of [0, -1, 1.5, NaN]) expectRefusal(() => constSchedule({ beta }))
  })

  it('anything else that is drawn at random, and never makes a NaN', () => {
    const any = fc.oneof(fc.double(), fc.double({ min: -0.1, max: 1.1, noNaN: true }))
    fc.assert(
      fc.property(any, any, fc.integer({ min: 1, max: 50 }), (betaStart, betaEnd, trainedSteps) => {
        for (const make of [linearSchedule, scaledLinearSchedule, sigmoidSchedule])
          for (const precision of ['f64', 'f32'] as const)
            try {
              isSound(make({ betaStart, betaEnd, trainedSteps, precision }))
            } catch (error) {
              // a β outside [0, 1] that would do no harm is refused as an argument
              expect(['ScheduleInvalid', 'ArgumentInvalid']).toContain((error as Failure)._tag)
            }
      }),
    )
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (numbers) => {
        for (const make of [scheduleFromBetas, scheduleFromAlphaBars])
          try {
            isSound(make(numbers))
          } catch (error) {
            expect(error).toMatchObject(refused)
          }
      }),
    )
  })
})
