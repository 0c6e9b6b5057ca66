/**
 * What kind of model lies at a path.
 */
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fail, type Failure, type FailureOf } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { isNetworkManifest, type Manifest, parseManifest } from './manifest.ts'
import type { NetworkKind, NetworkManifest } from './manifest-network.ts'
import { fileKind, listFolder, readText } from './read-file.ts'
import { openTfjsFolder } from './tfjs-folder.ts'
import { LARGEST_YAML } from './yaml.ts'

/** A diffusers checkpoint's folder. */
export interface FoundDiffusers {
  readonly kind: 'diffusers'
  readonly path: string
}

/** A network's file, and what describes it. */
export interface FoundNetwork {
  readonly kind: NetworkKind
  /** The network's file. */
  readonly path: string
  /** Where `model.yaml` lies or would lie. */
  readonly manifestPath: string
  /** Left out where there is none, or an empty one. */
  readonly manifest?: NetworkManifest
}

/** What lies at a path. */
export type FoundModel = FoundDiffusers | FoundNetwork

/** That a network can't be asked without being told how. */
export const manifestMissing = ({
  path,
  manifestPath,
}: Pick<FoundNetwork, 'path' | 'manifestPath'>): FailureOf<'ConfigInvalid'> =>
  fail('ConfigInvalid', {
    path: manifestPath,
    reason:
      `it is missing or empty, and only it could say how ${basename(path)} is to be asked; ` +
      `\`rxdiffusion inspect ${dirname(manifestPath)}\` prints one to start from`,
  })

type Step<A> = TE.TaskEither<Failure, A>

const unreadable = (path: string, reason: string): Failure => fail('FileUnreadable', { path, reason })

/** The manifest, if there is one. */
const readManifest = (path: string): Step<Manifest | undefined> =>
  pipe(
    fileKind(path),
    TE.chainW((kind): Step<Manifest | undefined> =>
      kind === 'nothing'
        ? TE.right(undefined)
        : pipe(
            readText(path, LARGEST_YAML),
            TE.chainEitherKW((text) => parseManifest(path, text)),
          ),
    ),
  )

const kindOf = (path: string): Step<NetworkKind> =>
  extname(path).toLowerCase() === '.onnx'
    ? TE.right('onnx')
    : pipe(
        openTfjsFolder(path),
        TE.map(({ kind }) => kind),
      )

/** Where a kind of network lies unless a manifest says otherwise. */
const usualFile = (kind: NetworkKind): string => (kind === 'onnx' ? 'model.onnx' : 'model.json')

/** A file that has been named; a manifest beside it has to be about its kind. */
const findFile = (path: string): Step<FoundModel> => {
  const manifestPath = join(dirname(path), 'model.yaml')
  return pipe(
    TE.Do,
    TE.bind('kind', () => kindOf(path)),
    TE.bindW('manifest', () => readManifest(manifestPath)),
    TE.chain(({ kind, manifest }): Step<FoundModel> => {
      // an empty one is what a shell leaves that is about to write it
      if (manifest === undefined || Object.keys(manifest).length === 0)
        return TE.right({ kind, path, manifestPath })
      const said = manifest.kind ?? 'diffusers'
      return isNetworkManifest(manifest) && said === kind
        ? TE.right({ kind, path, manifestPath, manifest })
        : TE.left(
            fail('ConfigInvalid', {
              path: manifestPath,
              reason: `it is about the kind ${said}, and ${basename(path)} is ${kind}`,
            }),
          )
    }),
  )
}

const isNetworkFile = (name: string): boolean => /\.onnx$/i.test(name) || name === 'model.json'

/** Which network a folder has, where no manifest says so. */
const findInFolder = (path: string, names: readonly string[]): Step<FoundModel> => {
  const [name, ...others] = names.filter(isNetworkFile)
  if (name === undefined)
    // where weights are, a checkpoint is meant, whose first file is missing
    return names.some((each) => each.startsWith('diffusion_pytorch_model'))
      ? TE.right({ kind: 'diffusers', path })
      : TE.left(
          unreadable(
            path,
            'it has no model: neither config.json (diffusers), nor an .onnx file, nor model.json (tfjs)',
          ),
        )
  return others.length > 0
    ? TE.left(
        unreadable(
          path,
          `it has several networks (${[name, ...others].join(', ')}); name one of those files`,
        ),
      )
    : findFile(join(path, name))
}

const findFolder = (path: string): Step<FoundModel> => {
  const manifestPath = join(path, 'model.yaml')
  return pipe(
    TE.Do,
    TE.bindW('manifest', () => readManifest(manifestPath)),
    TE.bindW('names', () => listFolder(path)),
    TE.chain(({ manifest, names }): Step<FoundModel> => {
      if (manifest !== undefined && isNetworkManifest(manifest)) {
        const { kind, file = usualFile(kind) } = manifest
        return TE.right({ kind, path: resolve(path, file), manifestPath, manifest })
      }
      return manifest?.kind === 'diffusers' ||
        names.includes('config.json') ||
        names.includes('model_index.json')
        ? TE.right({ kind: 'diffusers', path })
        : findInFolder(path, names)
    }),
  )
}

/**
 * Finds out what kind of model lies at a path: the folder of a diffusers checkpoint, a folder with a network and
 * perhaps its `model.yaml`, or a network's file.
 *
 * @param path - of a folder or the `model.yaml` in it, an `.onnx` file, or a `model.json`
 * @returns FileUnreadable where there is nothing like that, or ConfigInvalid for a `model.yaml` that is wrong
 *
 * @example
 * ```ts
 * expect(await findModel('pipelines/models/fashion-mnist')()).toMatchObject(E.right({ kind: 'diffusers' }))
 * expect(await findModel('no/such/model.onnx')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const findModel = (path: string): TE.TaskEither<Failure, FoundModel> =>
  pipe(
    fileKind(path),
    TE.chainW((kind): Step<FoundModel> => {
      if (kind === 'nothing') return TE.left(unreadable(path, 'it does not exist'))
      if (kind === 'special') return TE.left(unreadable(path, 'it is a pipe or a device, not a model'))
      if (kind === 'folder') return findFolder(path)
      if (['.onnx', '.json'].includes(extname(path).toLowerCase())) return findFile(path)
      // what describes a model stands for the folder that it lies in
      return basename(path) === 'model.yaml'
        ? findFolder(dirname(path))
        : TE.left(unreadable(path, 'it is a file, not the folder of a model'))
    }),
  )
