// Where Pulumi starts (Pulumi.yaml's `main` names this folder).

import { program } from './program';

export = program;
