import { describe, expect, it } from 'vitest'
import { schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { schedulerPreset } from '../../src/checkpoint/scheduler-preset.ts'
import { type Flags, readSettings, type Settings } from '../../src/cli/settings.ts'
import { E } from '../../src/fp.ts'
import { philox } from '../../src/noise/philox.ts'
import { torch, torchList } from '../../src/noise/torch.ts'

const plain: Flags = {
  sampler: 'ddim',
  rng: 'philox',
  guidance: '1',
  engine: 'auto',
}

const settings = (more: Partial<Flags> = {}): Settings => {
  const read = readSettings({ ...plain, ...more })
  if (E.isLeft(read)) throw read.left
  return read.right
}
const refusal = (more: Partial<Flags>): string => {
  const read = readSettings({ ...plain, ...more })
  return E.isLeft(read) ? read.left.message : 'accepted'
}

const spacingNames =
  '--spacing takes one of exponential, karras, leading, linspace, polyexponential, quadratic, trailing, explicit'

describe('readSettings', () => {
  it('has the defaults of the help, and leaves to the model what is the model’s', () => {
    const { noise, spacing, rule, idOf, ...rest } = settings()
    expect(rest).toEqual({
      model: undefined,
      engine: 'auto',
      clip: undefined,
      presetClip: undefined,
      preset: undefined,
      finalLevel: 'clean',
      seeding: 'seed 0',
      batch: undefined,
      labels: undefined,
      guidance: 1,
    })
    expect([spacing.name, rule.name, noise.name]).toEqual(['trailing(50)', 'ddim(eta 0)', 'philox'])
    expect(noise.draw(1, [2, 3])).toEqual(philox({ seed: 0 }).draw(1, [2, 3]))
    expect(idOf).toBeUndefined()
  })

  it.each<readonly [preset: string, sampler: string, spacing: string, clip: string, rule: string]>([
    ['ermon', 'ddim', 'leading(10)', 'none', 'ddim(eta 0)'],
    ['ermon', 'ddpm', 'leading(10)', 'x0', 'ddpm(fixed-large)'],
    ['diffusers', 'ddim', 'leading(10)', 'x0', 'ddim(eta 0)'],
    ['diffusers', 'ddpm', 'leading(10)', 'x0', 'ddpm(fixed-small)'],
    ['openai', 'ddim', 'respacing(10)', 'x0+eps', 'ddim(eta 0)'],
    ['openai', 'ddpm', 'respacing(10)', 'x0+eps', 'ddpm(fixed-large)'],
  ])('takes on the habits of %s for %s', (preset, sampler, spacing, clip, rule) => {
    const read = settings({ preset, sampler, steps: '10' })
    expect([read.spacing.name, read.presetClip, read.rule.name]).toEqual([spacing, clip, rule])
  })

  it('prefers what is said to a preset', () => {
    const said = { spacing: 'trailing', clip: 'none', variance: 'fixed-small' }
    const { spacing, clip, rule } = settings({ preset: 'ermon', sampler: 'ddpm', ...said })
    expect([spacing.name, clip, rule.name]).toEqual(['trailing(50)', { mode: 'none' }, 'ddpm(fixed-small)'])
  })

  it.each<readonly [more: Partial<Flags>, rule: string]>([
    [{ sampler: 'plms' }, 'plms'],
    [{ sampler: 'dpmpp-2m' }, 'dpmpp-2m'],
    [{ sampler: 'dpmpp-3m-sde' }, 'dpmpp-3m-sde'],
    [{ sampler: 'unipc' }, 'unipc(2)'],
    [{ sampler: 'unipc:order=3' }, 'unipc(3)'],
    [{ sampler: 'ddim:eta=0.25' }, 'ddim(eta 0.25)'],
    [{ sampler: 'ddim', eta: '.5' }, 'ddim(eta 0.5)'],
    [{ sampler: 'dpmpp-3m:bend=whole' }, 'dpmpp-3m(bend whole)'],
    [{ sampler: 'lcm:boundary=none' }, 'lcm(boundary none)'],
    [{ sampler: 'euler-ancestral' }, 'euler-ancestral'],
    [{ sampler: 'euler-ancestral', eta: '0.5' }, 'euler-ancestral(eta 0.5)'],
    [{ sampler: 'ddpm', variance: 'learned-range' }, 'ddpm(learned-range)'],
  ])('takes %j for a rule', (more, rule) => {
    expect(settings(more).rule.name).toBe(rule)
  })

  it.each<readonly [more: Partial<Flags>, spacing: string]>([
    [{ spacing: 'karras' }, 'karras(50)'],
    [{ spacing: 'karras:rho=5,sigmaMax=80', steps: '10' }, 'karras(10, rho 5)'],
    [{ spacing: 'leading:offset=1', steps: '10' }, 'leading(10, offset 1)'],
    [{ spacing: 'quadratic:from=T' }, 'quadratic(50, from T)'],
    [{ spacing: 'ddim50' }, 'respacing(ddim50)'],
    [{ spacing: '10,15,20' }, 'respacing(10,15,20)'],
    [{ spacing: 'explicit:999, 400,20' }, 'explicit(999, 400, 20)'],
  ])('takes %j for a spacing', (more, spacing) => {
    expect(settings(more).spacing.name).toBe(spacing)
  })

  it.each<readonly [clip: string, choice: object]>([
    ['none', { mode: 'none' }],
    ['x0:range=2', { mode: 'x0', range: 2 }],
    ['threshold:ratio=0.99,largest=4', { mode: 'threshold', ratio: 0.99, largest: 4 }],
  ])('takes %s for a way to clip', (clip, choice) => {
    expect(settings({ clip }).clip).toEqual(choice)
  })

  it('prefers what is said of a rule to the preset, and what the checkpoint says to diffusers’ defaults', () => {
    const own = schedulerPreset({
      ...schedulerDefaults,
      steps_offset: 1,
      thresholding: true,
      sample_max_value: 3,
      set_alpha_to_one: false,
      variance_type: 'fixed_large',
    })
    const under = (more: Partial<Flags>) => {
      const read = readSettings({ ...plain, preset: 'diffusers', ...more }, own)
      return E.isRight(read) ? read.right : expect.fail('it was refused')
    }
    expect(under({ steps: '10' })).toMatchObject({
      spacing: { name: 'leading(10, offset 1)' },
      presetClip: { mode: 'threshold', range: 1, ratio: 0.995, largest: 3 },
      finalLevel: 'first',
      rule: { name: 'ddim(eta 0)' },
    })
    expect(under({ sampler: 'ddpm' })).toMatchObject({
      finalLevel: 'clean',
      rule: { name: 'ddpm(fixed-large)' },
    })
    expect(under({ sampler: 'ddpm:variance=learned' })).toMatchObject({ rule: { name: 'ddpm(learned)' } })
    expect(under({ finalLevel: 'clean' }).finalLevel).toBe('clean')
    expect(settings({ preset: 'openai' }).finalLevel).toBe('clean')
  })

  it('makes the noise of one seed for the batch, or of one for each sample', () => {
    const shape = [2, 4, 4, 1]
    const drawn = (more: Partial<Flags>) => settings(more).noise.draw(1, shape)
    expect(drawn({ seed: '7' })).toEqual(philox({ seed: 7 }).draw(1, shape))
    expect(drawn({ seeds: '3,9' })).toEqual(philox({ seeds: [3, 9] }).draw(1, shape))
    expect(drawn({ seed: '7', rng: 'torch' })).toEqual(torch({ seed: 7 }).draw(1, shape))
    expect(drawn({ seeds: '3,9', rng: 'torch' })).toEqual(torchList({ seeds: [3, 9] }).draw(1, shape))
  })

  it('takes the size of the batch from the seeds', () => {
    const { batch, idOf, seeding } = settings({ seeds: '3-4,9' })
    expect([batch, idOf?.(2), seeding]).toEqual([3, 'seed 9', 'seeds 3,4,9'])
    expect(settings({ seeds: '3-4,9', batch: '3' }).batch).toBe(3)
    expect(refusal({ seeds: '3-4,9', batch: '2' })).toBe('--seeds names 3 samples, and --batch asks for 2.')
  })

  it('draws some samples of a seed again, by their ids', () => {
    const { batch, idOf, seeding, noise } = settings({ seed: '7', samples: '12,3' })
    expect([batch, idOf?.(0), seeding]).toEqual([[12, 3], '#12', 'seed 7, samples 12,3'])
    const all = philox({ seed: 7 }).draw(1, [13, 2, 2, 1])
    expect(noise.draw(1, [2, 2, 2, 1]).subarray(0, 4)).toEqual(all.subarray(12 * 4))
    expect(settings({ samples: '1,2', batch: '3' }).batch).toEqual([1, 2])
    expect(refusal({ samples: '1,3', batch: '3' })).toBe(
      '--samples names 3, and the last one of --batch 3 is 2.',
    )
    expect(refusal({ samples: '1', seeds: '2' })).toBe(
      '--samples (some of one seed) and --seeds (one for each sample) exclude each other.',
    )
    expect(refusal({ samples: '1', rng: 'torch' })).toBe(
      '--samples picks samples of philox; torch draws a batch as a whole.',
    )
  })

  it('splits labels and leaves their meaning to the model', () => {
    expect(settings({ labels: 'bag, 7,boot' }).labels).toEqual(['bag', '7', 'boot'])
  })

  it('says first what is wrong first', () => {
    expect(refusal({ steps: '0', eta: '2' })).toBe('--steps takes a whole number from 1 to 1000000, not 0.')
  })

  it.each<readonly [more: Partial<Flags>, sentence: string]>([
    [{ eta: '1.01' }, '--eta takes a number from 0 to 1, not 1.01.'],
    [
      { eta: '0', sampler: 'ddpm' },
      '--eta belongs to --sampler ddim and euler-ancestral; ddpm has --variance.',
    ],
    [{ variance: 'fixed-small' }, '--variance belongs to --sampler ddpm; ddim has --eta.'],
    [{ variance: 'learned', sampler: 'heun' }, '--variance belongs to --sampler ddpm.'],
    [{ eta: '1', sampler: 'heun' }, '--eta belongs to --sampler ddim and euler-ancestral.'],
    [
      { variance: 'learned', sampler: 'euler-ancestral' },
      '--variance belongs to --sampler ddpm; euler-ancestral has --eta.',
    ],
    [{ spacing: 'constructor' }, `${spacingNames}, not constructor.`],
    [{ spacing: 'karas:rho=5' }, `${spacingNames}, not karas; the nearest is karras.`],
    [
      { spacing: 'karras:roh=5' },
      '--spacing karras: roh is 5, not a setting here (there are rho, sigmaMin, sigmaMax); the nearest is rho.',
    ],
    [
      { spacing: 'karras:count=5' },
      '--spacing karras: count is 5, not a setting here (there are rho, sigmaMin, sigmaMax).',
    ],
    [
      { spacing: 'trailing:offset=5' },
      '--spacing trailing: offset is 5, not a setting here (there is none).',
    ],
    [{ spacing: 'karras:rho=-1' }, '--spacing karras: rho is -1, not a number from 0.'],
    [{ spacing: 'karras:rho=' }, '--spacing karras: rho is "", not a number from 0.'],
    [{ spacing: 'karras:rho=5,rho=6' }, '--spacing karras says rho twice.'],
    [{ spacing: 'karras:5' }, '--spacing takes settings such as karras:name=value,name=value, not karras:5.'],
    [{ spacing: 'karras:' }, '--spacing takes settings such as karras:name=value,name=value, not karras:.'],
    [
      { spacing: 'karras:rho=5=6' },
      '--spacing takes settings such as karras:name=value,name=value, not karras:rho=5=6.',
    ],
    [
      { spacing: 'ddim50', steps: '50' },
      '--steps says how many steps there are, and so does --spacing ddim50.',
    ],
    [{ spacing: 'explicit' }, '--spacing explicit takes timesteps, as in explicit:999,400,20.'],
    [{ spacing: 'explicit:9,x' }, '--spacing explicit: timesteps[1] is "x", not a whole number from 0.'],
    [{ sampler: 'ddim:eta=1.5' }, '--sampler ddim: eta is 1.5, not a number from 0 to 1.'],
    [{ sampler: 'ddim:eta=0.5', eta: '0.5' }, '--eta and --sampler ddim both say eta.'],
    [
      { sampler: 'ddpm:variance=fixed-smal' },
      '--sampler ddpm: variance is "fixed-smal", not one of fixed-small, fixed-large, learned, learned-range; the nearest is fixed-small.',
    ],
    [
      { clip: 'threshold:ration=0.9' },
      '--clip threshold: ration is 0.9, not a setting here (there are range, ratio, largest); the nearest is ratio.',
    ],
    [
      { clip: 'x0+esp' },
      '--clip takes one of none, x0, x0+eps, threshold, threshold+eps, not x0+esp; the nearest is x0+eps.',
    ],
    [{ finalLevel: 'frist' }, '--final-level takes one of clean, first, not frist; the nearest is first.'],
    [{ model: '' }, '--model takes a path, not "".'],
  ])('refuses %j', (more, sentence) => {
    expect(refusal(more)).toBe(sentence)
  })
})
