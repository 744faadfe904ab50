// What the cloud sells: places, sizes of servers, images.

/** A place. */
export interface Location {
  id: number;
  name: string;
  description: string;
  country: string;
  city: string;
  latitude: number;
  longitude: number;
  network_zone: string;
}

/** The places. */
export const locations: readonly Location[] = [
  place(1, 'fsn1', 'Falkenstein DC Park 1', 'DE', 'Falkenstein', 50.47612, 12.370071, 'eu-central'),
  place(2, 'nbg1', 'Nuremberg DC Park 1', 'DE', 'Nuremberg', 49.452102, 11.076665, 'eu-central'),
  place(3, 'hel1', 'Helsinki DC Park 1', 'FI', 'Helsinki', 60.169855, 24.938379, 'eu-central'),
  place(4, 'ash', 'Ashburn, VA', 'US', 'Ashburn, VA', 39.045821, -77.487073, 'us-east'),
  place(5, 'hil', 'Hillsboro, OR', 'US', 'Hillsboro, OR', 45.54222, -122.951924, 'us-west'),
  place(6, 'sin', 'Singapore', 'SG', 'Singapore', 1.283333, 103.833333, 'ap-southeast'),
];

/** A size of server. */
export type ServerType = ReturnType<typeof size>;

const europe = ['fsn1', 'nbg1', 'hel1'];
const everywhere = locations.map((location) => location.name);

/** The sizes. CX and CAX exist in Europe only; CX22 is no longer sold; CX11 is gone altogether. */
export const serverTypes: readonly ServerType[] = [
  size(104, 'cx22', 2, 4, 40, 'x86', 'cost_optimized', europe, '4.5100', true),
  size(114, 'cx23', 2, 4, 40, 'x86', 'cost_optimized', europe, '6.4900'),
  size(115, 'cx33', 4, 8, 80, 'x86', 'cost_optimized', europe, '9.4900'),
  size(108, 'cpx12', 1, 2, 40, 'x86', 'regular_purpose', everywhere, '8.9900'),
  size(109, 'cpx22', 2, 4, 80, 'x86', 'regular_purpose', everywhere, '19.4900'),
  size(45, 'cax11', 2, 4, 40, 'arm', 'cost_optimized', europe, '5.9900'),
];

/** The images. */
export const images = [
  system(114_690_387, 'debian-12', 'debian', '12', 'x86'),
  system(114_690_389, 'debian-12', 'debian', '12', 'arm'),
  system(310_557_660, 'debian-13', 'debian', '13', 'x86'),
  system(310_557_661, 'debian-13', 'debian', '13', 'arm'),
  system(161_547_269, 'ubuntu-24.04', 'ubuntu', '24.04', 'x86'),
  system(161_547_270, 'ubuntu-24.04', 'ubuntu', '24.04', 'arm'),
];

/** A place by name. */
export function locationNamed(name: string): Location {
  const found = locations.find((location) => location.name === name);
  if (found === undefined) throw new Error(`no location ${name}`);
  return found;
}

// ---

function place(
  id: number,
  name: string,
  description: string,
  country: string,
  city: string,
  latitude: number,
  longitude: number,
  network_zone: string,
): Location {
  return { id, name, description, country, city, latitude, longitude, network_zone };
}

function size(
  id: number,
  name: string,
  cores: number,
  memory: number,
  disk: number,
  architecture: 'x86' | 'arm',
  category: string,
  places: readonly string[],
  monthly: string,
  gone = false,
) {
  const deprecation = gone ? { announced: '2025-10-16T06:00:00Z', unavailable_after: '2025-12-31T23:59:59Z' } : null;
  const price = { net: monthly, gross: (Number(monthly) * 1.19).toFixed(4) };
  const hourly = { net: (Number(monthly) / 624).toFixed(4), gross: ((Number(monthly) * 1.19) / 624).toFixed(4) };
  const terabyte = { net: '1.0000', gross: '1.1900' };
  return {
    id,
    name,
    description: name.toUpperCase(),
    category,
    cores,
    memory,
    disk,
    storage_type: 'local',
    cpu_type: 'shared',
    architecture,
    deprecated: gone,
    deprecation,
    included_traffic: 0,
    prices: places.map((location) => ({
      location,
      price_hourly: hourly,
      price_monthly: price,
      included_traffic: 20 * 1024 ** 4,
      price_per_tb_traffic: terabyte,
    })),
    locations: places.map((place) => ({
      id: locations.find((location) => location.name === place)?.id ?? 0,
      name: place,
      available: !gone,
      recommended: !gone && place === 'nbg1',
      deprecation,
    })),
  };
}

function system(id: number, name: string, flavor: string, version: string, architecture: 'x86' | 'arm') {
  return {
    id,
    type: 'system',
    status: 'available',
    name,
    description: `${flavor[0]?.toUpperCase()}${flavor.slice(1)} ${version}`,
    image_size: null,
    disk_size: 5,
    created: '2025-08-11T09:00:00+00:00',
    created_from: null,
    bound_to: null,
    os_flavor: flavor,
    os_version: version,
    architecture,
    rapid_deploy: true,
    protection: { delete: false },
    deprecated: null,
    deleted: null,
    labels: {},
  };
}
