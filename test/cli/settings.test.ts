import { describe, expect, it } from 'vitest'
import { type Flags, readSettings, type Settings } from '../../src/cli/settings.ts'
import { E } from '../../src/fp.ts'
import { philox } from '../../src/noise/philox.ts'
import { torch, torchList } from '../../src/noise/torch.ts'

const plain: Flags = {
  steps: '50',
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

describe('readSettings', () => {
  it('has the defaults of the help, and leaves to the model what is the model’s', () => {
    const { noise, spacing, rule, seedOf, ...rest } = settings()
    expect(rest).toEqual({
      model: undefined,
      engine: 'auto',
      clip: undefined,
      presetClip: undefined,
      seeding: 'seed 0',
      batch: undefined,
      labels: undefined,
      guidance: 1,
    })
    expect([spacing.name, rule.name, noise.name]).toEqual(['trailing(50)', 'ddim(eta 0)', 'philox'])
    expect(noise.draw(1, [2, 3])).toEqual(philox({ seed: 0 }).draw(1, [2, 3]))
    expect(seedOf).toBeUndefined()
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
    expect([spacing.name, clip, rule.name]).toEqual(['trailing(50)', 'none', 'ddpm(fixed-small)'])
  })

  it.each<readonly [more: Partial<Flags>, rule: string]>([
    [{ sampler: 'plms' }, 'plms'],
    [{ sampler: 'dpmpp-2m' }, 'dpmpp-2m'],
    [{ sampler: 'dpmpp-3m-sde' }, 'dpmpp-3m-sde'],
    [{ sampler: 'unipc' }, 'unipc(2)'],
    [{ sampler: 'euler-ancestral' }, 'euler-ancestral'],
    [{ sampler: 'euler-ancestral', eta: '0.5' }, 'euler-ancestral(eta 0.5)'],
    [{ sampler: 'ddpm', variance: 'learned-range' }, 'ddpm(learned-range)'],
  ])('takes %j for a rule', (more, rule) => {
    expect(settings(more).rule.name).toBe(rule)
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
    const { batch, seedOf, seeding } = settings({ seeds: '3-4,9' })
    expect([batch, seedOf?.(2), seeding]).toEqual([3, 'seed 9', 'seeds 3,4,9'])
    expect(settings({ seeds: '3-4,9', batch: '3' }).batch).toBe(3)
    expect(refusal({ seeds: '3-4,9', batch: '2' })).toBe('--seeds names 3 samples, and --batch asks for 2.')
  })

  it('splits labels and leaves their meaning to the model', () => {
    expect(settings({ labels: 'bag, 7,boot' }).labels).toEqual(['bag', '7', 'boot'])
  })

  it('says first what is wrong first', () => {
    expect(refusal({ steps: '0', eta: '2' })).toBe('--steps takes a whole number from 1 up, not 0.')
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
    [{ spacing: 'constructor' }, '--spacing takes one of leading, trailing, linspace, not constructor.'],
    [{ model: '' }, '--model takes a path, not "".'],
  ])('refuses %j', (more, sentence) => {
    expect(refusal(more)).toBe(sentence)
  })
})
