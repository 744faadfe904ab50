// `check`: says what is wrong with the configuration, and starts nothing.

import { exitCodes } from '../../../config/exitCodes';
import { ConfigError } from '../../../config/problems';
import { readConfig, readProcessOptions, withDotEnv } from '../app/environment';
import { readOptions } from './options';

/** Prints the configuration's warnings and that it is valid. @throws ConfigError where it is not; UsageError */
export function check(args: readonly string[]): void {
  const { json } = readOptions(args, { json: { type: 'boolean' } });
  const environment = withDotEnv(process.env);
  try {
    const { warnings, routes, providers } = readConfig(readProcessOptions(environment), environment);
    const found = { valid: true, warnings, routes: [...routes.keys()], providers: [...providers.keys()] };
    if (json === true) return console.log(JSON.stringify(found));
    for (const warning of warnings) console.log(`warning: ${warning}`);
    console.log(`the configuration is valid: ${found.routes.length} routes, providers ${found.providers.join(', ')}`);
  } catch (error) {
    if (json !== true || !(error instanceof ConfigError)) throw error;
    console.log(JSON.stringify({ valid: false, problems: error.problems }));
    process.exitCode = exitCodes.badConfig.code;
  }
}
