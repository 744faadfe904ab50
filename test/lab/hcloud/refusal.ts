// The API's errors: which status goes with which code.

/** Status of each error code the lab's cloud answers with. */
export const statusOf = {
  unauthorized: 401,
  forbidden: 403,
  protected: 403,
  resource_limit_exceeded: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  uniqueness_error: 409,
  deprecated_api_endpoint: 410,
  resource_unavailable: 412,
  placement_error: 412,
  no_space_left_in_location: 412,
  json_error: 422,
  invalid_input: 422,
  invalid_server_type: 422,
  resource_in_use: 422,
  server_not_stopped: 422,
  server_already_added: 422,
  firewall_already_applied: 422,
  firewall_resource_not_found: 422,
  volume_already_attached: 422,
  primary_ip_assigned: 422,
  primary_ip_already_assigned: 422,
  primary_ip_version_mismatch: 422,
  primary_ip_datacenter_mismatch: 422,
  server_has_ipv4: 422,
  server_has_ipv6: 422,
  must_be_unassigned: 422,
  unsupported_error: 422,
  locked: 423,
  rate_limit_exceeded: 429,
  server_error: 500,
  service_error: 500,
  bad_gateway: 502,
  maintenance: 503,
  timeout: 504,
} as const satisfies Record<string, number>;

/** A code of the API. */
export type Code = keyof typeof statusOf;

/** A request that the cloud refuses. */
export class Refusal extends Error {
  readonly code: Code;
  readonly details: unknown;
  constructor(code: Code, message: string, details: unknown = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A field that is wrong, as the API words it. */
export function invalid(field: string, message: string): Refusal {
  return new Refusal('invalid_input', `invalid input in field '${field}'`, {
    fields: [{ name: field, messages: [message] }],
  });
}

/** A thing that is not there. */
export function notFound(kind: string, id: string | number): Refusal {
  return new Refusal('not_found', `${kind} with ID '${id}' not found`);
}
