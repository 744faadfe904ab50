import { kilo } from './clis/kilo';
import { declareContract } from './contract';

declareContract(kilo);
