/** @type {import('jest').Config} */
module.exports = {
  rootDir: '../..',
  roots: ['<rootDir>/test/browser'],
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // As in the other suites: jest loads CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!eventsource-parser/)'],
  transform: { '\\.[jt]s$': '<rootDir>/test/support/transform.js' },
  moduleNameMapper: { '^worker:': '<rootDir>/test/support/noThread.ts' },
  moduleFileExtensions: ['ts', 'js', 'json'],
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
};
