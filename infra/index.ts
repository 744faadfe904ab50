// The Pulumi program.

import { deploy } from './program';

export = deploy;
