import { opencode } from './clis/opencode';
import { declareLoop } from './loop';

for (const cli of opencode) declareLoop(cli);
