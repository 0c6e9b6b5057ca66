/**
 * `rxdiffusion inspect`: what lies at a path, and a `model.yaml` to start from. All of it is YAML, the facts as comments.
 */
import { openDiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import { findModel } from '../checkpoint/find-model.ts'
import { schedulerPreset } from '../checkpoint/scheduler-preset.ts'
import { checkFolder } from '../engine/diffusers-checkpoint.ts'
import { type Failure, render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { takesLabels } from '../model/unet2d.ts'
import { commented, count, type Facts, labelsFact, presetFact, scheduleFact } from './facts.ts'

const inYaml = (names: readonly string[]): string =>
  `[${names.map((name) => JSON.stringify(name)).join(', ')}]`

const inspectDiffusers = (path: string): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    openDiffusersFolder(path),
    TE.chainEitherKW((folder) =>
      pipe(
        checkFolder(folder),
        E.map(({ config, network, trained, guesses }) => {
          const { labels, schedule, predicts, range } = trained
          const image = `float32 [any, ${[...config.sample_size, config.in_channels].join(', ')}]`
          const facts: Facts = [
            ['inputs', `x: ${image}`],
            ['', 't: float32 [any]'],
            ...(takesLabels(config) ? ([['', 'labels: int64 [any]']] as const) : []),
            ['output', `float32 [any, ${network.output.join(', ')}]`],
            ['parameters', `${count(network.parameterCount)} in ${network.parameters.size} tensors`],
            ['work', `${(network.flops(1) / 1e9).toPrecision(3)} GFLOP for one image and step`],
            ['schedule', scheduleFact(schedule)],
            ['prediction', predicts],
            ['range', range === undefined ? 'no bounds' : `[${-range}, ${range}]`],
            ...(labels === undefined ? [] : ([['labels', labelsFact(labels)]] as const)),
            ...(folder.scheduler === undefined
              ? []
              : ([['preset', presetFact(schedulerPreset(folder.scheduler))]] as const)),
          ]
          return [
            ...commented(`${path}: a diffusers checkpoint, UNet2DModel`, facts),
            '# diffusers says all that is needed; a model.yaml may add the names of classes, and a decoder of latents.',
            ...guesses.map((guess) => `# ${guess}`),
            'kind: diffusers',
            ...(labels === undefined
              ? []
              : [
                  labels.names === undefined
                    ? '# labels: [cat, dog]  # the names of the classes, in order'
                    : `labels: ${inYaml(labels.names)}`,
                  ...(labels.unconditional === undefined ? [] : [`unconditional: ${labels.unconditional}`]),
                ]),
            '# decoder: { kind: onnx, file: decoder.onnx, scalingFactor: 0.18215 }',
            '',
          ]
        }),
      ),
    ),
  )

/**
 * Says what lies at a path.
 *
 * @param path - of a folder or a file
 * @param write - where YAML goes
 * @param complain - where a sentence goes
 * @returns the exit code
 */
export const inspect = async (
  path: string,
  write: (text: string) => unknown,
  complain: (text: string) => unknown,
): Promise<0 | 2> => {
  const lines = await pipe(
    findModel(path),
    TE.chain((found) =>
      found.kind === 'diffusers'
        ? inspectDiffusers(found.path)
        : pipe(
            // which loads tfjs or onnxruntime
            TE.fromTask(() => import('./inspect-network.ts')),
            TE.chain(({ inspectNetwork }) => inspectNetwork(found)),
          ),
    ),
  )()
  if (E.isLeft(lines)) {
    complain(`${render(lines.left)}\n`)
    return 2
  }
  write(lines.right.join('\n'))
  return 0
}
