/** Runs whose frames are known, for sinks. */
import { concat, defer, type Observable } from 'rxjs'
import { float64, type Values64 } from '../../../src/algebra/float64.ts'
import { ddim } from '../../../src/diffusion/rule.ts'
import { linearSchedule } from '../../../src/diffusion/schedule.ts'
import { trailing } from '../../../src/diffusion/spacing.ts'
import type { Denoiser } from '../../../src/model/denoiser.ts'
import { philox } from '../../../src/noise/philox.ts'
import { denoise } from '../../../src/stream/denoise.ts'
import type { Frame } from '../../../src/stream/frame.ts'
import { respace } from '../../../src/stream/respace.ts'
import { discs } from './synthetic-images.ts'

/** What a run is like. */
export interface RunOptions {
  readonly steps?: number
  readonly size?: number
  readonly channels?: number
  readonly rows?: number
  readonly inFlight?: number
}

/** A run towards discs, by a model that knows what they are to be; `calls` counts its questions. */
export const discRun = ({ steps = 6, size = 6, channels = 3, rows = 1, inFlight = 2 }: RunOptions = {}) => {
  const x0 = discs(rows, size, channels)
  const count = { calls: 0 }
  const model: Denoiser<Values64> = {
    algebra: float64,
    predicts: 'sample',
    schedule: linearSchedule(),
    shape: [size, size, channels],
    range: 1,
    predict: () => {
      count.calls += 1
      return [{ output: float64.fromValues(x0) }]
    },
  }
  const frames$: Observable<Frame<Values64>> = respace(model.schedule, trailing(steps)).pipe(
    denoise({ model, rule: ddim(), noise: philox({ seed: 7 }), batch: rows, inFlight }),
  )
  return { frames$, count }
}

/** The same, and then an error. */
export const broken = <T>(frames$: Observable<T>): Observable<T> =>
  concat(
    frames$,
    defer(() => {
      throw new Error('the model broke')
    }),
  )
