import { declareContract } from './contract';
import { aiProviders } from './drivers/aiProviders';
import { aiSdk } from './drivers/aiSdk';

declareContract(aiSdk(aiProviders.google));
