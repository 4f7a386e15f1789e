// The API's calls by name, typed. Everything the console does goes through here.
import { type Client, withQuery } from './client';
import type {
  Backtest, BacktestRequest, Bill, Bucket, BucketPictures, Caps, City, CityClock, Driver, DriverRoute, Film, Folder, Key, MadePicture, Me, NewBacktest, NewKey, Order, OrderEvent, OrderProgress, Page,
  PictureKey, Point, Price, Quote, RecordedSummary, Report, RideNeeds, RideWishes, Route, SavedSql, Scope, SqlAnswer, SqlJob, SqlPlan, SqlRow, SqlSpeed, SqlTable, StoryItem, Style, SurgeMap, UsageRecord,
} from './types';

const id = encodeURIComponent;

export const me = (api: Client): Promise<Me> => api.get('/v1/me');
export const cities = (api: Client): Promise<Page<City>> => api.get('/v1/cities');
export const city = (api: Client, cityId: string): Promise<City> => api.get(`/v1/cities/${id(cityId)}`);

export const setClock = (api: Client, cityId: string, change: { speed?: number; paused?: boolean }): Promise<CityClock | City> =>
  api.ask(`/v1/cities/${id(cityId)}/clock`, change);

export interface Wanted { pickup: Point; dropoff: Point; seats: number; needs: RideNeeds; wishes: RideWishes }
export const quote = (api: Client, cityId: string, wanted: Wanted, signal?: AbortSignal): Promise<Quote> =>
  api.ask(`/v1/cities/${id(cityId)}/quotes`, wanted, signal);

export const surge = (api: Client, cityId: string): Promise<SurgeMap> =>
  api.get(`/v1/cities/${id(cityId)}/surge`, { boundaries: 'true' });
export const switchSurge = (api: Client, cityId: string, on: boolean, reason: string): Promise<SurgeMap['switch']> =>
  api.post(`/v1/cities/${id(cityId)}/surge/switch`, { on, reason });

export const route = (api: Client, cityId: string, from: Point, to: Point, signal?: AbortSignal): Promise<Route> =>
  api.ask(`/v1/cities/${id(cityId)}/route`, { from, to }, signal);

export const createOrder = (api: Client, token: string, riderName: string, share: boolean): Promise<Order> =>
  api.post('/v1/orders', { quote: token, rider: { name: riderName }, share });

export const order = (api: Client, orderId: string): Promise<Order> => api.get(`/v1/orders/${id(orderId)}`);
export const orderPrice = (api: Client, orderId: string): Promise<Price> => api.get(`/v1/orders/${id(orderId)}/price`);
export const orderEvents = (api: Client, orderId: string): Promise<Page<OrderEvent>> => 
  api.get(`/v1/orders/${id(orderId)}/events`, { limit: 200 });
export const orderProgress = (api: Client, orderId: string): Promise<OrderProgress> => api.get(`/v1/orders/${id(orderId)}/progress`);
export const cancelOrder = (api: Client, orderId: string, reason: string): Promise<Order> =>
  api.post(`/v1/orders/${id(orderId)}/cancel`, { reason });

export interface OrderFilter { city?: string; state?: string; driver?: string; limit?: number; cursor?: string | null }
export const orders = (api: Client, filter: OrderFilter, signal?: AbortSignal): Promise<Page<Order>> =>
  api.get('/v1/orders', { ...filter }, signal);

export const drivers = (api: Client, filter: { city?: string; limit?: number; cursor?: string | null }, signal?: AbortSignal): Promise<Page<Driver>> =>
  api.get('/v1/drivers', { ...filter }, signal);
export const driver = (api: Client, driverId: string): Promise<Driver> => api.get(`/v1/drivers/${id(driverId)}`);

export const driverRoute = (api: Client, driverId: string): Promise<DriverRoute> => api.get(`/v1/drivers/${id(driverId)}/route`);

export async function driverStory(api: Client, driverId: string): Promise<StoryItem[]> {
  const answer = await api.get<StoryItem[] | Page<StoryItem>>(`/v1/drivers/${id(driverId)}/story`);
  return Array.isArray(answer) ? answer : answer.items;
}

export const keys = (api: Client, cursor: string | null): Promise<Page<Key>> => api.get('/v1/keys', { cursor, limit: 50 });
export const createKey = (api: Client, key: { name: string; scopes: Scope[]; expires_at?: string }): Promise<NewKey> =>
  api.post('/v1/keys', key);
