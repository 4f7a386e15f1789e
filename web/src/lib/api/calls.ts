// The API's calls by name, typed. Everything the console does goes through here.
import type { Client } from './client';
import type {
  Backtest, BacktestRequest, City, CityClock, Driver, DriverRoute, Film, Key, Me, NewBacktest, NewKey, Order, OrderEvent, OrderProgress, Page, Point, Price,
  Quote, RecordedSummary, Report, RideNeeds, RideWishes, Route, Scope, StoryItem, SurgeMap,
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
