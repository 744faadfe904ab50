/** @type {import('jest').Config} */
module.exports = {
  rootDir: '../..',
  roots: ['<rootDir>/test/clis'],
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // As in the other suites: jest loads CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!eventsource-parser/)'],
  transform: { '\\.[jt]s$': '<rootDir>/test/support/transform.js' },
  moduleNameMapper: { '^worker:': '<rootDir>/test/support/noThread.ts' },
  moduleFileExtensions: ['ts', 'js', 'json'],
  // Most of a test's time is a wait for another process: a core left free, as is jest's default, is left idle.
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
};
