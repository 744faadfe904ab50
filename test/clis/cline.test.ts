import { clineOpenai, clineAnthropic } from './clis/cline';
import { declareContract } from './contract';

declareContract(clineOpenai);
declareContract(clineAnthropic);
