// What the npm package offers to a Pulumi program of one's own.

export { Gateway, type GatewayArgs } from './components/gateway';
export { clientSettings, sshCommand } from './clientInstructions';
export type { GatewaySettings, ProviderKeys } from './gatewaySettings';
