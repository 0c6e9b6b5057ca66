// Holds the documentation to its word (`npm run test:docs`):
//
// 1. every value that index.ts and node.ts export has a description and an @example;
// 2. every ```ts block of an @example, of README.md and of docs/*.md compiles, and becomes a test in test/.generated,
//    which vitest then runs. A block marked ```ts no-run has only to compile.
//
// An @example's block sees, without imports, what the package exports, src/fp.ts, rxjs and vitest's `expect`; that of a
// value which is not exported to people sees its own module first, and all of src/. Blocks in Markdown are what people copy: they import
// what they use, but for `expect`.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const out = join(root, 'test/.generated')
const doors = ['src/index.ts', 'src/node.ts'].map((door) => join(root, door))

/**
 * @typedef {{ readonly file: string, readonly line: number }} Place
 * @typedef {{
 *   readonly title: string,
 *   readonly run: boolean,
 *   readonly place: Place,
 *   readonly lines: readonly string[],
 *   readonly shelves: readonly Shelf[],
 * }} Block - `place` is its first line of code; `shelves` are where its free names may come from, the nearest first
 * @typedef {{ readonly from: string, readonly names: ReadonlyMap<string, { readonly isType: boolean }> }} Shelf
 */

/** @type {string[]} */
const complaints = []
/** @type {(place: Place, words: string) => void} */
const complain = ({ file, line }, words) => {
  complaints.push(`${relative(root, file)}:${line}  ${words}`)
}

// --- what the sources export ---------------------------------------------------------------------------------------

const { options, fileNames } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')).config,
  ts.sys,
  root,
)
const sources = fileNames.filter((file) => file.startsWith(join(root, 'src/')))
const program = ts.createProgram(sources, options)
const checker = program.getTypeChecker()

/** @param {ts.Symbol} symbol */
const aliased = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)

/**
 * What a module exports, by name, followed to where it is declared.
 *
 * @param {string} file
 * @returns {ReadonlyMap<string, ts.Symbol>}
 */
const exportsOf = (file) => {
  const source = program.getSourceFile(file)
  const symbol = source && checker.getSymbolAtLocation(source)
  return new Map((symbol ? checker.getExportsOfModule(symbol) : []).map((one) => [one.name, aliased(one)]))
}

/** @param {ts.Symbol} symbol */
const isValue = (symbol) => (symbol.flags & ts.SymbolFlags.Value) !== 0

/** The doc comments of a symbol's declarations: where, and the text without its stars. */
const docsOf = (/** @type {ts.Symbol} */ symbol) =>
  (symbol.declarations ?? []).flatMap((declaration) => {
    const source = declaration.getSourceFile()
    return ts
      .getJSDocCommentsAndTags(declaration)
      .filter(ts.isJSDoc)
      .map((doc) => ({
        place: { file: source.fileName, line: source.getLineAndCharacterOfPosition(doc.getStart()).line + 1 },
        lines: doc
          .getText()
          .split('\n')
          .map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*) ?|\*\/$/g, '')),
      }))
  })

/**
 * The ```ts blocks of a text.
 *
 * @param {{ readonly lines: readonly string[], readonly place: Place }} text - and where it begins
 * @param {string} title
 * @param {readonly Shelf[]} shelves
 * @returns {readonly Block[]}
 */
const blocksIn = ({ lines, place: { file, line } }, title, shelves) => {
  /** @type {Block[]} */
  const blocks = []
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\S*) ?(.*)$/.exec(lines[i] ?? '')
    if (!fence) continue
    const end = lines.findIndex((one, j) => j > i && one.startsWith('```'))
    const place = { file, line: line + i + 1 }
    if (end < 0) complain(place, 'this block has no end')
    const code = lines.slice(i + 1, end < 0 ? undefined : end)
    if (fence[1] === 'ts') blocks.push({ title, run: fence[2] !== 'no-run', place, lines: code, shelves })
    i += code.length + 1
  }
  return blocks
}

/** What people can import. @type {Set<ts.Symbol>} */
const known = new Set()

