/**
 * The options of `sample`. What there is to choose from, the registries say; this is loaded for whoever wants to sample.
 */
import type { Command } from 'commander'
import type * as t from 'io-ts'
import { commonSettings, scheduleKinds } from '../checkpoint/manifest-schedule.ts'
import { clips } from '../diffusion/clip-settings.ts'
import { presets } from '../diffusion/preset.ts'
import { rules } from '../diffusion/solver.ts'
import { schedules } from '../diffusion/schedule.ts'
import { spacings } from '../diffusion/spacing.ts'
import { finalLevels } from '../diffusion/transition.ts'
import { engineNames } from '../engine/engine.ts'
import { settingsOf } from '../tunable.ts'
import { collect } from './output-flags.ts'

const alternatives = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`

const spoken = (settings: t.Props): string =>
  Object.entries(settings)
    .map(([key, codec]) => `${key} (${codec.name})`)
    .join(', ')

/** A registry, line by line: the names, and what can be said of each. */
const listing = (registry: Readonly<Record<string, object>>): string => {
  const names = Object.keys(registry)
  const width = Math.max(...names.map((name) => name.length))
  return Object.entries(registry)
    .map(([name, make]) => {
      const settings = spoken(settingsOf(make))
      return `  ${settings === '' ? name : `${name.padEnd(width)}  ${settings}`}`
    })
    .join('\n')
}

const samplers = (): string => `
Samplers, and what can be said of them, as in unipc:order=3
${listing(rules)}
`

const stepSpacings = (): string => `
Spacings of --steps timesteps, as in karras:rho=5
${listing(spacings)}
and those that say how many: ddim50 and 10,15,20 (OpenAI's), explicit:999,400,20
`

const scheduleChoices = (): string => `
Schedules, as in cosine:trainedSteps=300
${listing({ ...schedules, flow: scheduleKinds['flow'] ?? {} })}
and of all but flow ${spoken(commonSettings)}
`

const choices = (): string => `${samplers()}${stepSpacings()}
Ways to clip, as in threshold:ratio=0.99,largest=4
${listing(clips)}
`

/** Gives a command the options that say how to sample, all but where the model lies. */
export const addSamplingOptions = (command: Command): Command =>
  command
    .option('--steps <S>', 'how many of the T trained timesteps to visit (default: 50)')
    .option('--spacing <kind>', 'which ones; see below (default: trailing, or the preset’s)')
    .option(
      '--final-level <end>',
      'where the last step leads: clean, or first, the level of t = 0 (default: clean, or the preset’s)',
    )
    .option('--sampler <rule>', 'ddim, ddpm or a solver; see below', 'ddim')
    .option('--eta <η>', 'fresh noise, from 0 (none) to 1 (as DDPM): short for --sampler …:eta=')
    .option('--variance <kind>', 'noise of ddpm: short for --sampler ddpm:variance=')
    .option(
      '--clip <mode>',
      'how to clip x₀ to the data’s range; see below (default: x0+eps, where ε follows)',
    )
    .option(
      '--preset <peer>',
      `spacing, clip, variance and final level as a peer has them: ${alternatives(Object.keys(presets))}`,
    )
    .option('--seed <n>', 'seed of the batch; sample i of a seed is always the same (default: 0)')
    .option('--seeds <list>', 'one seed for each sample instead, such as 0-63 or 1,4,9')
    .option(
      '--samples <list>',
      'only these samples of the seed, such as 12 or 0-3: the same images, with the labels that they had',
    )
    .option(
      '--rng <kind>',
      'noise: philox (each sample its own), or torch (the numbers of torch.randn)',
      'philox',
    )
    .option(
      '--batch <n>',
      'how many samples (default: as many as --labels, or one of each class, at most 64; 16 of a model without classes)',
    )
    .option(
      '--labels <list>',
      'classes by name or number, such as sneaker,bag or 7,8, or none; repeated over a larger batch',
    )
    .option('--guidance <w>', 'weight of the labels (classifier-free); 1 is none', '1')
    .option('--engine <name>', `what runs the model: ${alternatives(['auto', ...engineNames])}`, 'auto')
    .option('--dry-run', 'show the settings with every default, and run nothing')
    .option('--checkpoint <dir>', 'write states into a folder, for --resume after a kill')
    .option('--checkpoint-every <k>', 'every how manieth step (default: ten times on the way)')
    .option(
      '--resume <dir>',
      'go on with the run of that folder, as it was begun; only outputs are said again',
    )
    .addHelpText('after', choices)

/** Gives a command the options that say what to plot. */
export const addPlotOptions = (command: Command): Command =>
  command
    .option('--model <dir>', 'whose schedule (default: that of the clothes that come with the package)')
    .option('--schedule <kind>', 'another schedule; see below')
    .option('--steps <S>', 'of spacings and coefficients: how many (default: 50)')
    .option('--spacing <kind>', 'of coefficients: which timesteps; see below (default: trailing)')
    .option('--final-level <end>', `of coefficients: ${alternatives(finalLevels)} (default: clean)`)
    .option('-o, --output <file>', '.svg or .csv, again for each file (default: -, CSV to stdout)', collect)
    .addHelpText('after', () => `${scheduleChoices()}${stepSpacings()}${samplers()}`)
