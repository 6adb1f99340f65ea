/** Who may knock on which door. `node .ci/rules.mjs` runs it and asserts that it saw the house at all. */
const HEART = '^connector/(?!app/|testing/)'
const TESTS = '(\\.test\\.ts$|^connector/testing/|^bench/chaos/)'

/** Rooms of the heart from the ground up; a room may import rooms before it, never after. */
const STOREYS = [
  ['kernel'],
  ['taxpayer'],
  ['invoice'],
  ['catalogue', 'order', 'result'],
  ['number-segment', 'credit-quota'],
  ['issuing'],
  ['access'],
  ['dead-letters'],
]

const uphill = STOREYS.map((rooms, storey) => ({
  name: `downhill-from-${rooms.join('-')}`,
  comment: 'rooms of the heart import only downhill: kernel ← nouns ← resources ← stories',
  severity: 'error',
  from: { path: `^connector/(${rooms.join('|')})/`, pathNot: TESTS },
  to: { path: `^connector/(${[...STOREYS.slice(storey + 1).flat(), 'app', 'testing'].join('|')})/` },
}))

const adapters = ['rabbitmq', 'leqi', 'postgres', 'http-callback', 'system'].map((own) => ({
  name: `adapter-${own}-keeps-to-itself`,
  comment: 'an adapter owns one library; what two adapters share is a port of the heart',
  severity: 'error',
  from: { path: `^adapters/${own}/`, pathNot: TESTS },
  to: { path: `^(adapters/(?!${own}/)|connector/app/|mappings/|jobs/|openapi/|bench/)` },
}))

module.exports = {
  forbidden: [
    ...uphill,
    ...adapters,
    {
      name: 'heart-is-pure',
      comment: 'the heart knows no adapter, job, route or mapping',
      severity: 'error',
      from: { path: HEART, pathNot: TESTS },
      to: { path: '^(adapters|jobs|openapi|mappings|bench)/' },
    },
    {
      name: 'heart-without-io',
      comment: 'the heart uses typebox and pure parts of Node only',
      severity: 'error',
      from: { path: HEART, pathNot: TESTS },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'],
        pathNot: '(^|/)(typebox|lossless-json)(/|$)|^(node:)?(buffer|crypto)$',
      },
    },
    {
      name: 'nobody-imports-app',
      comment: 'the front door is composed from the outside only',
      severity: 'error',
      from: { pathNot: `^(connector/app/|jobs/|bench/)|${TESTS}` },
      to: { path: '^connector/app/' },
    },
    {
      name: 'simulator-is-a-stranger',
      comment: 'the simulator shares the wire types and nothing else, so that the two must agree',
      severity: 'error',
      from: { path: '^adapters/leqi/simulator/', pathNot: TESTS },
      to: { path: '^(connector/|adapters/(?!leqi/(simulator/|wire\\.ts|upload-fields\\.ts)))' },
    },
    {
      name: 'leqi-without-simulator',
      severity: 'error',
      from: { path: '^adapters/leqi/(?!simulator/)', pathNot: TESTS },
      to: { path: '^adapters/leqi/simulator/' },
    },
    {
      name: 'mappings-know-orders-and-drafts',
      severity: 'error',
      from: { path: '^mappings/', pathNot: TESTS },
      to: { path: '^(adapters|jobs|openapi|connector/(issuing|number-segment|credit-quota|result|app))/' },
    },
    {
      name: 'api-without-adapters',
      severity: 'error',
      from: { path: '^openapi/', pathNot: TESTS },
      to: { path: '^adapters/' },
    },
    {
      name: 'production-without-testing',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '^connector/testing/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'undici-only-as-dispatcher',
      comment: 'global fetch is what tests can intercept',
      severity: 'error',
      from: { path: '^(?!adapters/(leqi|http-callback)/)' },
      to: { path: 'undici' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'] },
  },
}
