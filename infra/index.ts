// Where Pulumi starts (Pulumi.yaml's `main` names this file).

import { program } from './program';

export = program;
