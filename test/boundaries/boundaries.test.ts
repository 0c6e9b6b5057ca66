import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const made: string[] = []

/** Runs the project's rules on a tree of files and says who broke which, as `rule: file`. */
const broken = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const tree = await mkdtemp(join(tmpdir(), 'boundaries-'))
  made.push(tree)
  await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
  for (const [name, text] of Object.entries(files)) {
    const file = join(tree, 'src', name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const cruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const config = join(root, '.dependency-cruiser.cjs')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cruise, 'src', '--config', config, '--output-type', 'json'],
    { cwd: tree },
    // the exit status is the number of errors; the report says which
  ).catch((error: unknown) => error as { stdout: string })
  const report = JSON.parse(stdout) as {
    summary: { violations: Array<{ rule: { name: string }; from: string; to: string }> }
  }
  return report.summary.violations.map(({ rule, from, to }) =>
    rule.name === 'dead' ? `dead: ${to}` : `${rule.name}: ${from}`,
  )
}

afterAll(() => Promise.all(made.map((tree) => rm(tree, { recursive: true }))))

const sound = {
  'index.ts': `export * from './stream/step.ts'\nexport * from './algebra/tfjs.ts'\nexport * from './noise/philox.ts'`,
  'node.ts': `import 'node:fs'\nexport * from './index.ts'\nexport * from './media/png.ts'`,
  'failure.ts': `export const fail = 1`,
  'fp.ts': `export * as E from 'fp-ts/lib/Either.js'`,
  'algebra/algebra.ts': `export type Shape = readonly number[]`,
  'algebra/tfjs.ts': `import '@tensorflow/tfjs-core'\nimport type { Shape } from './algebra.ts'\nexport const a: Shape = []`,
  'algebra/shape.ts': `import type { Shape } from './algebra.ts'\nexport const sizeOf = (s: Shape) => s.length`,
  'noise/philox.ts': `import { sizeOf } from '../algebra/shape.ts'\nimport { fail } from '../failure.ts'\nexport const philox = [fail, sizeOf]`,
  'diffusion/rule.ts': `import { E } from '../fp.ts'\nimport type { Shape } from '../algebra/algebra.ts'\nexport const r = (s: Shape) => E.right(s)`,
  'model/denoiser.ts': `import { of } from 'rxjs'\nimport { r } from '../diffusion/rule.ts'\nexport const d = of(r)`,
  'model/unet2d-denoiser.ts': `import { a } from '../algebra/tfjs.ts'\nexport const u = a`,
  'stream/step.ts': `import { d } from '../model/denoiser.ts'\nimport { u } from '../model/unet2d-denoiser.ts'\nexport const step = [d, u]`,
  'media/png.ts': `import 'node:fs'\nimport 'pngjs'\nimport { step } from '../stream/step.ts'\nexport const png = step`,
}

describe('the rules of imports', () => {
  it('let a sound tree pass', async () => {
    expect(await broken(sound)).toEqual([])
  })

  it('name every import that points the wrong way', async () => {
    const found = await broken({
      ...sound,
      'index.ts': `${sound['index.ts']}\nimport './train/loss.ts'\nimport './cli/main.ts'\nimport './checkpoint/load.ts'\nimport './noise/torch.ts'\nimport './noise/mt19937.ts'\nimport './model/graph.ts'\nimport './model/chosen.ts'\nimport './data/idx.ts'`,
      'fp.ts': `${sound['fp.ts']}\nimport './noise/philox.ts'`,
      'noise/torch.ts': `import '../diffusion/rule.ts'`,
      'noise/mt19937.ts': `import '../algebra/tfjs.ts'`,
      'diffusion/rule.ts': `import 'rxjs'\nimport type { d } from '../model/denoiser.ts'\nimport 'node:path'\nexport const r = (s: typeof d) => s`,
      'stream/step.ts': `import '../engine/onnx.ts'\nimport '@tensorflow/tfjs-core'`,
      'model/chosen.ts': `import '../algebra/tfjs.ts'`,
      'model/graph.ts': `import 'onnxruntime-node'`,
      'model/unet2d-denoiser.ts': `import '../stream/step.ts'`,
      'model/inspection.ts': `import '../algebra/tfjs.ts'`,
      'engine/onnx.ts': `import 'onnxruntime-node'\nimport '../pipeline/compile.ts'`,
      'pipeline/compile.ts': `import 'commander'\nimport '../cli/main.ts'\nimport './nowhere.ts'`,
      'cli/main.ts': `import 'yaml'`,
      'checkpoint/load.ts': `import '../stream/step.ts'\nimport 'pngjs'`,
      'train/loss.ts': `import '../media/png.ts'`,
      'data/idx.ts': `import '../experiment/inversion.ts'`,
      'experiment/inversion.ts': `import '../pipeline/compile.ts'`,
      'media/png.ts': `import '../engine/onnx.ts'`,
      'algebra/tfjs.ts': `import '../diffusion/rule.ts'`,
      'media/forgotten.ts': `export const forgotten = 1`,
    })
    expect(found).toEqual(
      expect.arrayContaining([
        'open-looks-up: src/fp.ts',
        'algebra-looks-up: src/algebra/tfjs.ts',
        'noise-looks-up: src/noise/torch.ts',
        'noise-looks-up: src/noise/mt19937.ts',
        'diffusion-looks-up: src/diffusion/rule.ts',
        'model-looks-up: src/model/chosen.ts',
        'binder-looks-up: src/model/unet2d-denoiser.ts',
        'binder-looks-up: src/model/inspection.ts',
        'checkpoint-looks-up: src/checkpoint/load.ts',
        'data-looks-up: src/data/idx.ts',
        'stream-looks-up: src/stream/step.ts',
        'media-looks-up: src/media/png.ts',
        'train-looks-up: src/train/loss.ts',
        'experiment-looks-up: src/experiment/inversion.ts',
        'engine-looks-up: src/engine/onnx.ts',
        'pipeline-looks-up: src/pipeline/compile.ts',
        'rxjs-elsewhere: src/diffusion/rule.ts',
        'node-elsewhere: src/diffusion/rule.ts',
        'tensorflow-elsewhere: src/stream/step.ts',
        'onnxruntime-node-elsewhere: src/model/graph.ts',
        'commander-elsewhere: src/pipeline/compile.ts',
        'yaml-elsewhere: src/cli/main.ts',
        'pngjs-elsewhere: src/checkpoint/load.ts',
        'index-reaches-node: src/index.ts',
        'unresolvable: src/pipeline/compile.ts',
        'dead: src/media/forgotten.ts',
      ]),
    )
    expect(found.some((one) => one.startsWith('cycle:'))).toBe(true)
  })
})
