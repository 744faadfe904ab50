// The lab's images, built once from real files: the boxes, and the base images that boxes pull.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { debianMirrors, debianSources, suite } from './debian';
import type { Docker } from './docker';
import { cacheFolder } from './guard';
import { projectRoot, run } from './shell';
import { litestreamFile, toolFile } from './tools';

/** How boxes get Docker: apt installs it at boot as on a real server, or the same packages wait there unpacked. */
export type Mode = 'fast' | 'real';

/** Tags of the images, all present in the lab's Docker. */
export interface Images {
  box: string;
  node: string;
  caddy: string;
}

/** Is the Debian root that everything starts from there already? */
export function baseIsCached(): boolean {
  return existsSync(baseFile());
}

/** Builds what is not there yet; a tag is the hash of everything that went in. */
export async function ensureImages(docker: Docker, mode: Mode, say: (line: string) => void): Promise<Images> {
  const forge: Forge = { docker, say, base: await ensureBase(docker, say) };
  const sources = debianMirrors();
  if (sources === undefined) throw new Error('apt names no Debian mirror here: set LAB_DEBIAN_MIRROR');
  const apt = { 'debian.sources': debianSources(sources) };
  const authority = process.env['NODE_EXTRA_CA_CERTS'] ?? '';
  const box = await build(forge, 'box', { texts: apt });
  const node = await build(forge, 'node', {
    texts: { ...apt, 'ca.pem': authority === '' ? '' : readFileSync(authority, 'utf8') },
    files: { node: join(projectRoot(), 'node_modules', 'node', 'bin', 'node'), npm: await npmFolder() },
    args: { EXTRA_CA: authority === '' ? '' : '/etc/lab-ca.pem' },
  });
  const caddy = await build(forge, 'caddy', { texts: apt, files: { caddy: await toolFile('caddy') } });
  return { box: mode === 'real' ? box : await build({ ...forge, base: box }, 'box-fast', {}), node, caddy };
}

/** The image of what copies the ledger; its tag. */
export async function litestreamImage(docker: Docker, say: (line: string) => void): Promise<string> {
  const forge = { docker, say, base: await ensureBase(docker, say) };
  return build(forge, 'litestream', { files: { litestream: await litestreamFile(say) } });
}

// ---

/** The npm of the Node base image. */
const npmVersion = '11.21.2';

/** What a slim image goes without. */
const leftOut = [
  'dev/*',
  'var/cache/apt/*',
  'var/lib/apt/lists/*',
  ...['doc', 'info', 'locale', 'man'].map((name) => `usr/share/${name}/*`),
];

interface Forge {
  docker: Docker;
  say: (line: string) => void;
  base: string;
}

interface Inputs {
  /** Files made here, by name in the build context. */
  texts?: Record<string, string>;
  /** Files and folders taken from elsewhere: large ones, told apart by path, size and time. */
  files?: Record<string, string>;
  args?: Record<string, string>;
}

async function build(forge: Forge, name: string, inputs: Inputs): Promise<string> {
  const { texts = {}, files = {}, args = {} } = inputs;
  const source = join(projectRoot(), 'test', 'lab', 'images', name);
  const facts = Object.values(files).map((file) => [file, statSync(file).size, Math.floor(statSync(file).mtimeMs)]);
  const hash = digest(JSON.stringify([forge.base, contents(source), texts, facts, args]));
  const tag = `ovth-lab/${name}:${hash}`;
  if (await exists(forge.docker, tag)) return tag;
  forge.say(`building the image ${name}`);
  const context = mkdtempSync(join(cacheFolder(), 'context-'));
  try {
    cpSync(source, context, { recursive: true });
    for (const [file, text] of Object.entries(texts)) writeFileSync(join(context, file), text);
    for (const [file, from] of Object.entries(files)) cpSync(from, join(context, file), { recursive: true });
    const flags = Object.entries({ BASE: forge.base, ...args }).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]);
    await forge.docker.run(['build', '--force-rm', '--tag', tag, ...flags, context]);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
  await removeOthers(forge.docker, name, tag);
  return tag;
}

/** What an older recipe has built would fill the disk. */
async function removeOthers(docker: Docker, name: string, tag: string): Promise<void> {
  const listed = await docker.run(['images', '--format', '{{.Repository}}:{{.Tag}}', `ovth-lab/${name}`]);
  const others = listed.stdout.split('\n').filter((other) => other !== '' && other !== tag);
  if (others.length > 0) await docker.run(['rmi', ...others], { check: false });
}

function baseFile(): string {
  return join(cacheFolder(), `${suite}-${digest(JSON.stringify(leftOut))}.tar`);
}

/** A minimal Debian, kept as a tar file so that another Docker need not make it again. */
async function ensureBase(docker: Docker, say: (line: string) => void): Promise<string> {
  if (!baseIsCached()) await makeBase(say);
  const tag = `ovth-lab/base:${digest(`${suite} ${statSync(baseFile()).mtimeMs}`)}`;
  if (!(await exists(docker, tag))) await docker.run(['import', '--change', 'CMD ["bash"]', baseFile(), tag]);
  return tag;
}

async function makeBase(say: (line: string) => void): Promise<void> {
  const mirrors = debianMirrors();
  if (mirrors === undefined) throw new Error('apt names no Debian mirror here: set LAB_DEBIAN_MIRROR');
  say(`fetching a minimal Debian ${suite}, once`);
  const root = mkdtempSync(join(cacheFolder(), 'root-'));
  try {
    // Not more than this: debootstrap cannot resolve what the boxes need; apt can, in their Dockerfile.
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates', suite, root, mirrors.main]);
    const without = leftOut.map((pattern) => `--exclude=./${pattern}`);
    await run('tar', ['-C', root, ...without, '-cf', `${baseFile()}.part`, '.']);
    await run('mv', [`${baseFile()}.part`, baseFile()]);
  } finally {
    await run('sh', ['-c', 'umount "$0/proc" "$0/sys" 2>/dev/null; rm -rf --one-file-system "$0"', root]);
  }
}

/** The npm package, unpacked. */
async function npmFolder(): Promise<string> {
  const folder = join(cacheFolder(), `npm-${npmVersion}`);
  if (existsSync(folder)) return folder;
  const staging = mkdtempSync(join(cacheFolder(), 'npm-'));
  await run('npm', ['pack', '--silent', '--pack-destination', staging, `npm@${npmVersion}`]);
  mkdirSync(join(staging, 'unpacked'));
  const archive = join(staging, `npm-${npmVersion}.tgz`);
  await run('tar', ['-xzf', archive, '-C', join(staging, 'unpacked'), '--strip-components=1']);
  await run('mv', [join(staging, 'unpacked'), folder]);
  rmSync(staging, { recursive: true });
  return folder;
}

async function exists(docker: Docker, tag: string): Promise<boolean> {
  return (await docker.run(['image', 'inspect', tag], { check: false })).code === 0;
}

function contents(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => [file.slice(folder.length), readFileSync(file, 'utf8')]);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
