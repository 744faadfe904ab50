// Runs in every test file before its tests (`setupFilesAfterEnv` of jest's configurations).

import { closeOpened } from './opened';

afterAll(closeOpened);
