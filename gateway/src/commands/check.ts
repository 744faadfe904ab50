// `check`: says what is wrong with the configuration, and starts nothing.

import { readConfig, readProcessOptions, withDotEnv } from '../app/environment';

/** Prints the configuration's warnings and that it is valid. @throws ConfigError where it is not */
export function check(): void {
  const environment = withDotEnv(process.env);
  const config = readConfig(readProcessOptions(environment), environment);
  for (const warning of config.warnings) console.log(`warning: ${warning}`);
  console.log(
    `the configuration is valid: ${config.routes.size} routes, providers ${[...config.providers.keys()].join(', ')}`,
  );
}
