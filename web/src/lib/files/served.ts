// Where objects are found: on the page's own host, at the objects port.
import type { Bucket } from '../api/types';

/** An object as a client of the objects port names it. */
export interface Served { origin: string; bucket: string; key: string }

export const originOf = (page: Pick<Location, 'protocol' | 'hostname'>, bucket: Pick<Bucket, 's3_port'>): string => `${page.protocol}//${page.hostname}:${bucket.s3_port}`;
export const pathOf = (key: string): string => key.split('/').map(encodeURIComponent).join('/');
export const objectOf = ({ origin, bucket, key }: Served): string => `${origin}/${bucket}/${pathOf(key)}`;
