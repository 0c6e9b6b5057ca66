import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, map, range, toArray } from 'rxjs'
import { beforeAll, expect, it } from 'vitest'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { TE } from '../../src/fp.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import { unet2d } from '../../src/model/unet2d.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import type { Batch } from '../../src/train/batch.ts'
import { adamw } from '../../src/train/optimiser.ts'
import { train, type TrainConfig } from '../../src/train/train.ts'
import { describeOn } from '../support/engines.ts'

const network = orThrow(
  decodeUNet2DConfig('config.json')({
    sample_size: 8,
    in_channels: 1,
    out_channels: 1,
    block_out_channels: [8, 8],
    down_block_types: ['DownBlock2D', 'AttnDownBlock2D'],
    up_block_types: ['AttnUpBlock2D', 'UpBlock2D'],
    norm_num_groups: 4,
    layers_per_block: 1,
    attention_head_dim: 4,
  }),
)
const config: TrainConfig = {
  architecture: unet2d(network),
  description: { shape: [8, 8, 1], predicts: 'epsilon', schedule: linearSchedule() },
  optimiser: adamw({ rate: () => 2e-3, clip: 1 }),
  seed: 7,
}
const batch = (k: number): Batch =>
  TE.right({ images: { shape: [4, 8, 8, 1], data: philox({ seed: 1 }).draw(k, [4, 8, 8, 1]) } })

const run = (updates: number) =>
  lastValueFrom(
    range(0, updates).pipe(
      map(batch),
      train(config),
      map(({ loss }) => ({ loss, alive: tf.memory().numTensors })),
      toArray(),
    ),
  )

describeOn('tensorflow', 'training a U-Net', () => {
  let before = 0
  beforeAll(async () => {
    await orThrow(openEngine('tensorflow'))
    before = tf.memory().numTensors
  })

  it('keeps as many tensors after 40 updates as after 3, and none in the end', async () => {
    const told = await run(40)
    const counts = new Set(told.slice(2).map(({ alive }) => alive))
    expect(counts.size).toBe(1)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('has the losses of plain JavaScript', async () => {
    const here = await run(5)
    await orThrow(openEngine('cpu'))
    const there = await run(5)
    here.forEach(({ loss }, k) => expect(Math.abs(loss - there[k]!.loss)).toBeLessThan(1e-5))
  })
})
