/**
 * `rxdiffusion doctor`: what this machine is, which engines there are and how fast, and what to type for the others.
 */
import { execFile } from 'node:child_process'
import { availableParallelism, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { autoEngines, type Engine } from '../engine/engine.ts'
import { diagnose } from '../engine/engines.ts'
import { isGpuSeen } from '../engine/gpu-seen.ts'
import { throughput } from '../engine/throughput.ts'
import { E } from '../fp.ts'

/** The flags of `doctor`. */
export interface DoctorFlags {
  readonly quick?: boolean
}

const machine = (): string =>
  `${String(availableParallelism())} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${process.platform} ${process.arch}, Node ${process.versions.node}`

/** What NVIDIA's own tool says, which is more than anybody else does: name, driver and memory. */
const gpu = async (): Promise<string> => {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader']
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', query)
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', driver = '', memory = ''] = line.split(', ')
        return `${name}, driver ${driver}, ${memory}`
      })
      .join('; ')
  } catch {
    return isGpuSeen() ? 'seen, and of no NVIDIA driver' : 'none seen'
  }
}

const speed = async (engine: Engine): Promise<string> => {
  const found = await throughput(engine)()
  return E.isLeft(found) ? found.left.message : `${found.right.toFixed(found.right < 10 ? 1 : 0)} steps/s`
}

/**
 * Says what every engine is on this machine, and how many steps of one sample of the default model it takes in a second.
 *
 * @param write - where words go
 * @param flags - `quick` measures nothing
 */
export const doctor = async (
  write: (text: string) => unknown,
  { quick = false }: DoctorFlags,
): Promise<void> => {
  const line = (name: string, text: string): unknown => write(`${name.padEnd(15)} ${text}\n`)
  line('machine', machine())
  line('gpu', await gpu())
  const diagnoses = await diagnose(quick ? undefined : speed)
  const chosen = diagnoses.find(({ engine, found }) => autoEngines.includes(engine) && E.isRight(found))
  for (const { engine, found, measured } of diagnoses) {
    const state = E.isRight(found)
      ? [`ready    ${found.right}`, measured ?? []].flat().join(': ')
      : `missing  ${found.left}`
    line(engine, `${state}${engine === chosen?.engine ? '   ← --engine auto' : ''}`)
  }
}