export const revokeKey = (api: Client, keyId: string): Promise<void> => api.delete(`/v1/keys/${id(keyId)}`);

export const bill = (api: Client, month: string | null, signal?: AbortSignal): Promise<Bill> => api.get('/v1/bill', { month }, signal);
export const usage = (api: Client, filter: { month: string; resource: string; cursor?: string | null; limit?: number }, signal?: AbortSignal): Promise<Page<UsageRecord>> =>
  api.get('/v1/usage', { ...filter }, signal);
export const caps = (api: Client): Promise<Caps> => api.get('/v1/caps');
export const setCaps = (api: Client, caps: Omit<Caps, 'currency'>): Promise<Caps> => api.put('/v1/caps', caps);

const backtestsOf = (cityId: string) => `/v1/cities/${id(cityId)}/backtests`;
export const backtests = (api: Client, cityId: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Backtest>> =>
  api.get(backtestsOf(cityId), { cursor, limit: 20 }, signal);
export const backtest = (api: Client, cityId: string, one: string, signal?: AbortSignal): Promise<Backtest> => api.get(`${backtestsOf(cityId)}/${id(one)}`, {}, signal);
export const startBacktest = (api: Client, cityId: string, wish: NewBacktest): Promise<Backtest> => api.post(backtestsOf(cityId), wish);
export const cancelBacktest = (api: Client, cityId: string, one: string): Promise<Backtest> => api.post(`${backtestsOf(cityId)}/${id(one)}/cancel`, {});
export const forgetBacktest = (api: Client, cityId: string, one: string): Promise<void> => api.delete(`${backtestsOf(cityId)}/${id(one)}`);
export const backtestReport = (api: Client, cityId: string, one: string, signal?: AbortSignal): Promise<Report> => api.get(`${backtestsOf(cityId)}/${id(one)}/report`, {}, signal);
export const backtestPage = (api: Client, cityId: string, one: string): Promise<string> => api.text(`${backtestsOf(cityId)}/${id(one)}/report.html`);
export const backtestFilm = (api: Client, cityId: string, one: string, side: 'a' | 'b', signal?: AbortSignal): Promise<Film> =>
  api.get(`${backtestsOf(cityId)}/${id(one)}/films/${side}`, {}, signal);
export const backtestRequest = (api: Client, cityId: string, one: string): Promise<BacktestRequest> => api.get(`${backtestsOf(cityId)}/${id(one)}/request`);
export const recording = (api: Client, cityId: string, from: string, to: string, signal?: AbortSignal): Promise<RecordedSummary> =>
  api.get(`/v1/cities/${id(cityId)}/recording`, { from, to }, signal);

const bucketOf = (bucket: string) => `/v1/buckets/${id(bucket)}`;
export const objectPath = (bucket: string, key: string): string => `${bucketOf(bucket)}/objects/${id(key)}`;
export const buckets = (api: Client, cursor: string | null, signal?: AbortSignal): Promise<Page<Bucket>> => api.get('/v1/buckets', { cursor, limit: 100 }, signal);
export const setBucket = (api: Client, bucket: string, wish: { public_read?: boolean; quota_bytes?: number; quota_objects?: number }): Promise<Bucket> => api.put(bucketOf(bucket), wish);
export const removeBucket = (api: Client, bucket: string): Promise<void> => api.delete(bucketOf(bucket));
export const folder = (api: Client, bucket: string, prefix: string, cursor: string | null, signal?: AbortSignal): Promise<Folder> =>
  api.get(`${bucketOf(bucket)}/objects`, { prefix, cursor, limit: 100 }, signal);
export const removeObject = (api: Client, bucket: string, key: string): Promise<void> => api.delete(objectPath(bucket, key));
export const readObject = async (api: Client, bucket: string, key: string, signal?: AbortSignal): Promise<Blob> =>
  (await api.fileWithHeaders(objectPath(bucket, key), '*/*', signal)).blob;

/** The picture that a pipeline makes of an object. */
export async function picture(api: Client, bucket: string, key: string, pipeline: string, signal?: AbortSignal): Promise<MadePicture> {
  const path = withQuery(`${bucketOf(bucket)}/pictures/${id(key)}`, { pipeline });
  const { blob, headers } = await api.fileWithHeaders(path, 'image/*,*/*;q=0.8', signal);
  const number = (name: string) => Number(headers.get(name) ?? Number.NaN);
  return {
    picture: blob,
    width: number('doorstep-picture-width'),
    height: number('doorstep-picture-height'),
    format: blob.type.replace('image/', ''),
  };
}
/** What a question of a pipeline, `imageinfo`, `exif`, `averagehue`, `readmark`, is answered with. */
export const askPicture = <T>(api: Client, bucket: string, key: string, question: string, signal?: AbortSignal): Promise<T> =>
  api.get(`${bucketOf(bucket)}/pictures/${id(key)}`, { pipeline: `iopcmd=${question}` }, signal);
/** Keys that begin so, from all folders below. */
export const keysBelow = (api: Client, bucket: string, prefix: string, limit: number, signal?: AbortSignal): Promise<Folder> =>
  api.get(`${bucketOf(bucket)}/objects`, { prefix, deep: 'true', limit }, signal);

export const bucket = (api: Client, name: string, signal?: AbortSignal): Promise<Bucket> => api.get(bucketOf(name), {}, signal);
export const bucketPictures = (api: Client, name: string, signal?: AbortSignal): Promise<BucketPictures> => api.get(`${bucketOf(name)}/pictures`, {}, signal);
export const setBucketPictures = (api: Client, name: string, wish: BucketPictures): Promise<BucketPictures> => api.put(`${bucketOf(name)}/pictures`, wish);
/** A bucket has at most 200 styles: one page. */
export const styles = (api: Client, name: string, signal?: AbortSignal): Promise<Page<Style>> => api.get(`${bucketOf(name)}/styles`, { limit: 200 }, signal);
export const saveStyle = (api: Client, name: string, style: string, process: string): Promise<Style> => api.put(`${bucketOf(name)}/styles/${id(style)}`, { process });
export const removeStyle = (api: Client, name: string, style: string): Promise<void> => api.delete(`${bucketOf(name)}/styles/${id(style)}`);
export const pictureKeys = (api: Client, name: string, signal?: AbortSignal): Promise<Page<PictureKey>> => api.get(`${bucketOf(name)}/picture-keys`, {}, signal);
export const addPictureKey = (api: Client, name: string): Promise<PictureKey> => api.post(`${bucketOf(name)}/picture-keys`, {});
export const removePictureKey = (api: Client, name: string, key: string): Promise<void> => api.delete(`${bucketOf(name)}/picture-keys/${id(key)}`);

export const sqlTables = (api: Client): Promise<SqlTable[]> => api.get('/v1/sql/tables');
/** Answers at once; the rows are fetched when the job is ready. */
export const startSql = (api: Client, statement: string, database: string, speed: string): Promise<SqlJob> =>
  api.ask('/v1/sql', { statement, database, speed, async: true });
export const askSql = (api: Client, statement: string, maxRows: number, signal?: AbortSignal): Promise<SqlAnswer> =>
  api.ask('/v1/sql', { statement, max_rows: maxRows }, signal);
export const planSql = (api: Client, statement: string, database: string, speed: string): Promise<SqlPlan> =>
  api.ask('/v1/sql/plan', { statement, database, speed });
/** The speeds of today's prices; `standard` is always among them. */
export const sqlSpeeds = (api: Client): Promise<SqlSpeed[]> => api.get<{ speeds: SqlSpeed[] }>('/v1/price-book').then((book) => book.speeds);
export const sqlJob = (api: Client, jobId: string, waitS: number, signal?: AbortSignal): Promise<SqlJob> =>
  api.get(`/v1/sql/queries/${id(jobId)}`, { wait_s: waitS }, signal);
export const endSql = (api: Client, jobId: string): Promise<void> => api.delete(`/v1/sql/queries/${id(jobId)}`);
export const sqlRows = (api: Client, jobId: string, most: number, signal?: AbortSignal): Promise<{ rows: SqlRow[]; more: boolean }> =>
  api.lines(`/v1/sql/queries/${id(jobId)}/rows`, most, signal);
/** Every kept statement, by name. */
export async function savedSql(api: Client): Promise<SavedSql[]> {
  const all: SavedSql[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<SavedSql> = await api.get('/v1/sql/saved', { limit: 200, cursor });
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}
export const keepSql = (api: Client, name: string, statement: string): Promise<SavedSql> =>
  api.put(`/v1/sql/saved/${id(name)}`, { statement });
export const forgetSql = (api: Client, name: string): Promise<void> => api.delete(`/v1/sql/saved/${id(name)}`);
export const sqlFile = (api: Client, jobId: string): Promise<Blob> => api.file(`/v1/sql/queries/${id(jobId)}/rows`, 'text/csv');
