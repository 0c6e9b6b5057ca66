#!/usr/bin/env node
/**
 * The command line: argv in, an exit code out. Nothing else touches the process.
 */
import { Command, CommanderError } from 'commander'
import { createRequire } from 'node:module'
import { isFailure, render } from '../failure.ts'
import type { DoctorFlags } from './doctor.ts'
import { exitCode } from './exit-code.ts'
import { addExperimentVerbs } from './experiment-verbs.ts'
import { withOutputs } from './output-flags.ts'
import { addPipelineVerbs, type Outside } from './pipeline-verbs.ts'
import type { PlotFlags } from './plot.ts'
import { refusalOf, refuseArguments } from './refusals.ts'
import { failedOf, refuse } from './refuse.ts'
import type { Listener } from './run-event.ts'
import type { SampleFlags } from './sample.ts'
import type { SetupFlags } from './setup.ts'
import { jsonLine, printTo, terminalOf } from './terminal.ts'
import { addTableVerbs } from './table-verbs.ts'
import type { TellingFlags } from './telling-flags.ts'
import type { TrainFlags } from './train.ts'
import type { Context } from './write-run.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }
const terminal = terminalOf(process.stderr, process.env)
const words = terminal.write
const print = printTo(process.stdout)

/** A pipe that was closed early (`| head`) is no failure of ours; another has to be told once, if nobody else does. */
for (const stream of [process.stdout, process.stderr]) {
  let told = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || stream.listenerCount('error') > 1) return
    // whatever a verb comes to: what it was asked for has not arrived
    process.once('exit', () => {
      process.exitCode = exitCode.failed
    })
    if (told || stream === process.stderr) return
    told = true
    void import('../media/sink/files.ts').then(({ unwritable }) =>
      words(`${render(unwritable('Standard output')(error))}\n`),
    )
  })
}

const program = new Command('rxdiffusion')
  .description('Diffusion sampling as a stream: DDPM, DDIM and the family between them.')
  .version(version)
  // after a verb, --version is that verb's
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeErr: words, outputError: () => undefined })
  .configureHelp({
    optionDescription: ({ description, defaultValue }) =>
      defaultValue === undefined ? description : `${description} (default: ${String(defaultValue)})`,
  })
  .allowExcessArguments()
  .hook('preAction', (_, command) => refuseArguments(command))

/** Whether a command is meant: its options may take a while to find out. */
const isMeant = (name: string): boolean => process.argv.slice(2, 4).includes(name)

const sampleCommand = program
  .command('sample')
  .description('sample a model and write pictures of it')
  .option(
    '--model <dir>',
    'folder or file of a model: diffusers, ONNX or tfjs (default: the clothes that come with the package)',
  )
// rerun and completion need to know them, too
if (['sample', 'rerun', 'completion'].some(isMeant)) {
  const { addSamplingOptions } = await import('./sampling-options.ts')
  addSamplingOptions(sampleCommand)
}
withOutputs(sampleCommand)
  .addHelpText(
    'after',
    '\nExample:\n  rxdiffusion sample --labels sneaker,bag --batch 8 --guidance 2 -o grid.png -o strip.png',
  )
  .action(async (flags: SampleFlags & TellingFlags) => {
    const { sample } = await import('./sample.ts')
    process.exitCode = await sample(flags, context(flags))
  })

/** How long files may take to be finished before somebody is told what goes on, in ms. */
const PATIENCE = 1000

/**
 * Aborted by the first Ctrl-C, by whoever ends us politely, and by a terminal that is closed. The second Ctrl-C ends the process, and
 * leaves no file half made; of a terminal's end both the shell and the system may tell.
 */
const interrupted = (): AbortSignal => {
  const controller = new AbortController()
  let parts: Promise<{ readonly discardParts: () => void }> | undefined
  const end = (signal: NodeJS.Signals): void => {
    for (const each of ['SIGINT', 'SIGTERM']) process.off(each, stop)
    void parts?.then(({ discardParts }) => {
      discardParts()
      process.kill(process.pid, signal)
    })
  }
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (signal !== 'SIGHUP') end(signal)
      return
    }
    // now, since there is to be no waiting then
    parts = import('../media/sink/parts.ts')
    controller.abort()
    setTimeout(() => {
      words('The files are being finished; Ctrl-C again stops at once.\n')
    }, PATIENCE).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  return controller.signal
}

/** An event, for programs. */
const tell: Listener = (event) => void process.stdout.write(jsonLine(event))

/** What verbs that write files are told besides their flags. */
const context = ({ json, quiet, preview }: TellingFlags): Context => ({
  terminal,
  stdout: process.stdout,
  version,
  report: json === true ? tell : undefined,
  quiet: json === true || quiet === true,
  preview: preview === true ? process.env : undefined,
  signal: interrupted(),
})

