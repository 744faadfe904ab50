// The environment of a test file, at whose end is closed what the file has opened and left open (opened.ts): after all its
// hooks, which may look at what they close.

const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async teardown() {
    await this.global.closeOpened?.();
    await super.teardown();
  }
};
