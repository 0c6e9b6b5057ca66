// Runs an example: `npm run example 01`. The package has been built by then, and the example imports it by its name.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '..')
const names = readdirSync(join(root, 'examples')).map((file) => file.replace(/\.ts$/, ''))
const wanted = process.argv[2] ?? ''
const found = names.find((name) => wanted !== '' && name.startsWith(wanted))

if (found === undefined) {
  console.error(`npm run example takes one of ${names.join(', ')}.`)
  process.exitCode = 2
} else {
  const source = readFileSync(join(root, 'examples', `${found}.ts`), 'utf8')
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  const { outputText } = ts.transpileModule(source, { compilerOptions: options })
  const folder = join(root, 'dist', 'examples')
  const file = join(folder, `${found}.js`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, outputText)
  await import(pathToFileURL(file).href)
}
