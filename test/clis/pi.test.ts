import { pi } from './clis/pi';
import { declareContract } from './contract';

for (const cli of pi) declareContract(cli);
