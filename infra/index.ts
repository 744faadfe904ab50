// The Pulumi program.

import { deploy } from './deploy';

export = deploy;
