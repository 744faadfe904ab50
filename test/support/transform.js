// How jest reads TypeScript (and the one ESM-only package we run): esbuild, one file at a time, without type checks.
const { createHash } = require('node:crypto');
const { transformSync, version } = require('esbuild');

// What a package imports at run time is required: jest loads CommonJS.
const supported = { 'dynamic-import': false };
const options = { supported, loader: 'ts', format: 'cjs', target: 'node20.19', sourcemap: 'inline' };

module.exports = {
  process: (source, path) => ({ code: transformSync(source, { ...options, sourcefile: path }).code }),
  getCacheKey: (source, path) =>
    createHash('sha256')
      .update(JSON.stringify([version, options, path, source]))
      .digest('hex'),
};
