// The shapes of the HTTP API that the console uses. Times are RFC 3339, `_s` seconds, `_m` metres.

export interface Point { lat: number; lon: number }
export interface Money { minor: number; currency: string }
export interface Page<T> { items: T[]; next_cursor: string | null }

export interface Bucket {
  name: string;
  created_at: string;
  public_read: boolean;
  versioned: boolean;
  objects: number;
  bytes: number;
  quota_bytes: number | null;
  quota_objects: number | null;
  s3_port: number;
}
export interface StoredObject { key: string; size: number; etag: string; modified_at: string; content_type: string | null }
export interface Folder { items: StoredObject[]; folders: string[]; next_cursor: string | null }
/** A picture that came out of a pipeline. */
export interface MadePicture { picture: Blob; width: number; height: number; format: string }

/** What the header of a picture says, and what was measured. */
export interface PictureInfo {
  width: number; height: number; format: string; bytes: number; orientation: number; frames: number; alpha: boolean; depth: number;
  channels: number; profile: boolean; gain_map: boolean; interlaced: boolean; quality: number | null;
}
export interface Style { name: string; process: string; saved_at: string }
export interface PictureResult { process: string; key: string }
export interface PictureRule { name: string; prefix: string; content_types: string[]; results: PictureResult[] }
/** What a bucket does with its pictures. */
export interface BucketPictures {
  protect: string[];
  sealed: boolean;
  max_age_s: number | null;
  watermark: string | null;
  watermark_hosts: string[];
  rules: PictureRule[];
}
/** A key for imgproxy's signatures; its secrets are told once. */
export interface PictureKey { id: string; key?: string; salt?: string; added_at: string }

