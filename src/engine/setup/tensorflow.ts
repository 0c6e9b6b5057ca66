/**
 * tfjs-node without its installer: the binding that its package carries as C++, built against the TensorFlow that PyPI has.
 *
 * The installer fetches a TensorFlow of 2022 from one host. A wheel of today holds the same C interface, its headers and, for
 * CUDA, the names of the libraries that go with it.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Failure } from '../../failure.ts'
import { pipe, TE } from '../../fp.ts'
import { reasonOf } from '../reason.ts'
import { home, packageFolder, packageOf, type Parts, recordFile } from './place.ts'
import { complaintOf, tool, unready } from './tool.ts'
import { fetchWheel, type Fetching, pythonWithPip, unpackWheel } from './wheel.ts'

/** The one version of tfjs-node that there is for this tfjs. */
const BINDING = '4.22.0'
/** The C interface of Node, whichever Node runs. */
const HEADERS = 'node-api-headers@1.9.0'

/** What is built of what. */
interface Source {
  /** The wheel's name on PyPI. */
  readonly wheel: string
  readonly version: string
  /** What comes down in all, for people. */
  readonly size: string
  /** What has to be free on the disk meanwhile, in bytes. */
  readonly room: number
}

/** What is taken unless a version is named; the sizes are those of that version. */
export const sources: Readonly<Record<Parts, Source>> = {
  tensorflow: { wheel: 'tensorflow-cpu', version: '2.15.1', size: '207 MB', room: 1.3e9 },
  'tensorflow-gpu': {
    wheel: 'tensorflow',
    version: '2.21.0',
    size: '572 MB, and about 2.6 GB of CUDA libraries',
    room: 9e9,
  },
}

const headers = [
  'tensorflow/include/tensorflow/c/*',
  'tensorflow/include/tensorflow/core/platform/ctstring*',
  'tensorflow/include/*tsl/c/*',
  'tensorflow/include/tsl/platform/ctstring*',
  'tensorflow/include/*tsl/platform/ctstring*',
]
const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/** The oldest NVIDIA driver that runs CUDA 12. */
const DRIVER = 525

/** How a setup is done. */
export interface Setup {
  readonly parts: Parts
  /** A version of TensorFlow; {@link sources} says which otherwise. */
  readonly version?: string | undefined
  readonly signal: AbortSignal
  /** Told what happens, a line each. */
  readonly told: (words: string) => void
  /** Tries what has been built, as the only thing that is set up in a home; fails with the reason. */
  readonly check: (home: string) => TE.TaskEither<Failure, string>
}

/** What has been set up. */
export interface Made {
  readonly requirement: string
  /** Of the wheel. */
  readonly sha256: string
}

/** What is set up in a home, if anything is. */
export const madeIn = async (parts: Parts, place: string = home()): Promise<Made | undefined> => {
  try {
    return JSON.parse(await readFile(recordFile(join(place, parts)), 'utf8')) as Made
  } catch {
    return undefined
  }
}

/** Whether the machine is one for which this is known to work, and has what it takes. */
const suits = ({ parts }: Setup, what: string): TE.TaskEither<Failure, unknown> =>
  TE.tryCatch(
    async () => {
      if (process.platform !== 'linux' || process.arch !== 'x64')
        throw unready(
          what,
          `this builds on Linux x64 only, and here is ${process.platform} ${process.arch}; type \`npm install ${packageOf(parts)}\`, whose own installer may do, or take --engine webgpu or onnx`,
        )
      if (parts === 'tensorflow-gpu') {
        const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => undefined)
        const instead = 'or type this without --gpu'
        if (text === undefined)
          throw unready(what, `there is no NVIDIA driver here; install the one for your card, ${instead}`)
        const driver = /\s(\d+)\.\d+/.exec(text)?.[1]
        if (Number(driver) < DRIVER)
          throw unready(
            what,
            `the NVIDIA driver is ${driver ?? ''}, and CUDA 12 needs ${DRIVER} or newer; renew it, ${instead}`,
          )
      }
      const free = await statfs(home())
      const { room } = sources[parts]
      if (free.bavail * free.bsize < room)
        throw unready(
          what,
          `${(room / 1e9).toFixed(1)} GB have to be free in ${home()}, and ${((free.bavail * free.bsize) / 1e9).toFixed(1)} are; make room, or name another folder with RXDIFFUSION_HOME`,
        )
    },
    (error) => error as Failure,
  )

