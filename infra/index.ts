// The Pulumi program.

import { program } from './program';

export = program;