export const SCOPES = ['rider', 'driver', 'merchant', 'operator', 'partner', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Me { tenant: string; key: string; name: string; scopes: Scope[] }

export interface CityClock { now: string; speed: number; paused: boolean; controllable: boolean }
export interface City {
  id: string;
  name: string;
  currency: string;
  time_zone: string;
  bbox: { south: number; west: number; north: number; east: number };
  center: Point;
  roads: { nodes: number; arcs: number };
  clock: CityClock;
  policy: { batch_s: number; max_wait_s: number; offer_s: number; shared?: { seats: number; max_delay_s: number } };
}

export interface Stats {
  now: string;
  drivers_online: number;
  drivers_idle: number;
  drivers_busy: number;
  waiting: number;
  requests: number;
  served: number;
  lost: number;
  cancelled: number;
  mean_wait_s: number | null;
  mean_delay_s: number | null;
  batch_ms_p50: number | null;
  batch_ms_p99: number | null;
  orders_per_s: number;
  positions_per_s: number;
}

/** What has to fit beside people on seats: the driver is shown it. */
export interface RideNeeds { wheelchairs: number; child_seats: number; luggage: number; pet: boolean }
/** With whom a rider wants to ride: written, never read. */
export interface RideWishes { women_only: boolean; no_pets: boolean }
export interface CarProfile { wheelchairs: number; child_seats: number; luggage: number; pets: boolean }

export const ORDER_STATES = [
  'searching', 'offered', 'accepted', 'arriving', 'arrived', 'on_trip', 'completed', 'cancelled', 'no_driver',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];
export const FINAL_STATES: readonly OrderState[] = ['completed', 'cancelled', 'no_driver'];
export const CANCELLABLE: readonly OrderState[] = ['searching', 'offered', 'accepted', 'arriving', 'arrived'];

export interface Order {
  id: string;
  city: string;
  state: OrderState;
  version: number;
  rider: { name: string; ref?: string | null };
  pickup: Point;
  dropoff: Point;
  seats: number;
  needs: RideNeeds;
  fare: Money;
  driver: { id: string; name: string; plate: string } | null;
  requested_at: string;
  offered_at: string | null;
  accepted_at: string | null;
  arriving_at: string | null;
  arrived_at: string | null;
  picked_up_at: string | null;
  completed_at: string | null;
  cancelled: { by: string; reason: string; at: string } | null;
  pickup_eta_s: number | null;
  wait_s: number | null;
  delay_s: number | null;
  direct_s: number | null;
  quote_id: string | null;
  note: string | null;
  /** Others may ride along; the last moments that were promised. */
  shared: boolean;
  pickup_by: string | null;
  dropoff_by: string | null;
}

/** When a shared ride's car is where, with the stops of others on the way. */
export interface OrderProgress { pickup_eta?: string; dropoff_eta?: string; stops_before: number }

export interface OrderEvent {
  seq?: number;
  order_id: string;
  version: number;
  kind: string;
  at: string;
  actor: string;
  driver?: string | null;
  reason?: string | null;
  order?: Order;
}

export interface PricePart { kind: string; label: string; amount: Money }
export interface Why {
  tariff: string;
  tariff_version: number;
  model: string;
  model_version: number;
  basis: string;
  sentence: string;
  cell: string;
  seen: { at: string; demand_per_min: number; idle: number; soon_free: number; pickup_s: number; pickup_flat_s?: number | null; target_pickup_s: number } | null;
  asked: number;
  multiplier: number;
  caps: { kind: string; name: string; to: number; law: string | null }[];
  law: string;
  tax_included: Money | null;
}
export interface Price { total: Money; parts: PricePart[]; why: Why; settled?: { shared_with: number; quoted: Money; saved: Money } }

export interface SurgeBand { low: number; likely: number; high: number }
export interface SurgeCell {
  cell: string;
  multiplier: number;
  asked: number;
  demand_per_min: number;
  idle: number;
  soon_free: number;
  pickup_s: number;
  pickup_flat_s: number;
  in_15_min: SurgeBand | null;
  in_30_min: SurgeBand | null;
  boundary?: [number, number][];
}
export interface SurgeMap {
  on: boolean;
  switch: { on: boolean; by: string; reason: string; at: string } | null;
  basis: string;
  sentence: string;
  as_of: string | null;
  model: string;
  model_version: number;
  resolution: number;
  target_pickup_s: number;
  cells: SurgeCell[];
}

/** The same ride with others aboard: what it costs, who gets what, and what is promised. */
export interface ShareOffer {
  fare: Money;
  parts: PricePart[];
  why: Why;
  split: { driver: Money; tolls: Money; platform: Money; tax: Money; discount: Money };
  least: Money;
  max_wait_s: number;
  max_delay_s: number;
}

export interface Quote {
  id: string;
  token: string;
  fare: Money;
  parts: PricePart[];
  why: Why;
  pickup_eta_s: number | null;
  trip_s: number;
  distance_m: number;
  expires_at: string;
  share?: ShareOffer;
  geometry?: [number, number][] | null;
}

export interface Route { time_s: number; distance_m: number; geometry: [number, number][] }

export const SHIFTS = ['offline', 'online', 'break'] as const;
export type Shift = (typeof SHIFTS)[number];

export interface Driver {
  id: string;
  city: string;
  name: string;
  plate: string;
  seats: number;
  car: CarProfile;
  shift: Shift;
  /** As the map shows the taxi; `offline` when it is not heard of. */
  state?: DriverState | 'offline';
  position?: Point | null;
  order?: string | null;
}

/** Where a driver with shared rides goes, stop by stop. */
export interface DriverRoute { now: string; stops: RouteStop[]; geometry: [number, number][] }
export interface RouteStop {
  order: string;
  kind: 'pickup' | 'dropoff';
  place: Point;
  rider: string;
  seats: number;
  needs: RideNeeds;
  shared: boolean;
  eta: string | null;
  by: string | null;
}
export interface StoryItem { at: string; kind: string; order_id?: string | null; detail?: string }

/** Amounts are exact decimals as text; quantities in units too. */
export interface BillLine {
  service: string;
  resource: string;
  speed: string | null;
  quantity: number;
  base: string;
  units: string;
  unit: string;
  free_units: string;
  records: number;
  amount: string;
}
export interface Bill {
  tenant: string;
  month: string;
  from: string;
  until: string;
  final: boolean;
  currency: string;
  lines: BillLine[];
  total: string;
  due: Money;
  months: string[];
}
export interface UsageRecord {
  id: string;
  at: string;
  service: string;
  resource: string;
  source: string;
  key: string | null;
  speed: string | null;
  outcome: 'done' | 'cancelled' | 'failed';
  quantity: number;
  base: string;
  units: string;
  unit: string;
  amount: string;
  currency: string;
}
export interface Caps { currency?: string; query: string | null; month: string | null; query_scan_bytes: number | null }

export interface Key {
  id: string;
  access: string;
  name: string;
  scopes: Scope[];
  created_at?: string | null;
  expires_at?: string | null;
  revoked_at?: string | null;
}
export interface NewKey extends Key { secret: string }

export const DRIVER_STATES = ['idle', 'offered', 'en_route', 'arrived', 'on_trip', 'break'] as const;
export type DriverState = (typeof DRIVER_STATES)[number];

/** id, lon, lat, bearing in degrees, state */
export type DriverRow = [string, number, number, number, DriverState];
/** id, pickup lon, pickup lat, drop-off lon, drop-off lat, state, age in seconds */
export type OrderRow = [string, number, number, number, number, OrderState, number];

export interface MapFrame {
  kind: 'frame';
  now: string;
  drivers: DriverRow[];
  orders: OrderRow[];
  stats: Stats;
  clock?: CityClock;
}

export const BACKTEST_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export type BacktestState = (typeof BACKTEST_STATES)[number];
export interface Backtest {
  id: string;
  city: string;
  state: BacktestState;
  progress: number;
  a: string;
  b: string;
  from: string | null;
  to: string | null;
  requests: number;
  cars: number;
  fleet: number | null;
  seeds: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  problem: string | null;
}
export interface NewBacktest {
  a: unknown;
  b: unknown;
  recorded?: { from: string; to: string };
  tables?: { requests: string; taxis: string };
  fleet?: number;
  seeds: number;
}
export interface BacktestRequest { a: unknown; b: unknown; assumptions: Record<string, number>; first_seed: number }
export interface RecordedSummary { from: string; to: string; requests: number; completed: number; no_driver: number; shifts: number }
export interface Difference { mean: number; low: number; high: number; boot_low: number; boot_high: number; clear: boolean }
export interface Metric {
  key: string;
  label: string;
  unit: string;
  digits: number;
  more_is_better: boolean | null;
  a: number;
  b: number;
  difference: Difference;
  a_by_seed: number[];
  b_by_seed: number[];
}
export interface ReportSide {
  policy: string;
  seats: number;
  surge: boolean;
  settings: [string, string][];
  wait_percentiles_s: number[];
  delay_percentiles_s: number[];
  earnings_percentiles: number[];
  served_by_time: (number | null)[];
}
export interface Report {
  start: string;
  period_s: number;
  recorded_live: boolean;
  requests: number;
  left_out: string;
  fleet: number;
  seeds: number[];
  currency: string;
  assumptions: Record<string, number>;
  a: ReportSide;
  b: ReportSide;
  metrics: Metric[];
  column_min: number;
}
export interface FilmRequest { at_s: number; from: number; to: number; promised_s?: number; picked_up_s?: number; set_down_s?: number; lost_s?: number; left?: boolean }
export interface Film {
  seed: number;
  start: string;
  end_s: number;
  corners: [number, number][];
  cars: { path: number[]; states: number[] }[];
  cars_left_out: number;
  requests: FilmRequest[];
}

export interface SqlColumn { name: string; type: string; nullable: boolean; about?: string }
export interface SqlTable {
  database: string; name: string; kind: 'managed' | 'external' | 'view'; about: string; columns: SqlColumn[];
  partition_by: string[]; rows: number | null; bytes: number | null;
}
export interface SqlStatistics { wall_ms?: number; cpu_ms?: number; bytes_scanned?: number; rows?: number; queued_ms?: number; peak_memory?: number; cost?: SqlCost | null }
/** An exact decimal amount. */
export interface SqlCost { amount: string; currency: string }
/** How many cores a statement has and who goes first, for so many times the price. */
export interface SqlSpeed { name: string; cores: number; priority: number; factor: string }
export interface SqlJob {
  id: string; state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'; statement: string; asked_at: string; progress: number;
  ready: boolean; error?: string; columns: SqlColumn[]; statistics: SqlStatistics;
}
export interface SqlPlan { columns: SqlColumn[]; plan: string; scan_bytes: number; cost?: SqlCost }
export type SqlRow = Record<string, unknown>;
export interface SqlAnswer { query: string; columns: SqlColumn[]; rows: SqlRow[]; truncated: boolean; statistics: SqlStatistics }
/** A statement under a name. */
export interface SavedSql { name: string; statement: string; database: string; saved_at: string }
