// Open requests: a dot at the pickup. While nobody has taken the ride a ring pulses around it, and the dot turns
// from the colour of a fresh request to the colour of a late one.
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from 'maplibre-gl';
import type { OrderRow } from '../lib/api/types';
import { Instances, program, rgb, translated, uniforms } from './gl';
import { mercatorX, mercatorY } from './mercator';
import type { Palette } from './palette';

/** Requests whose rider still stands at the pickup; the others are inside a taxi. */
export function standsAtPickup(state: string): boolean {
  return state !== 'on_trip';
}

export function isUnassigned(state: string): boolean {
  return state === 'searching' || state === 'offered';
}

/** Steady number 0…1 from an id, so that pulses do not beat all at once. */
export function phaseOf(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) | 0;
  return (hash >>> 0) / 2 ** 32;
}

export function requestSize(zoom: number): number {
  return Math.min(Math.max(2.9 + (zoom - 11) * 0.85, 2.6), 9);
}

const VERTEX = `
layout(location=0) in vec2 a_corner;
layout(location=1) in vec4 a_spot;
layout(location=2) in vec4 a_kind;
uniform mat4 u_matrix; uniform float u_time, u_size; uniform vec2 u_viewport; uniform int u_selected;
out vec2 v_p; flat out vec3 v_how; flat out float v_selected, v_px;
void main() {
  v_selected = gl_InstanceID == u_selected ? 1. : 0.;
  vec4 at = u_matrix * vec4(a_spot.xy, 0., 1.);
  v_p = a_corner * 4.;
  gl_Position = at + vec4(v_p * u_size * 2. / u_viewport * at.w, 0., 0.);
  v_how = vec3(fract(u_time * .55 + a_spot.z), a_spot.w, a_kind.x);
  v_px = 1. / u_size;
}`;

// v_how: phase of the pulse, age as a share of the longest wait, 1 = nobody has taken the ride yet.
const FRAGMENT = `
in vec2 v_p; flat in vec3 v_how; flat in float v_selected, v_px;
uniform vec3 u_fresh, u_late, u_taken, u_rim, u_accent; uniform float u_still;
out vec4 color;
float fill(float d) { return clamp(.5 - d / v_px, 0., 1.); }
void main() {
  float r = length(v_p);
  vec3 tint = mix(u_taken, mix(u_fresh, u_late, smoothstep(.15, .9, v_how.y)), v_how.z);
  float dot_r = mix(.72, 1., v_how.z);
  // Taken: a ring; not taken: a full dot.
  float full = fill(r - dot_r) * mix(1. - fill(r - .36), 1., v_how.z);
  vec4 dot_c = vec4(mix(u_rim, tint, full), 1.) * fill(r - dot_r - 1.4 * v_px);
  float phase = mix(v_how.x, .45, u_still);
  float pulse_r = 1. + phase * 2.4;
  float pulse = (fill(abs(r - pulse_r) - .8 * v_px) * .8 + fill(r - pulse_r) * .18) * (1. - phase) * v_how.z;
  vec4 ring = vec4(u_accent, 1.) * fill(abs(r - 2.1) - 1.2 * v_px) * v_selected;
  vec4 under = ring + vec4(tint, 1.) * pulse * (1. - ring.a);
  color = dot_c + under * (1. - dot_c.a);
  if (color.a < .004) discard;
}`;

const NAMES = ['u_matrix', 'u_time', 'u_size', 'u_viewport', 'u_selected', 'u_fresh', 'u_late', 'u_taken', 'u_rim', 'u_accent', 'u_still'] as const;

export class RequestLayer implements CustomLayerInterface {
  readonly id = 'requests';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  selected: string | null = null;
  still = false;
  rows: OrderRow[] = [];
  private data = new Float32Array(0);
  private dirty = true;
  private gl: WebGL2RenderingContext | null = null;
  private program: WebGLProgram | null = null;
  private at: Record<(typeof NAMES)[number], WebGLUniformLocation | null> | null = null;
  private instances: Instances | null = null;
  private map: MapLibreMap | null = null;

  constructor(
    private readonly originX: number,
    private readonly originY: number,
    private readonly maxWaitS: number,
    private palette: Palette,
  ) {}

  setPalette(palette: Palette): void {
    this.palette = palette;
  }

  /** Does anything on this layer move by itself? */
  get pulsing(): boolean {
    return !this.still && this.rows.some((row) => isUnassigned(row[5]));
  }

  accept(rows: readonly OrderRow[]): void {
    this.rows = rows.filter((row) => standsAtPickup(row[5]));
    const data = new Float32Array(this.rows.length * 8);
    this.rows.forEach(([id, lon, lat, , , state, age], i) => {
      data[i * 8] = mercatorX(lon) - this.originX;
      data[i * 8 + 1] = mercatorY(lat) - this.originY;
      data[i * 8 + 2] = phaseOf(id);
      data[i * 8 + 3] = Math.min(age / this.maxWaitS, 1);
      data[i * 8 + 4] = isUnassigned(state) ? 1 : 0;
    });
    this.data = data;
    this.dirty = true;
  }

  /** The request nearest to a place, within a radius on the unit square. */
  nearest(x: number, y: number, radius: number): { i: number; distance: number } | null {
    let best: { i: number; distance: number } | null = null;
    for (let i = 0; i < this.rows.length; i++) {
      const distance = Math.hypot(this.data[i * 8]! + this.originX - x, this.data[i * 8 + 1]! + this.originY - y);
      if (distance <= (best?.distance ?? radius)) best = { i, distance };
    }
    return best;
  }

  onAdd(map: MapLibreMap, gl: WebGLRenderingContext | WebGL2RenderingContext): void {
    this.map = map;
    this.gl = gl as WebGL2RenderingContext;
    this.program = program(this.gl, VERTEX, FRAGMENT);
    this.at = uniforms(this.gl, this.program, NAMES);
    this.instances = new Instances(this.gl, 2);
    this.dirty = true;
  }

  onRemove(): void {
    this.instances?.free();
    this.gl?.deleteProgram(this.program);
  }

  render(_gl: WebGLRenderingContext | WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const { gl, map, at, palette } = this;
    if (!gl || !map || !at || !this.instances) return;
    if (this.dirty) {
      this.instances.fill(this.data);
      this.dirty = false;
    }
    const canvas = map.getCanvas();
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(at.u_matrix, false, translated(input.defaultProjectionData.mainMatrix, this.originX, this.originY));
    gl.uniform1f(at.u_time, (performance.now() / 1000) % 3600);
    gl.uniform1f(at.u_size, requestSize(map.getZoom()));
    gl.uniform2f(at.u_viewport, canvas.clientWidth, canvas.clientHeight);
    gl.uniform1i(at.u_selected, this.rows.findIndex((row) => row[0] === this.selected));
    gl.uniform3fv(at.u_fresh, rgb(palette.fresh));
    gl.uniform3fv(at.u_late, rgb(palette.late));
    gl.uniform3fv(at.u_taken, rgb(palette.taken));
    gl.uniform3fv(at.u_rim, rgb(palette.rim));
    gl.uniform3fv(at.u_accent, rgb(palette.accent));
    gl.uniform1f(at.u_still, this.still ? 1 : 0);
    this.instances.draw();
  }
}
