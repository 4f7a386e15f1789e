// Shops on the map: round pictures that are buttons. They are there while they are in sight and the map is near.
import { Marker, type Map as MapLibreMap } from 'maplibre-gl';
import type { Point } from '../lib/api/types';
import { nearestWithin, SHOPS_FROM } from '../lib/shops';

export interface ShopPin { id: string; point: Point; name: string; label: string; picture: string }

/** From this zoom on pins bear their names all the time. */
const NAMES_FROM = 15.7;

export class ShopPins {
  private pins: readonly ShopPin[] = [];
  private markers = new Map<string, Marker>();
  private selected: string | null = null;

  constructor(
    private readonly map: MapLibreMap,
    private readonly onPick: (pin: ShopPin) => void,
  ) {}

  set(pins: readonly ShopPin[]): void {
    this.pins = pins;
    for (const marker of this.markers.values()) marker.remove();
    this.markers.clear();
    this.refresh();
  }

  select(id: string | null): void {
    this.selected = id;
    for (const [which, marker] of this.markers) this.mark(which, marker);
  }

  /** Those in the visible part of the map, the nearest to its centre first. */
  seen(): readonly ShopPin[] {
    const { lat, lng } = this.map.getCenter();
    const bounds = this.map.getBounds();
    return nearestWithin(this.pins, { lat, lon: lng }, (point) => bounds.contains([point.lon, point.lat]));
  }

  /** Called when the map has moved. */
  refresh(): void {
    const zoom = this.map.getZoom();
    const wanted = new Map((zoom < SHOPS_FROM ? [] : this.seen()).map((pin) => [pin.id, pin]));
    this.map.getContainer().dataset.shopNames = String(zoom >= NAMES_FROM);
    for (const [id, marker] of this.markers) {
      if (wanted.has(id)) continue;
      marker.remove();
      this.markers.delete(id);
    }
    for (const [id, pin] of wanted) {
      if (this.markers.has(id)) continue;
      const marker = new Marker({ element: this.button(pin), anchor: 'bottom', offset: [0, -5] }).setLngLat([pin.point.lon, pin.point.lat]).addTo(this.map);
      this.markers.set(id, marker);
      this.mark(id, marker);
    }
  }

  private mark(id: string, marker: Marker): void {
    const element = marker.getElement();
    if (id === this.selected) element.setAttribute('aria-current', 'true');
    else element.removeAttribute('aria-current');
  }

  private button(pin: ShopPin): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'shop-pin';
    button.dataset.testid = `shop-pin-${pin.id}`;
    button.setAttribute('aria-label', pin.label);
    const picture = document.createElement('img');
    picture.alt = '';
    picture.width = picture.height = 40;
    picture.src = pin.picture;
    // Without its picture a pin is the first letter of its name.
    picture.onerror = () => picture.replaceWith(document.createTextNode(pin.name.slice(0, 1)));
    const name = document.createElement('span');
    name.className = 'shop-name';
    name.textContent = pin.name;
    button.append(picture, name);
    button.addEventListener('click', () => this.onPick(pin));
    return button;
  }
}

/** Whether something happened on a pin: the pin answers it, not the map. */
export const onShopPin = (event: Event): boolean => event.target instanceof Element && event.target.closest('.shop-pin') !== null;
