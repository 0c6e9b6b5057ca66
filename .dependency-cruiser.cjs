// Which way imports point (`npm run bounds`). test/boundaries shows every rule refusing what it is there to refuse.

/**
 * The rooms of src/ and what each may import beside itself; what lies in src/ itself is open to everybody.
 * `algebra` is the type class and what goes with its types (see `vocabulary`); `instances` are the rest of that folder,
 * for those who choose what to compute with.
 */
const rooms = {
  algebra: [],
  noise: ['algebra'],
  diffusion: ['algebra'],
  model: ['diffusion', 'algebra'],
  checkpoint: ['model', 'diffusion', 'algebra'],
  data: ['media', 'checkpoint', 'noise', 'algebra'],
  stream: ['model', 'diffusion', 'noise', 'algebra'],
  media: ['stream', 'checkpoint', 'model', 'diffusion', 'algebra'],
  train: ['stream', 'checkpoint', 'data', 'model', 'diffusion', 'noise', 'algebra', 'instances'],
  experiment: ['stream', 'model', 'diffusion', 'noise', 'algebra'],
  evaluate: ['train', 'stream', 'model', 'diffusion', 'noise', 'algebra', 'instances'],
  engine: ['evaluate', 'train', 'checkpoint', 'model', 'diffusion', 'algebra', 'instances'],
  pipeline: [
    'experiment',
    'train',
    'engine',
    'media',
    'stream',
    'data',
    'checkpoint',
    'model',
    'diffusion',
    'noise',
    'algebra',
  ],
  cli: [
    'pipeline',
    'experiment',
    'evaluate',
    'train',
    'engine',
    'media',
    'stream',
    'data',
    'checkpoint',
    'model',
    'diffusion',
    'noise',
    'algebra',
  ],
}

/** What of algebra/ is no instance. */
const vocabulary = ['algebra', 'layout', 'shape', 'stack-rows']

/** Models that are bound to one instance: which, and what they may import of the instances' folder. */
const binders = {
  'model/gaussian-mixture': ['numbers'],
  'model/inspection': ['shapes'],
  'model/tensor-denoiser': ['tfjs'],
  'model/unet2d-denoiser': ['tfjs'],
}

/** Who may import a library; nobody else. */
const libraries = {
  commander: ['cli'],
  vega: ['cli'],
  yaml: ['pipeline', 'checkpoint'],
  pngjs: ['media', 'data'],
  'ml-matrix': ['evaluate'],
  'onnxruntime-node': ['engine'],
  '@tensorflow': ['algebra', 'engine', 'train', 'evaluate', 'model'],
  rxjs: ['model', 'stream', 'media', 'data', 'train', 'experiment', 'evaluate', 'engine', 'pipeline', 'cli'],
}

/** Who may touch the machine. */
const nodeRooms = ['media', 'checkpoint', 'data', 'engine', 'cli']

/** @param {string[]} names */
const anyOf = (names) => `(${names.join('|')})`

/** @param {string} room */
const pathOf = (room) =>
  room === 'algebra'
    ? `src/algebra/${anyOf(vocabulary)}[.]ts`
    : room === 'instances'
      ? 'src/algebra/'
      : `src/${room}/`

/** Installed, an npm module's path goes through node_modules; not installed, it is the bare name. */
const npm = (/** @type {string} */ name) => `(^|node_modules/)${name}(/|$)`

const open = ['src/(?!index[.]|node[.])[\\w-]+[.]ts$']
const doors = '^src/(index|node|cli/main)[.]ts$'

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const forbidden = [
  ...Object.entries(rooms).map(([room, leave]) => ({
    name: `${room}-looks-up`,
    comment: `${room}/ may import ${leave.join(', ') || 'nothing'} beside itself`,
    from: { path: `^src/${room}/`, pathNot: `^src/${anyOf(Object.keys(binders))}[.]ts$` },
    to: { path: '^src/', pathNot: `^${anyOf([`src/${room}/`, ...leave.map(pathOf), ...open])}` },
  })),
  ...Object.entries(binders).map(([file, instances]) => ({
    name: 'binder-looks-up',
    comment: `${file} may import algebra/${instances.join(', ')} beside what its room may`,
    from: { path: `^src/${file}[.]ts$` },
    to: {
      path: '^src/',
      pathNot: `^${anyOf(['src/model/', 'src/diffusion/', `src/algebra/${anyOf([...vocabulary, ...instances])}[.]ts$`, ...open])}`,
    },
  })),
  {
    name: 'open-looks-up',
    comment: 'what everybody may import imports no room',
    from: { path: `^${anyOf(open)}` },
    to: { path: '^src/', pathNot: `^${anyOf(open)}` },
  },
  ...Object.entries(libraries).map(([name, leave]) => ({
    name: `${name.replace('@', '')}-elsewhere`,
    comment: `${name} belongs to ${leave.join(', ')}`,
    from: { path: '^src/', pathNot: [`^src/${anyOf(leave)}/`, '^src/(index|node)[.]ts$'] },
    to: { path: npm(name) },
  })),
  {
    name: 'node-elsewhere',
    comment: `node:* belongs to ${nodeRooms.join(', ')} and node.ts`,
    from: { path: '^src/', pathNot: [`^src/${anyOf(nodeRooms)}/`, '^src/node[.]ts$'] },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'index-reaches-node',
    comment: 'index.ts runs in browsers: nothing behind it may need Node',
    from: { path: '^src/index[.]ts$' },
    to: {
      path: anyOf([
        '^(node:)?(fs|path|os|process|child_process|stream|url|util|zlib|buffer|crypto|events|worker_threads|module|timers)(/|$)',
        ...['pngjs', 'onnxruntime-node', 'commander', '@tensorflow/tfjs-node'].map(npm),
      ]),
      reachable: true,
    },
  },
  { name: 'cycle', from: {}, to: { circular: true } },
  {
    name: 'dead',
    comment: 'nobody who comes in by index.ts, node.ts or the command line gets here',
    from: { path: doors },
    to: { path: '^src/', pathNot: doors, reachable: false },
  },
  {
    name: 'unresolvable',
    from: {},
    to: { couldNotResolve: true, pathNot: npm('@tensorflow/tfjs-node(-gpu)?') },
  },
]

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: forbidden.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    doNotFollow: { path: 'node_modules' },
    // imports of types count: a room that knows another's types knows the other
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
}
