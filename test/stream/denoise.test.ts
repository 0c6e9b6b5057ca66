import { describe, expect, it } from 'vitest'
import { lastValueFrom, map, toArray } from 'rxjs'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'

describe('denoise', () => {
  it('emits one frame per step and ends where the model says', async () => {
    const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
    const frames$ = respace(linearSchedule(), trailing(50)).pipe(
      denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }),
    )
    const path = await lastValueFrom(frames$.pipe(map((frame) => frame.xt), toArray()))
    expect(path).toHaveLength(50)
    expect(Math.abs((path[49] ?? NaN) - 2)).toBeLessThan(0.5)
    const { xt } = await finalSnapshot(frames$)
    expect(xt.data[0]).toBe(path[49])
  })
})