/** Complains of what people can import and nobody explains. */
const inspect = (/** @type {string} */ door) => {
  for (const [name, symbol] of exportsOf(door)) {
    const declaration = symbol.declarations?.[0]
    const source = declaration?.getSourceFile()
    if (!declaration || !source?.fileName.startsWith(join(root, 'src/')) || known.has(symbol)) continue
    known.add(symbol)
    // `export * as name`: the name of a module stands for all that is in it
    if (ts.isSourceFile(declaration)) inspect(source.fileName)
    else if (isValue(symbol)) {
      const line = source.getLineAndCharacterOfPosition(declaration.getStart()).line + 1
      const text = docsOf(symbol).flatMap((doc) => doc.lines)
      if (!/^\s*[^@\s]/.test(text.join('\n')))
        complain({ file: source.fileName, line }, `${name} is exported without a description`)
      if (!text.includes('@example') || !text.some((one) => one.startsWith('```ts')))
        complain(
          { file: source.fileName, line },
          `${name} is exported without an @example in a \`\`\`ts block`,
        )
    }
  }
}
doors.forEach(inspect)

// --- tests out of blocks -------------------------------------------------------------------------------------------

/** @type {(file: string, from?: string) => Shelf} */
const shelf = (file, from = relative(out, file)) => ({
  from,
  names: new Map([...exportsOf(file)].map(([name, symbol]) => [name, { isType: !isValue(symbol) }])),
})

const rxjs = ts.resolveModuleName(
  'rxjs',
  join(root, 'src/fp.ts'),
  options,
  ts.sys,
  undefined,
  undefined,
  ts.ModuleKind.ESNext,
)
/** @type {Shelf} */
const vitest = { from: 'vitest', names: new Map([['expect', { isType: false }]]) }
const open = [
  ...doors.map((door) => shelf(door)),
  shelf(join(root, 'src/fp.ts')),
  ...(rxjs.resolvedModule ? [shelf(rxjs.resolvedModule.resolvedFileName, 'rxjs')] : []),
  vitest,
]
const all = [...open, ...sources.map((file) => shelf(file))]

/** The names that a block mentions, and those that it declares or imports itself. */
const namesIn = (/** @type {string} */ code) => {
  /** @type {Set<string>} */
  const used = new Set()
  /** @type {Set<string>} */
  const own = new Set()
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const { parent } = node
      // `as const` mentions nothing, though a schedule has that name
      if (ts.isConstTypeReference(parent)) return
      const isName = 'name' in parent && parent.name === node
      const isKey =
        ts.isPropertyAccessExpression(parent) ||
        ts.isPropertyAssignment(parent) ||
        ts.isMethodDeclaration(parent)
      if (isName && ts.isShorthandPropertyAssignment(parent)) used.add(node.text)
      else if (!isName) used.add(node.text)
      else if (!isKey) own.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest, true))
  return [...used].filter((name) => !own.has(name))
}

/** The lines of a block's import declarations, each from its first to its last. */
const importsIn = (/** @type {readonly string[]} */ lines) => {
  const source = ts.createSourceFile('block.ts', lines.join('\n'), ts.ScriptTarget.Latest, true)
  const lineOf = (/** @type {number} */ at) => source.getLineAndCharacterOfPosition(at).line
  return source.statements
    .filter(ts.isImportDeclaration)
    .map((one) => ({ from: lineOf(one.getStart()), to: lineOf(one.getEnd()) }))
}

/**
 * A file of tests. `origins[i]` is where its line i was written.
 *
 * @typedef {{ readonly name: string, readonly lines: readonly string[], readonly origins: readonly Place[] }} Test
 * @typedef {readonly [line: string, origin: Place]} Line
 * @type {(name: string, blocks: readonly Block[]) => Test}
 */
