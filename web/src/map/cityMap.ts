// The map itself: MapLibre with the city's roads, the layer of taxis, the layer of requests. Loaded only with the
// City page; everything that the page knows of MapLibre goes through this class.
import { GeoJSONSource, Map as MapLibreMap, Marker, setWorkerUrl, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import '../styles/maplibre.css';
import type { Bounds } from '../lib/api/feed';
import type { City, DriverRow, DriverState, MapFrame, OrderRow, Point, SurgeCell } from '../lib/api/types';
import { SHOPS_FROM } from '../lib/shops';
import { arcOpacity, arcsOf } from './arcs';
import { latOf, lonOf, mercatorX, mercatorY } from './mercator';
import { Motion } from './motion';
import type { Palette } from './palette';
import { RequestLayer, requestSize } from './requestLayer';
import { onShopPin, ShopPins, type ShopPin } from './shopPins';
import { lineLayers, mapStyle, roadLayers } from './style';
import { chosenFilter, surgeFeatures } from './surgeLayer';
import { TaxiLayer, taxiSize } from './taxiLayer';

setWorkerUrl(new URL(workerUrl, location.href).href);

/** A mean time between pictures above which the page draws fewer of them. */
const SLOW_MS = 70;

type PaintName = Parameters<MapLibreMap['setPaintProperty']>[1];

export interface Target { kind: 'driver' | 'order' | 'shop'; id: string }
export interface Seen { taxis: { id: string; state: DriverState; point: Point }[]; orders: OrderRow[]; taxiCount: number; orderCount: number; shops: readonly ShopPin[] }
/** A place of a ride or a route; a stop of a route has its number on it. */
export interface Pin { point: Point; role: 'from' | 'to'; label: string; number?: number }

export interface MapHandlers {
  onPick: (target: Target | null, point: Point) => void;
  onMove: (bounds: Bounds) => void;
  onReady: () => void;
  /** The viewer moved the camera: for maps that move together. */
  onCamera?: (camera: Camera) => void;
}

export interface Camera { center: [number, number]; zoom: number; bearing: number }

/** Where the city's life is: the median of its taxis and requests. */
export function middleOf(frame: Pick<MapFrame, 'drivers' | 'orders'>): Point | null {
  const rows = [...frame.drivers, ...frame.orders];
  if (rows.length === 0) return null;
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { lon: median(rows.map((row) => row[1])), lat: median(rows.map((row) => row[2])) };
}

export class CityMap {
  private readonly map: MapLibreMap;
  private readonly motion: Motion;
  private readonly taxis: TaxiLayer;
  private readonly requests: RequestLayer;
  private frameRows: { drivers: DriverRow[]; orders: OrderRow[] } = { drivers: [], orders: [] };
  private selection: Target | null = null;
  private following: string | null = null;
  private placing = false;
  private still: boolean;
  private pins: Marker[] = [];
  private readonly shops: ShopPins;
  private loaded = false;
  private arcsAt = 0;
  private ticking = 0;
  private drawnAt = 0;
  private movedAt = 0;
  private covered = 0;
  /** Another map moves this one at the moment. */
  private led = false;
  /** The camera has a place: of the first frame's doings, or where the viewer moved it. */
  private placed = false;
  private paused = false;
  private pace = 16;

  constructor(
    private readonly container: HTMLElement,
    private readonly city: City,
    palette: Palette,
    options: { still: boolean; label: string },
    private readonly handlers: MapHandlers,
  ) {
    const { south, west, north, east } = city.bbox;
    this.still = options.still;
    const originX = mercatorX(city.center.lon);
    const originY = mercatorY(city.center.lat);
    this.motion = new Motion(originX, originY, city.center.lat);
    this.taxis = new TaxiLayer(this.motion, palette);
    this.requests = new RequestLayer(originX, originY, city.policy.max_wait_s, palette);
    this.requests.still = options.still;
    const [dLon, dLat] = [(east - west) * 0.6, (north - south) * 0.6];
    this.map = new MapLibreMap({
      container,
      style: mapStyle(city.id, [west, south, east, north], palette),
      center: [city.center.lon, city.center.lat],
      zoom: 12.9,
      minZoom: 9.5,
      maxZoom: 19,
      maxBounds: [[west - dLon, south - dLat], [east + dLon, north + dLat]],
      maxPitch: 0,
      pitchWithRotate: false,
      attributionControl: false,
      fadeDuration: 0,
      refreshExpiredTiles: false,
      locale: { 'Map.Title': options.label },
    });
    this.shops = new ShopPins(this.map, (pin) => {
      if (!this.placing) handlers.onPick({ kind: 'shop', id: pin.id }, pin.point);
    });
    this.map.on('load', () => {
      this.map.addLayer(this.requests);
      this.map.addLayer(this.taxis);
      this.loaded = true;
      this.map.triggerRepaint();
      handlers.onReady();
      this.moved();
    });
    this.map.on('click', (event) => this.clicked(event));
    this.map.on('mousemove', (event) => this.hovered(event));
    this.map.on('moveend', () => this.moved());
    this.map.on('move', () => {
      if (this.led || !handlers.onCamera) return;
      this.placed = true;
      handlers.onCamera(this.camera());
    });
    this.map.on('dragstart', () => {
      this.following = null;
      this.placed = true;
    });
    this.map.on('render', () => this.tick());
    this.note();
  }

  destroy(): void {
    clearTimeout(this.ticking);
    this.map.remove();
  }

  accept(frame: MapFrame): void {
    const now = performance.now();
    if (!this.placed) {
      const middle = middleOf(frame);
      if (middle) {
        this.placed = true;
        this.map.jumpTo({ center: [middle.lon, middle.lat] });
      }
    }
    this.motion.accept(frame.drivers, now, this.still);
    this.requests.accept(frame.orders);
    this.frameRows = { drivers: frame.drivers, orders: frame.orders };
    if (this.loaded && now - this.arcsAt > 900) this.drawArcs();
    this.container.dataset.taxis = String(frame.drivers.length);
    this.map.triggerRepaint();
  }

  setPalette(palette: Palette): void {
    this.taxis.setPalette(palette);
    this.requests.setPalette(palette);
    const apply = () => {
      for (const layer of [...roadLayers(palette), ...lineLayers(palette)]) {
        for (const [name, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, name as PaintName, value);
      }
    };
    if (this.loaded) apply();
    else this.map.once('load', apply);
    this.map.triggerRepaint();
  }

  setStill(still: boolean): void {
    this.still = still;
    this.requests.still = still || this.paused;
    this.map.triggerRepaint();
  }

  /** In a city that stands still nothing pulses either. */
  setPaused(paused: boolean): void {
    this.paused = paused;
    this.setStill(this.still);
  }

  setLabel(label: string): void {
    this.map.getCanvas().setAttribute('aria-label', label);
  }

  /** In placing mode a click gives a point, never a taxi. */
  setPlacing(placing: boolean): void {
    this.placing = placing;
    this.map.getCanvas().style.cursor = placing ? 'crosshair' : '';
  }

  select(target: Target | null): void {
    this.selection = target;
    this.taxis.selected = target?.kind === 'driver' ? target.id : null;
    this.requests.selected = target?.kind === 'order' ? target.id : null;
    this.shops.select(target?.kind === 'shop' ? target.id : null);
    if (this.loaded) this.drawArcs();
    this.map.triggerRepaint();
  }

  /** Marks a taxi without taking the selection from an order: the car of a ride that is followed. */
  markTaxi(id: string | null): void {
    this.taxis.selected = id;
    this.map.triggerRepaint();
  }

  follow(driverId: string | null): void {
    this.following = driverId;
    const point = driverId === null ? null : this.taxiPoint(driverId);
    if (point) this.fly(point, Math.max(this.map.getZoom(), 15));
    this.map.triggerRepaint();
  }

  setRoute(geometry: [number, number][] | null): void {
    const data: GeoJSON.FeatureCollection = {
      type: 'FeatureCollection',
      features: geometry && geometry.length > 1 ? [{ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: geometry } }] : [],
    };
    this.source('route', data);
  }

  /** Cells with their multipliers; none takes the layer away. */
  setSurge(cells: readonly SurgeCell[]): void {
    this.source('surge', surgeFeatures(cells));
    this.container.dataset.surge = String(cells.length);
  }

  chooseCell(cell: string | null): void {
    const choose = () => this.map.setFilter('surge-chosen', chosenFilter(cell));
    if (this.loaded) choose();
    else this.map.once('load', choose);
  }

  /** The cell of the surge layer at a point. */
  cellAt(point: Point): string | null {
    if (!this.loaded) return null;
    const found = this.map.queryRenderedFeatures(this.map.project([point.lon, point.lat]), { layers: ['surge'] })[0];
    return found ? String(found.properties.cell) : null;
  }

  setShops(shops: readonly ShopPin[]): void {
    this.shops.set(shops);
  }

  setPins(pins: Pin[]): void {
    for (const pin of this.pins) pin.remove();
    this.pins = pins.map(({ point, role, label, number }) => {
      const element = document.createElement('div');
      element.className = `map-pin map-pin-${role}`;
      element.title = label;
      if (number !== undefined) {
        element.classList.add('map-pin-stop');
        element.textContent = String(number);
      }
      return new Marker({ element, anchor: 'bottom' }).setLngLat([point.lon, point.lat]).addTo(this.map);
    });
  }

  taxiPoint(id: string): Point | null {
    const i = this.motion.indexOf(id);
    if (i < 0) return null;
    const pose = this.motion.pose(i, performance.now());
    return { lat: latOf(pose.y + this.motion.originY), lon: lonOf(pose.x + this.motion.originX) };
  }

  /** How much of the map's height a sheet covers from below; what is shown is then centred above it. */
  setCovered(pixels: number): void {
    this.covered = pixels;
  }

  private above(point: Point, zoom: number): [number, number] {
    return [point.lon, latOf(mercatorY(point.lat) + this.covered / 2 / (512 * 2 ** zoom))];
  }

  fly(point: Point, zoom = Math.max(this.map.getZoom(), 14.5)): void {
    this.placed = true;
    this.map.easeTo({ center: this.above(point, zoom), zoom, duration: this.still ? 0 : 650 });
  }

  fit(points: Point[], padding: { top: number; bottom: number; left: number; right: number }): void {
    this.placed = true;
    const lons = points.map((point) => point.lon);
    const lats = points.map((point) => point.lat);
    this.map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], {
      padding, maxZoom: 15.5, duration: this.still ? 0 : 650,
    });
  }

  home(): void {
    this.placed = true;
    const { south, west, north, east } = this.city.bbox;
    this.following = null;
    this.map.fitBounds([[west, south], [east, north]], { padding: 30, bearing: 0, duration: this.still ? 0 : 650 });
  }

  zoom(step: number): void {
    this.map.zoomTo(this.map.getZoom() + step, { duration: this.still ? 0 : 250 });
  }

  center(): Point {
    const { lat, lng } = this.map.getCenter();
    return { lat, lon: lng };
  }

  camera(): Camera {
    const { lng, lat } = this.map.getCenter();
    return { center: [lng, lat], zoom: this.map.getZoom(), bearing: this.map.getBearing() };
  }

  /** Goes where another map is, and tells nobody. */
  lookAt(camera: Camera): void {
    this.led = true;
    this.placed = true;
    this.map.jumpTo(camera);
    this.led = false;
  }

  /** The map's part of the page has another size now. */
  resize(): void {
    this.map.resize();
  }

  /** Whether a shop there is shown, with some room around it that nothing covers. */
  showsShop({ lon, lat }: Point, room: { top: number; bottom: number; left: number; right: number }): boolean {
    const { x, y } = this.map.project([lon, lat]);
    const { clientWidth: width, clientHeight: height } = this.container;
    const inside = x > room.left && x < width - room.right && y > room.top && y < height - room.bottom;
    return inside && this.map.getZoom() >= SHOPS_FROM;
  }

  /** What lies in the visible part, the nearest to the centre first. */
  seen(limit: number): Seen {
    const bounds = this.map.getBounds();
    const center = this.map.getCenter();
    const squeeze = Math.cos((center.lat * Math.PI) / 180);
    const far = (lon: number, lat: number) => Math.hypot((lon - center.lng) * squeeze, lat - center.lat);
    const drivers = this.frameRows.drivers.filter((row) => bounds.contains([row[1], row[2]]));
    const orders = this.requests.rows.filter((row) => bounds.contains([row[1], row[2]]));
    drivers.sort((a, b) => far(a[1], a[2]) - far(b[1], b[2]));
    orders.sort((a, b) => far(a[1], a[2]) - far(b[1], b[2]));
    return {
      taxis: drivers.slice(0, limit).map(([id, lon, lat, , state]) => ({ id, state, point: { lat, lon } })),
      orders: orders.slice(0, limit),
      taxiCount: drivers.length,
      orderCount: orders.length,
      shops: this.shops.seen(),
    };
  }

  private source(id: string, data: GeoJSON.FeatureCollection): void {
    const set = () => (this.map.getSource(id) as GeoJSONSource | undefined)?.setData(data);
    if (this.loaded) set();
    else this.map.once('load', set);
  }

  private drawArcs(): void {
    this.arcsAt = performance.now();
    const arcs = arcsOf(this.frameRows.orders, this.selection?.kind === 'order' ? this.selection.id : null);
    this.source('arcs', arcs);
    this.map.setPaintProperty('arc', 'line-opacity', arcOpacity(arcs.features.length));
  }

  /** Called after every drawn frame: asks for the next one only while something moves. */
  private tick(): void {
    const now = performance.now();
    const took = Math.min(now - this.drawnAt, 1000);
    this.drawnAt = now;
    this.pace += (took - this.pace) * 0.2;
    if (!((this.motion.moving && this.motion.progress(now) < 1) || this.requests.pulsing)) return;
    clearTimeout(this.ticking);
    // Where there is no graphics card a picture can take a tenth of a second: then every other slot is left to
    // the page, so that buttons and lists stay quick.
    if (this.pace > SLOW_MS) this.ticking = window.setTimeout(() => this.next(), Math.min(this.pace, 250));
    else this.next();
  }

  private next(): void {
    this.keepUp();
    this.map.triggerRepaint();
  }

  private keepUp(): void {
    if (this.following === null || this.map.isMoving()) return;
    const point = this.taxiPoint(this.following);
    if (!point) return;
    const { lat, lon } = this.center();
    const [toLon, toLat] = this.above(point, this.map.getZoom());
    if (this.still) {
      this.map.jumpTo({ center: [toLon, toLat] });
      return;
    }
    this.map.jumpTo({ center: [lon + (toLon - lon) * 0.12, lat + (toLat - lat) * 0.12] });
  }

  private targetAt(point: Point, reach: number): Target | null {
    const metresOnSquare = 1 / (512 * 2 ** this.map.getZoom());
    const zoom = this.map.getZoom();
    const x = mercatorX(point.lon);
    const y = mercatorY(point.lat);
    const taxi = this.motion.nearest(x, y, Math.max(reach, taxiSize(zoom) * 0.6) * metresOnSquare, performance.now());
    const order = this.requests.nearest(x, y, Math.max(reach, requestSize(zoom) + 3) * metresOnSquare);
    if (order && (!taxi || order.distance <= taxi.distance)) return { kind: 'order', id: this.requests.rows[order.i]![0] };
    return taxi ? { kind: 'driver', id: this.motion.ids[taxi.i]! } : null;
  }

  private clicked(event: MapMouseEvent): void {
    if (onShopPin(event.originalEvent)) return;
    const point = { lat: event.lngLat.lat, lon: event.lngLat.lng };
    const coarse = matchMedia('(pointer: coarse)').matches;
    this.handlers.onPick(this.placing ? null : this.targetAt(point, coarse ? 22 : 11), point);
  }

  private hovered(event: MapMouseEvent): void {
    if (this.placing || onShopPin(event.originalEvent)) return;
    const over = this.targetAt({ lat: event.lngLat.lat, lon: event.lngLat.lng }, 9);
    this.map.getCanvas().style.cursor = over ? 'pointer' : '';
  }

  private moved(): void {
    this.note();
    this.shops.refresh();
    // Following a taxi ends a move with every picture; the feed need not know of each.
    const now = performance.now();
    if (this.following !== null && now - this.movedAt < 1000) return;
    this.movedAt = now;
    const bounds = this.map.getBounds();
    this.handlers.onMove([bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]);
  }

  /** The camera as attributes: what is on which pixel can be worked out from the outside. */
  private note(): void {
    const { lng, lat } = this.map.getCenter();
    this.container.dataset.center = `${lng.toFixed(7)},${lat.toFixed(7)}`;
    this.container.dataset.zoom = this.map.getZoom().toFixed(5);
    this.container.dataset.bearing = this.map.getBearing().toFixed(3);
  }
}
