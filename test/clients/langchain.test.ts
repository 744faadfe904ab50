import { langchain } from './drivers/langchain';
import { declareLoops } from './loops';

for (const framework of Object.values(langchain)) declareLoops(framework);
