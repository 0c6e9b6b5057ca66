/**
 * Wheels, the packages of PyPI: zip files that list the checksum of everything inside.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Failure } from '../../failure.ts'
import { pipe, TE } from '../../fp.ts'
import { complaintOf, tool, type ToolOptions, unready } from './tool.ts'

/** The Python that wheels are taken for: nothing in it is run, and every TensorFlow since 2.13 has been built for it. */
const PYTHON = '3.11'

/** Unpacks what is named by patterns, and compares each file with the wheel's own RECORD. */
const script = `
import base64, csv, fnmatch, hashlib, io, json, os, sys, zipfile

path, folder, *patterns = sys.argv[1:]
with zipfile.ZipFile(path) as wheel:
    names = wheel.namelist()
    [record] = [n for n in names if n.endswith('.dist-info/RECORD')]
    sums = {name: digest for name, digest, _ in csv.reader(io.StringIO(wheel.read(record).decode()))}
    count = size = 0
    for name in names:
        if name.endswith('/') or not any(fnmatch.fnmatch(name, p) for p in patterns):
            continue
        target = os.path.normpath(os.path.join(folder, name))
        if not target.startswith(os.path.normpath(folder) + os.sep):
            sys.exit('error: ' + name + ' points out of the wheel')
        os.makedirs(os.path.dirname(target), exist_ok=True)
        digest = hashlib.sha256()
        with wheel.open(name) as source, open(target, 'wb') as sink:
            while block := source.read(1 << 20):
                digest.update(block)
                size += sink.write(block)
        found = 'sha256=' + base64.urlsafe_b64encode(digest.digest()).rstrip(b'=').decode()
        if sums.get(name) != found:
            sys.exit('error: the checksum of ' + name + ' is not the one in the wheel\\'s RECORD')
        count += 1
    metadata = wheel.read(record.replace('RECORD', 'METADATA')).decode()
with open(path, 'rb') as whole:
    digest = hashlib.sha256()
    while block := whole.read(1 << 20):
        digest.update(block)
needs = [line[15:] for line in metadata.splitlines() if line.startswith('Requires-Dist: ')]
print(json.dumps({'files': count, 'bytes': size, 'sha256': digest.hexdigest(), 'needs': needs}))
`

/** What was unpacked. */
export interface Unpacked {
  readonly files: number
  readonly bytes: number
  /** Of the wheel as a whole. */
  readonly sha256: string
  /** What it asks for besides, as its makers say it: `nvidia-cublas-cu12<13,>=12.5.3.2; extra == "and-cuda"`. */
  readonly needs: readonly string[]
}

/** What a wheel is fetched for. */
export interface Fetching extends Pick<ToolOptions, 'signal'> {
  /** What is being set up, for failures. */
  readonly what: string
  /** How Python is called here. */
  readonly python: string
  /** Told what is being downloaded, and how big it is. */
  readonly told: (words: string) => void
}

const missing = 'there is no python3; type `sudo apt-get install python3 python3-pip`, and then this again'

/** How Python is called where it has pip: the machine's own, or one in a folder for the occasion. */
export const pythonWithPip = (
  what: string,
  folder: string,
  signal: AbortSignal,
): TE.TaskEither<Failure, string> => {
  const broken = (): string =>
    'Python has no pip here; type `sudo apt-get install python3-pip`, and then this again'
  const options = { signal, missing, broken }
  return pipe(
    tool(what, 'python3', ['-m', 'pip', '--version'], options),
    TE.map(() => 'python3'),
    TE.orElse(() =>
      pipe(
        tool(what, 'python3', ['-m', 'venv', folder], options),
        TE.map(() => join(folder, 'bin', 'python3')),
      ),
    ),
  )
}

/** pip's complaint, and what to type. */
const notFetched =
  (requirement: string) =>
  (printed: string): string => {
    if (/No matching distribution|Could not find a version/.test(printed)) {
      const unreachable = /connection|timed? ?out|resolve|proxy|retry/i.test(printed)
      return unreachable
        ? `PyPI, the index of Python's packages, can't be reached for ${requirement}; see whether \`python3 -m pip download --no-deps ${requirement}\` does better, with PIP_INDEX_URL for another index`
        : `there is no ${requirement} for this machine; name another with --version, such as --version 2.15.1`
    }
    return /hashes|hash/i.test(printed) && /mismatch|do not match/i.test(printed)
      ? `what came as ${requirement} is not what the index says it is; type this again, and trust it only once it passes`
      : `pip could not download ${requirement} (${complaintOf(printed)}); try this again, with PIP_INDEX_URL for another index`
  }

/** Downloads a wheel into a folder that has no other; pip compares it with the index's checksum. Its path. */
export const fetchWheel = (
  requirement: string,
  folder: string,
  { what, python, signal, told }: Fetching,
): TE.TaskEither<Failure, string> =>
  pipe(
    tool(
      what,
      python,
      [
        ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'],
        ...['--python-version', PYTHON, '--progress-bar', 'off', '--dest', folder, requirement],
      ],
      {
        signal,
        missing,
        broken: notFetched(requirement),
        heard: (line) => {
          const [, file, size] =
            /^\s*(?:Downloading|Using cached) (?:\S*\/)?(\S+\.whl)(?:\.metadata)? \((.*)\)/.exec(line) ?? []
          if (file !== undefined && !line.includes('.metadata')) told(`${file}, ${size ?? ''}`)
        },
      },
    ),
    TE.chain(() =>
      TE.tryCatch(
        async () => {
          const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
          if (wheel === undefined) throw new Error('pip left no wheel')
          return join(folder, wheel)
        },
        (error) => unready(what, String(error)),
      ),
    ),
  )

/** Unpacks the members that match, at their places below a folder, and holds each against the wheel's checksums. */
export const unpackWheel = (
  wheel: string,
  folder: string,
  patterns: readonly string[],
  { what, python, signal }: Omit<Fetching, 'told'>,
): TE.TaskEither<Failure, Unpacked> =>
  pipe(
    tool(what, python, ['-c', script, wheel, folder, ...patterns], {
      signal,
      missing,
      broken: (printed) => `${complaintOf(printed)}; type this again`,
    }),
    TE.map((printed) => JSON.parse(printed) as Unpacked),
  )
