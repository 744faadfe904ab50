import { opencode } from './clis/opencode';
import { declareContract } from './contract';

for (const cli of opencode) declareContract(cli);
