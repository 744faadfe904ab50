/** @type {import('jest').Config} */
module.exports = {
  rootDir: '../..',
  roots: ['<rootDir>/test/clients'],
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  // jest loads CommonJS: the packages that are ESM only are transformed like our own files.
  transformIgnorePatterns: [
    '/node_modules/(?!(ai|@ai-sdk|@openrouter|@workflow|@vercel|eventsource-parser|zod|@langchain|langchain|langsmith|@mastra|p-map|p-retry|is-network-error)/)',
  ],
  transform: { '\\.c?[jt]s$': '<rootDir>/test/support/transform.js' },
  moduleNameMapper: { '^worker:': '<rootDir>/test/support/noThread.ts' },
  moduleFileExtensions: ['ts', 'js', 'cjs', 'json'],
  testTimeout: 30_000,
  // Most of a test's time is a wait for another process: a core left free, as is jest's default, is left idle.
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
};
