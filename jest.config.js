/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/test/lab/', '/test/e2e/', '/test/clients/', '/test/clis/'],
  // jest loads CommonJS: the one ESM-only package we run is transformed like our own files.
  transformIgnorePatterns: ['/node_modules/(?!eventsource-parser/)'],
  transform: { '\\.[jt]s$': '<rootDir>/test/support/transform.js' },
  moduleFileExtensions: ['ts', 'js', 'json'],
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
};
