import { continueAnthropic, continueOpenai } from './clis/continueCli';
import { declareContract } from './contract';

declareContract(continueOpenai);
declareContract(continueAnthropic);
