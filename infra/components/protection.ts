// Two components without resources of their own, whose place in the order of things is what they are for.

import * as pulumi from '@pulumi/pulumi';
import { type SettingsSummary, settingsType } from '../preflight/settingsSummary';

/**
 * Depends on everything, so it is deleted before everything; while it is protected, `pulumi destroy` ends there and has
 * deleted nothing.
 */
export class Protection extends pulumi.ComponentResource {
  /**
   * @param name the resource's name
   * @param options `protect`, and in `dependsOn` whatever must not be deleted
   */
  constructor(name: string, options: pulumi.ComponentResourceOptions) {
    super('ovth:index:Protection', name, {}, options);
    this.registerOutputs({});
  }
}

/**
 * Keeps the settings that the box serves, without secrets, so that a preview shows what would change. It follows the last
 * step: after an update that failed, the state still has the settings of before.
 */
export class ServedSettings extends pulumi.ComponentResource {
  /**
   * @param name the resource's name
   * @param settings what a preview may show
   * @param options in `dependsOn` the step that puts the settings on the box
   */
  constructor(name: string, settings: SettingsSummary, options: pulumi.ComponentResourceOptions) {
    super(settingsType, name, { settings }, options);
    this.registerOutputs({});
  }
}