const outside: Outside = {
  context,
  print,
  words,
  exit: (code) => {
    process.exitCode = code
  },
  again: async (words) => {
    await program.parseAsync([...words], { from: 'user' })
    return Number(process.exitCode ?? 0)
  },
}
addPipelineVerbs(program, outside)
addExperimentVerbs(program, outside)

addTableVerbs(program, outside)

program
  .command('train')
  .description('train a model on images, and write a folder that sample --model takes')
  .option('--data <path>', 'folder of PNG files (or of a folder for each class), IDX file (.gz too) or .npy')
  .option('--out <dir>', 'where the model, its checkpoints, losses and samples go')
  .option('--config <file>', 'the recipe, in YAML (default: that of the model that comes with the package)')
  .option('--resume', 'go on from the last checkpoint in --out')
  .option('--resize', 'bring images of another size or colour to the model’s')
  .option('--steps <n>', 'how many updates (default: the recipe’s, else 3000)')
  .option('--batch <n>', 'how many images each learns from (default: the recipe’s, else 64)')
  .option('--seed <n>', 'what all random numbers come from (default: the recipe’s, else 0)')
  .option('--engine <name>', 'what runs the network', 'auto')
  .option('--quiet', 'say nothing but what is wrong')
  .addHelpText(
    'after',
    '\nExample:\n  rxdiffusion train --data train-images-idx3-ubyte.gz --out my-model --steps 1000',
  )
  .action(async (flags: TrainFlags & TellingFlags) => {
    const { trainCommand } = await import('./train.ts')
    process.exitCode = await trainCommand(flags, context(flags))
  })

program
  .command('inspect')
  .description('say what lies in a folder, and print a model.yaml to start from')
  .argument('<path>', 'folder of a model, an .onnx file, or a model.json of tfjs')
  .addHelpText('after', '\nExample:\n  rxdiffusion inspect my-model > model.yaml')
  .action(async (path: string) => {
    const { inspect } = await import('./inspect.ts')
    process.exitCode = await inspect(path, print, words)
  })

const plotCommand = program
  .command('plot')
  .description('plot schedules, spacings or the coefficients of samplers, several at a time')
  .argument('<what>', 'schedule, spacing or coefficients')
  .argument('[kinds...]', 'which of them, such as linear cosine; see below')
if (['plot', 'completion'].some(isMeant)) {
  const { addPlotOptions } = await import('./sampling-options.ts')
  addPlotOptions(plotCommand)
}
plotCommand
  .addHelpText(
    'after',
    '\nExamples:\n  rxdiffusion plot schedule linear cosine -o schedules.svg -o schedules.csv\n' +
      '  rxdiffusion plot spacing trailing karras:rho=7 --steps 20 -o spacings.svg\n' +
      '  rxdiffusion plot coefficients ddim ddim:eta=0.5 ddpm --steps 20 -o coefficients.svg',
  )
  .action(async (what: string, kinds: readonly string[], flags: PlotFlags) => {
    const { plot } = await import('./plot.ts')
    process.exitCode = await plot(what, kinds, flags, print, words)
  })

program
  .command('setup')
  .description('build what npm alone can’t install: TensorFlow for --engine tensorflow')
  .argument('<what>', 'tensorflow')
  .option('--gpu', 'with CUDA, for --engine tensorflow-gpu')
  .option('--version <version>', 'which TensorFlow (default: 2.15.1; with --gpu 2.21.0)')
  .option('--check', 'only try what is there')
  .addHelpText(
    'after',
    '\nIt needs g++ and Python with pip, fetches 207 MB from PyPI, and lies in ~/.local/share/rxdiffusion or $RXDIFFUSION_HOME.' +
      '\n\nExample:\n  rxdiffusion setup tensorflow',
  )
  .action(async (what: string, flags: SetupFlags) => {
    const { setup } = await import('./setup.ts')
    process.exitCode = await setup(what, flags, {
      print,
      words,
      signal: interrupted(),
    })
  })

program
  .command('doctor')
  .description('say which engines this machine has, how fast they are, and what to type for the others')
  .option('--quick', 'measure nothing, which saves two seconds for each engine')
  .action(async (flags: DoctorFlags) => {
    const { doctor } = await import('./doctor.ts')
    await doctor(print, flags)
  })

try {
  await program.parseAsync()
} catch (error) {
  const meant = program.commands.find((command) => command.name() === process.argv[2]) ?? program
  const failure = error instanceof CommanderError ? refusalOf(meant)(error) : error
  // whoever is told in JSON is told this, too, be it that the flags could not be read
  const report = process.argv.includes('--json') ? tell : undefined
  if (isFailure(failure)) process.exitCode = refuse({ terminal, report }, failure)
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCode.refused
  else {
    report?.(failedOf(error))
    words(`${render(error)}\n`)
    process.exitCode = exitCode.failed
  }
}
