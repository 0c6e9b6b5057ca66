import { describe, expect, it } from 'vitest'
import { fail } from '../src/failure.ts'
import { E, TE } from '../src/fp.ts'
import { orThrow } from '../src/or-throw.ts'

const failure = fail('EtaOutOfRange', { eta: 2 })
const thrown = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('orThrow', () => {
  it('promises what a task comes to, and rejects with its very failure', async () => {
    expect(await orThrow(TE.right(3))).toBe(3)
    await expect(orThrow(TE.left(failure))).rejects.toBe(failure)
  })

  it('hands out what an Either holds at once, and throws its very failure', () => {
    expect(orThrow(E.right(3))).toBe(3)
    expect(thrown(() => orThrow(E.left(failure)))).toBe(failure)
  })

  it('runs a task when it is asked to, once', async () => {
    let runs = 0
    const counted = TE.fromIO(() => (runs += 1))
    expect(runs).toBe(0)
    await orThrow(counted)
    expect(runs).toBe(1)
  })
})
