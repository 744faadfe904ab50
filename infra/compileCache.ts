// What Node has compiled of the packages is kept for the next run. Node 20 has no such cache, and does without.

import * as loader from 'node:module';
import { join } from 'node:path';

// https://nodejs.org/api/module.html#moduleenablecompilecacheoptions, since 22.1: the types here are Node 20's.
const { enableCompileCache } = loader as { readonly enableCompileCache?: (folder: string) => void };
enableCompileCache?.(join(__dirname, '..', 'dist', 'compiled'));
