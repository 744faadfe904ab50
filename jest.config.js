const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/closingEnvironment.js',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/lab/',
    '/test/e2e/',
    '/test/clients/',
    '/test/clis/',
    '/test/browser/',
    '/test/slow/',
  ],
  // jest loads CommonJS: the one ESM-only package we run is transformed like our own files.
  transformIgnorePatterns: ['/node_modules/(?!eventsource-parser/)'],
  transform: { '\\.[jt]s$': '<rootDir>/test/support/transform.js' },
  moduleFileExtensions: ['ts', 'js', 'json'],
  // The programs of threads are bundled as text; run from sources, their work is done in the same thread.
  moduleNameMapper: { '^worker:': '<rootDir>/test/support/noThread.ts' },
  testTimeout: 30_000,
  // Most of a test's time is a wait for another process or a timer: on 2 cores four workers take 4:45, two take 6:30.
  maxWorkers: Math.max(4, availableParallelism()),
  reporters: ['default', '<rootDir>/test/support/closingLine.js'],
};
