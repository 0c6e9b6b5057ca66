import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { of } from 'rxjs'
import {
  ddpm,
  denoise,
  finalSnapshot,
  gaussianMixture,
  linearSchedule,
  philox,
  respace,
  tfjs,
  trailing,
} from '../../../src/index.ts'
import type { Denoiser } from '../../../src/index.ts'

const schedule = linearSchedule()

/** Knows the score of white noise: what it denoises stays white. */
const white: Denoiser<tf.Tensor> = {
  algebra: tfjs,
  predicts: 'epsilon',
  schedule,
  shape: [4, 4, 1],
  predict: (x, [t = 0]) => of({ output: tf.mul(x, Math.sqrt(1 - (schedule.alphaBars[t] ?? 1))) }),
}

const draw = async <T>(model: Denoiser<T>): Promise<readonly number[]> => {
  const config = { model, rule: ddpm(), noise: philox({ seed: 7 }) }
  const { xt } = await finalSnapshot(respace(schedule, trailing(20)).pipe(denoise(config)))
  return [...xt.data]
}

/** A number from two peaks, and an image on tfjs's cpu backend. */
export const sample = async (): Promise<{
  readonly number: readonly number[]
  readonly image: readonly number[]
}> => {
  await tf.setBackend('cpu')
  const peaks = gaussianMixture([
    { mean: -2, deviation: 0.1 },
    { mean: 2, deviation: 0.1 },
  ])
  return { number: await draw(peaks), image: await draw(white) }
}