/** Installs the package without its installer. */
const installPackage = (
  { parts, signal }: Setup,
  what: string,
  folder: string,
): TE.TaskEither<Failure, unknown> =>
  tool(
    what,
    'npm',
    [
      ...[
        'install',
        '--prefix',
        folder,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel',
        'error',
      ],
      `${packageOf(parts)}@${BINDING}`,
      HEADERS,
    ],
    {
      signal,
      missing: 'there is no npm, which comes with Node; put it on the PATH, and type this again',
      broken: (printed) =>
        `npm could not fetch ${packageOf(parts)} (${complaintOf(printed)}); see whether \`npm view ${packageOf(parts)} version\` does better`,
    },
  )

const compile = (
  { parts, signal }: Setup,
  what: string,
  folder: string,
  include: string,
): TE.TaskEither<Failure, unknown> => {
  const own = packageFolder(folder, parts)
  const binding = join(own, 'binding')
  return pipe(
    TE.tryCatch(
      () => mkdir(join(own, 'lib', 'napi-v8'), { recursive: true }),
      (error) => unready(what, reasonOf(error)),
    ),
    TE.chain(() =>
      tool(
        what,
        'g++',
        [
          ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
          ...[`-I${join(folder, 'node_modules', 'node-api-headers', 'include')}`, `-I${include}`],
          ...[join(binding, 'tfjs_backend.cc'), join(binding, 'tfjs_binding.cc')],
          ...['-o', join(own, 'lib', 'napi-v8', 'tfjs_binding.node'), `-L${join(own, 'deps', 'lib')}`],
          ...libraries.map((library) => `-l:${library}`),
          '-Wl,-rpath,$ORIGIN/../../deps/lib',
        ],
        {
          signal,
          missing: 'there is no g++; type `sudo apt-get install g++`, and then this again',
          broken: (printed) =>
            `the binding does not compile against it (${complaintOf(printed)}); type this again with --version ${sources[parts].version}, which is known to`,
        },
      ),
    ),
  )
}

