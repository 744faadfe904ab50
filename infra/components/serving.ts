// The component without resources of its own that depends on everything else.

import * as pulumi from '@pulumi/pulumi';
import { servingType, type SettingsSummary } from '../preflight/settingsSummary';

/**
 * That the gateway serves, and with which settings. It is made after everything and deleted before everything, so that
 * - while it is protected, `pulumi destroy` ends here and has deleted nothing;
 * - the settings it keeps in the state, without secrets, are those on the box: after an update that failed, those of before.
 * One component for both, because the SDK lets no component depend on another one that has no resources.
 */
export class Serving extends pulumi.ComponentResource {
  /**
   * @param name the resource's name
   * @param settings what a preview may show of the settings
   * @param options in `dependsOn` everything that serves; `protect`
   */
  constructor(name: string, settings: SettingsSummary, options: pulumi.ComponentResourceOptions) {
    super(servingType, name, { settings }, options);
    this.registerOutputs({});
  }
}
