// Where Pulumi starts (Pulumi.yaml's `main` names this file). The order of the imports is the order in which they happen.

import './compileCache';
import * as headStart from './headStart';
// After it: reading the program takes a second.
import { program } from './program';

export = () => program(headStart);
