/**
 * `npm run bench:trained -- DIR [ENGINE]`: whether diffusers loads what `rxdiffusion train` has written, and its network answers as ours.
 *
 * The exit code is 1 where the largest difference of the answers is above 2·10⁻⁴.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { firstValueFrom, from } from 'rxjs'
import { chooseEngine, loadModel, orThrow, philox, tfjs } from '../src/node.ts'
import { decodeFloats, encodeFloats } from './protocol.ts'
import { findPython } from './python.ts'

const tolerance = 2e-4
const t = [0, 250, 500, 999]

const [folder = join('out', 'my-model'), name = 'auto'] = process.argv.slice(2)
const found = findPython(join('out', 'bench', 'venv'))
if ('missing' in found) throw new Error(found.missing)

const engine = await orThrow(chooseEngine(name))
using model = await orThrow(loadModel(engine, folder))
const shape = [t.length, ...model.shape]
const x = philox({ seed: 7 }).draw(0, shape)
const labels = model.labels === undefined ? undefined : t.map((_, row) => row % model.labels!.count)

const { signal } = new AbortController()
const asked = tfjs.fromValues({ shape, data: x })
const condition = labels === undefined ? {} : { labels }
const { output } = await firstValueFrom(from(model.predict(asked, t, condition, { signal })))
const ours = (await tfjs.toValues(output)).data

const { stdout, stderr, status } = spawnSync(found.python, [join('bench', 'python', 'answer.py'), folder], {
  input: JSON.stringify({ x: encodeFloats(x), shape, t, labels: labels ?? null }),
  encoding: 'utf8',
})
if (status !== 0) throw new Error(stderr)
const theirs = decodeFloats((JSON.parse(stdout) as { readonly output: string }).output)
const worst = theirs.reduce((most, one, i) => Math.max(most, Math.abs(one - ours[i]!)), 0)
process.stdout.write(
  `${folder}, ${engine.about}: the largest difference from diffusers is ${worst.toExponential(1)}\n`,
)
process.exitCode = worst <= tolerance ? 0 : 1