/** The libraries of CUDA that a TensorFlow asks for. */
const cudaOf = (needs: readonly string[]): readonly string[] =>
  needs.flatMap((need) => /^(nvidia-[^;]+?)\s*;.*extra == ['"]and-cuda['"]/.exec(need)?.[1] ?? [])

/** Fetches the libraries of CUDA, one wheel after the other, to where TensorFlow looks for them. */
const addCuda = (
  needs: readonly string[],
  folder: string,
  staging: string,
  fetching: Fetching,
): TE.TaskEither<Failure, unknown> =>
  cudaOf(needs).reduce<TE.TaskEither<Failure, unknown>>(
    (before, need, i) =>
      pipe(
        before,
        TE.chain(() => fetchWheel(need, join(staging, `cuda-${i}`), fetching)),
        TE.chain((wheel) => unpackWheel(wheel, join(folder, 'deps'), ['nvidia/*/lib/*'], fetching)),
        TE.chain(() => TE.fromTask(() => rm(join(staging, `cuda-${i}`), { recursive: true }))),
      ),
    TE.right(undefined),
  )

/** Builds everything in a folder that nobody looks at. */
const build = (setup: Setup, what: string, staging: string): TE.TaskEither<Failure, Made> => {
  const { parts, signal, told } = setup
  const { wheel, version: usual, size } = sources[parts]
  const { version = usual } = setup
  const requirement = `${wheel}==${version}`
  const folder = join(staging, parts)
  const own = packageFolder(folder, parts)
  const unpacked = join(staging, 'unpacked')
  const attempt = <A>(run: () => Promise<A>): TE.TaskEither<Failure, A> =>
    TE.tryCatch(run, (error) => unready(what, reasonOf(error)))
  return pipe(
    // what may be missing is asked for before anything is downloaded
    tool(what, 'g++', ['--version'], {
      signal,
      missing: 'there is no g++; type `sudo apt-get install g++`, and then this again',
      broken: complaintOf,
    }),
    TE.chain(() => pythonWithPip(what, join(staging, 'venv'), signal)),
    TE.bindTo('python'),
    TE.bind('fetching', ({ python }) =>
      TE.right<Failure, Fetching>({
        what,
        python,
        signal,
        told: (words) => {
          told(`downloading  ${words}`)
        },
      }),
    ),
    TE.chainFirst(() => {
      told(`installing   ${packageOf(parts)} ${BINDING} from npm, without its installer (270 MB on disk)`)
      return installPackage(setup, what, folder)
    }),
    TE.bind('file', ({ fetching }) => {
      told(`fetching     ${requirement} from PyPI${version === usual ? ` (${size})` : ''}`)
      return fetchWheel(requirement, join(staging, 'wheel'), fetching)
    }),
    TE.bind('made', ({ file, fetching }) =>
      unpackWheel(
        file,
        unpacked,
        [...headers, ...libraries.map((library) => `tensorflow/${library}`)],
        fetching,
      ),
    ),
    TE.chainFirst(({ made: { files, bytes } }) =>
      attempt(async () => {
        told(`unpacked     ${files} files, ${(bytes / 1e6).toFixed(0)} MB; every checksum agrees`)
        await mkdir(join(own, 'deps', 'lib'), { recursive: true })
        for (const library of libraries) {
          const from = join(unpacked, 'tensorflow', library)
          if (!existsSync(from))
            throw new Error(`${requirement} has no ${library}; type this again with --version ${usual}`)
          await rename(from, join(own, 'deps', 'lib', library))
        }
        await rm(join(staging, 'wheel'), { recursive: true })
      }),
    ),
    TE.chainFirst(({ made: { needs }, fetching }) =>
      parts === 'tensorflow-gpu' ? addCuda(needs, own, staging, fetching) : TE.right(undefined),
    ),
    TE.chainFirst(() => {
      told('compiling    the binding, with g++')
      return compile(setup, what, folder, join(unpacked, 'tensorflow', 'include'))
    }),
    TE.map(({ made: { sha256 } }): Made => ({ requirement: requirement.replace('==', ' '), sha256 })),
    TE.chainFirst((made) =>
      attempt(() => writeFile(recordFile(folder), `${JSON.stringify(made, null, 2)}\n`)),
    ),
    TE.chainFirst(() =>
      pipe(
        setup.check(staging),
        TE.map((words) => {
          told(`checked      ${words}`)
        }),
      ),
    ),
  )
}

/** Puts what was built in the place of what was there, which goes only then. */
const install = async (parts: Parts, staging: string): Promise<void> => {
  const place = join(home(), parts)
  const former = join(staging, 'former')
  if (existsSync(place)) await rename(place, former)
  try {
    await rename(join(staging, parts), place)
  } catch (error) {
    if (existsSync(former)) await rename(former, place)
    throw error
  }
}

/** What a setup that was killed has left behind: folders in whose name is a process that isn't there any more. */
const sweep = async (): Promise<void> => {
  const alive = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }
  for (const name of await readdir(home())) {
    const pid = /^\.building-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !alive(Number(pid)))
      await rm(join(home(), name), { recursive: true, force: true })
  }
}

/**
 * Builds tfjs-node, or tfjs-node-gpu, in {@link home}: aside at first, and moved there when it has passed its check. Whatever goes
 * wrong, what was there before is there still, and what was begun is gone.
 *
 * @returns what was made; or SetupFailed, whose sentence ends in what to type next
 */
export const setUpTensorflow = (setup: Setup): TE.TaskEither<Failure, Made> => {
  const { parts } = setup
  const what = parts === 'tensorflow' ? 'TensorFlow' : 'TensorFlow for the GPU'
  const attempt = <A>(run: () => Promise<A>): TE.TaskEither<Failure, A> =>
    TE.tryCatch(run, (error) => unready(what, reasonOf(error)))
  return pipe(
    attempt(async () => {
      await mkdir(home(), { recursive: true })
      await sweep()
    }),
    TE.chain(() => suits(setup, what)),
    TE.chain(() => attempt(() => mkdtemp(join(home(), `.building-${process.pid}-`)))),
    TE.chain((staging) =>
      TE.bracket(
        TE.right<Failure, string>(staging),
        () =>
          pipe(
            build(setup, what, staging),
            TE.chainFirst(() => attempt(() => install(parts, staging))),
          ),
        () => TE.fromTask(() => rm(staging, { recursive: true, force: true })),
      ),
    ),
  )
}