const testOf = (name, blocks) => {
  /** @type {Map<string, Line>} */
  const imports = new Map()
  const body = blocks.flatMap(({ title, run, place, lines, shelves }) => {
    const code = lines.map((line, i) => /** @type {Line} */ ([line, { ...place, line: place.line + i }]))
    const importing = importsIn(lines)
    for (const { from, to } of importing)
      imports.set(lines.slice(from, to + 1).join(' '), [lines.slice(from, to + 1).join(' '), place])
    const isImport = (/** @type {number} */ i) => importing.some(({ from, to }) => from <= i && i <= to)
    for (const one of namesIn(lines.join('\n'))) {
      const found = shelves.find(({ names }) => names.has(one))
      const word = found?.names.get(one)?.isType ? 'import type' : 'import'
      if (found) imports.set(one, [`${word} { ${one} } from '${found.from}'`, place])
    }
    const opening = run ? `it(${JSON.stringify(title)}, async () => {` : 'void (async () => {'
    return [
      /** @type {Line} */ ([opening, place]),
      ...code.filter((_, i) => !isImport(i)),
      /** @type {Line} */ (['})', place]),
    ]
  })
  const all = [...imports.values(), ...body]
  return {
    name,
    lines: ["import { it } from 'vitest'", ...all.map(([line]) => line)],
    origins: [{ file: join(out, name), line: 1 }, ...all.map(([, origin]) => origin)],
  }
}

/** @type {(text: string) => string} */
const fileName = (text) => text.replace(/\W+/g, '-')

// blocks with imports of their own stand alone, lest two of them import one name from two places
const fromSources = sources.flatMap((file) => {
  const own = [...exportsOf(file)].filter(
    ([, symbol]) => symbol.declarations?.[0]?.getSourceFile().fileName === file,
  )
  const blocks = own.flatMap(([name, symbol]) =>
    docsOf(symbol).flatMap((doc) => blocksIn(doc, name, known.has(symbol) ? open : [shelf(file), ...all])),
  )
  const name = fileName(relative(join(root, 'src'), file).replace(/\.ts$/, ''))
  const alone = blocks.filter(({ lines }) => lines.some((line) => /^import\b/.test(line)))
  const together = blocks.filter((block) => !alone.includes(block))
  return [
    ...(together.length > 0 ? [testOf(name, together)] : []),
    ...alone.map((block) => testOf(`${name}-${block.title}-${block.place.line}`, [block])),
  ]
})

const pages = [
  'README.md',
  ...(existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs')).map((page) => `docs/${page}`) : []),
]
const fromPages = pages
  .filter((page) => page.endsWith('.md') && existsSync(join(root, page)))
  .flatMap((page) => {
    const file = join(root, page)
    return blocksIn({ lines: readFileSync(file, 'utf8').split('\n'), place: { file, line: 1 } }, page, [
      vitest,
    ]).map((block) => testOf(`${fileName(page)}-${block.place.line}`, [block]))
  })

// --- write, and check the types ------------------------------------------------------------------------------------

const tests = new Map([...fromSources, ...fromPages].map((test) => [join(out, `${test.name}.test.ts`), test]))
mkdirSync(join(out, 'cwd'), { recursive: true })
if (!existsSync(join(out, 'cwd/pipelines'))) symlinkSync(join(root, 'pipelines'), join(out, 'cwd/pipelines'))
for (const file of readdirSync(out).map((name) => join(out, name)))
  if (file.endsWith('.test.ts') && !tests.has(file)) rmSync(file)
for (const [file, { lines }] of tests) writeFileSync(file, lines.join('\n') + '\n')

const checked = ts.createProgram(
  [...sources, ...tests.keys()],
  // an example may end in a value that it only makes
  { ...options, noUnusedLocals: false, isolatedDeclarations: false, declaration: false },
  undefined,
  program,
)
for (const [file, { origins }] of tests) {
  const source = checked.getSourceFile(file)
  for (const { start = 0, messageText } of ts.getPreEmitDiagnostics(checked, source)) {
    const origin = source && origins[source.getLineAndCharacterOfPosition(start).line]
    complain(origin ?? { file, line: 1 }, ts.flattenDiagnosticMessageText(messageText, '\n'))
  }
}

complaints.forEach((words) => {
  console.error(words)
})
console.log(`${tests.size} files of examples, ${complaints.length} complaints`)
process.exitCode = complaints.length === 0 ? 0 : 1
