import { continueAnthropic, continueOpenai } from './clis/continueCli';
import { declareLoop } from './loop';

declareLoop(continueOpenai);
declareLoop(continueAnthropic);
