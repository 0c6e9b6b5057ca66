import { lastValueFrom, of, tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { float64 } from '../../src/algebra/float64.ts'
import type { Values64 } from '../../src/algebra/float64/values.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacings/trailing.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { timeshared } from '../../src/model/timeshared.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { tapFrame } from '../../src/stream/operators/tap-frame.ts'
import { respace } from '../../src/stream/respace.ts'

/** Answers at once, or in a microtask. */
const network = (late: boolean): Denoiser<Values64> => ({
  algebra: float64,
  predicts: 'epsilon',
  schedule: linearSchedule(),
  shape: [1],
  predict: (x) => {
    const answer = { output: float64.combine([[0.5, x]]) }
    return late ? Promise.resolve(answer) : of(answer)
  },
})

interface User {
  readonly rows: number
  readonly steps: number
  readonly priority?: number
}

/** Whose steps were taken, in order. */
const stepsOf = async (
  model: Denoiser<Values64>,
  maxRows: number,
  users: readonly User[],
  look: () => Promise<unknown> | undefined = () => undefined,
): Promise<readonly number[]> => {
  const client = timeshared(model, { maxRows })
  const taken: number[] = []
  await Promise.all(
    users.map(({ rows, steps, priority = 0 }, who) => {
      const config = { model: client({ priority }), rule: ddim(), noise: philox({ seed: 7 }), batch: rows }
      return lastValueFrom(
        respace(model.schedule, trailing(steps)).pipe(
          denoise({ ...config, inFlight: 1 }),
          tapFrame(look),
          tap(() => taken.push(who)),
        ),
      )
    }),
  )
  return taken
}

const countOf = (who: number, taken: readonly number[]): number => taken.filter((each) => each === who).length

/** One macrotask, in which a frame is looked at. */
const look = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

describe.each([
  ['at once', false, undefined],
  ['later', true, undefined],
  ['to who looks at every frame for a macrotask', true, look],
] as const)('runs that share a network which answers %s', (_, late, looking) => {
  it('take steps as their priorities say: 8 to 1 for 3 to 0', async () => {
    const users = [
      { rows: 4, steps: 100 },
      { rows: 4, steps: 100, priority: 3 },
    ]
    const taken = await stepsOf(network(late), 4, users, looking)
    const both = taken.slice(0, taken.lastIndexOf(1) + 1)
    expect(countOf(1, both)).toBe(100)
    // every ninth step, and so neither starved nor first
    expect([12, 13]).toContain(countOf(0, both))
  })

  it('share its rows, not its calls: batches of 64 take one step where those of 1 take 64', async () => {
    const users = [
      { rows: 64, steps: 8 },
      { rows: 1, steps: 256 },
    ]
    const taken = await stepsOf(network(late), 64, users, looking)
    const both = taken.slice(0, taken.lastIndexOf(1) + 1)
    expect(countOf(1, both)).toBe(256)
    expect([3, 4]).toContain(countOf(0, both))
  })
})
