// The npm package, made from a copy of the project, and put where a program of another's own finds it.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * `npm pack` on a copy of the project, so that nothing in its own dist/ changes.
 * @param folder an empty folder
 * @returns path of the tarball
 */
export function packProject(folder: string): string {
  const copy = join(folder, 'copy');
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  const own = files.filter((file) => !file.startsWith('dist/'));
  const parts = ['infra', 'config', 'gateway', 'test', 'package.json', 'package-lock.json', 'tsconfig.json', '.npmrc'];
  for (const part of new Set([...parts, ...own, 'README.md', 'LICENSE']))
    cpSync(part, join(copy, part), { recursive: true, filter: (path) => !path.includes('node_modules') });
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  return join(folder, tarball);
}

/** The paths in a tarball, without the folder `package/` that npm puts around them. */
export function listed(tarball: string): string[] {
  const text = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter(Boolean)
    .map((path) => path.replace(/^package\//, ''))
    .sort();
}

/**
 * Puts the package into a program's node_modules, beside the packages it names and no others.
 * @param program the program's folder
 */
export function installPackage(tarball: string, program: string): void {
  const modules = join(program, 'node_modules');
  const home = join(modules, 'ovth');
  mkdirSync(home, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', home, '--strip-components=1']);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    Record<string, string>
  >;
  for (const name of [
    ...Object.keys({ ...dependencies, ...peerDependencies }),
    'typescript',
    'ts-node',
    '@types/node',
  ]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(modules, name));
  }
}
