// All taxis in one draw call: the graphics card moves them between two frames, so that a frame of the map costs
// the same for three thousand taxis as for three.
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibreMap } from 'maplibre-gl';
import { DRIVER_STATES } from '../lib/api/types';
import { Instances, program, rgb, translated, uniforms, type Rgb } from './gl';
import { TURN_SHARE, type Motion } from './motion';
import type { Palette } from './palette';

/** How large a taxi is drawn at a zoom, in CSS pixels from bumper to bumper: larger than life, or it would be lost. */
export function taxiSize(zoom: number): number {
  const steps: [number, number][] = [[10, 4], [11, 5], [12, 7], [13, 10], [14, 14], [15, 20], [16, 28], [17, 40], [18, 54], [20, 90]];
  for (let i = 1; i < steps.length; i++) {
    const [z0, s0] = steps[i - 1]!;
    const [z1, s1] = steps[i]!;
    if (zoom <= z1) return s0 + (s1 - s0) * Math.max(0, (zoom - z0) / (z1 - z0));
  }
  return 90;
}

const VERTEX = `
layout(location=0) in vec2 a_corner;
layout(location=1) in vec4 a_way;
layout(location=2) in vec4 a_look;
uniform mat4 u_matrix; uniform float u_t, u_size, u_bearing; uniform vec2 u_viewport; uniform int u_selected;
uniform vec3 u_colors[${DRIVER_STATES.length}];
out vec2 v_p; out vec3 v_color; flat out float v_state; flat out float v_px; flat out float v_selected;
void main() {
  v_selected = gl_InstanceID == u_selected ? 1. : 0.;
  vec4 at = u_matrix * vec4(mix(a_way.xy, a_way.zw, u_t), 0., 1.);
  float angle = radians(a_look.x + a_look.y * min(u_t / ${TURN_SHARE.toFixed(2)}, 1.) - u_bearing);
  float size = u_size * mix(1., 1.25, v_selected);
  v_p = a_corner * 2.2;
  mat2 spin = mat2(cos(angle), -sin(angle), sin(angle), cos(angle));
  gl_Position = at + vec4(spin * v_p * size / u_viewport * at.w, 0., 0.);
  v_state = a_look.z;
  v_color = u_colors[int(a_look.z)];
  v_px = 2. / size;
}`;

// v_p: 1 = half a car length; y to the front. v_px: one CSS pixel in these units.
const FRAGMENT = `
in vec2 v_p; in vec3 v_color; flat in float v_state, v_px, v_selected;
uniform vec3 u_rim, u_glass, u_accent; uniform float u_detail;
out vec4 color;
float box(vec2 p, vec2 half_size, float r) { vec2 q = abs(p) - half_size + r; return length(max(q, 0.)) + min(max(q.x, q.y), 0.) - r; }
float fill(float d) { return clamp(.5 - d / v_px, 0., 1.); }
void main() {
  vec2 p = v_p;
  float width = mix(.5, .46, u_detail) * (1. - .16 * smoothstep(-.2, 1., p.y));
  float body = box(p, vec2(width, .98), mix(.46, .34, u_detail));
  float alpha = fill(body);
  vec3 c = v_color;
  float shade = smoothstep(.9, -.9, p.x / width) * .14;
  c = mix(c, vec3(1.), shade * u_detail);
  float windscreen = box(p - vec2(0., .3), vec2(width * .74, .15), .1);
  float rear = box(p - vec2(0., -.58), vec2(width * .66, .1), .08);
  c = mix(c, u_glass, max(fill(windscreen), fill(rear)) * u_detail * .85);
  float free_sign = box(p - vec2(0., -.12), vec2(width * .42, .1), .05);
  c = mix(c, vec3(1.), fill(free_sign) * u_detail * (v_state < .5 ? .95 : .25));
  float rim = fill(body - max(1.2 * v_px, .09 * u_detail));
  vec4 car = vec4(mix(u_rim, c, alpha), 1.) * rim;
  float ring = abs(length(p) - 1.75) - 1.6 * v_px;
  vec4 halo = vec4(u_accent, 1.) * fill(ring) * v_selected + vec4(u_accent, 1.) * .16 * fill(length(p) - 1.75) * v_selected;
  color = car + halo * (1. - car.a);
  if (color.a < .004) discard;
}`;

const NAMES = ['u_matrix', 'u_t', 'u_size', 'u_bearing', 'u_viewport', 'u_selected', 'u_colors', 'u_rim', 'u_glass', 'u_accent', 'u_detail'] as const;

export class TaxiLayer implements CustomLayerInterface {
  readonly id = 'taxis';
  readonly type = 'custom' as const;
  readonly renderingMode = '2d' as const;
  selected: string | null = null;
  private gl: WebGL2RenderingContext | null = null;
  private program: WebGLProgram | null = null;
  private at: Record<(typeof NAMES)[number], WebGLUniformLocation | null> | null = null;
  private instances: Instances | null = null;
  private uploaded: Float32Array | null = null;
  private map: MapLibreMap | null = null;

  constructor(
    private readonly motion: Motion,
    private palette: Palette,
  ) {}

  setPalette(palette: Palette): void {
    this.palette = palette;
  }

  onAdd(map: MapLibreMap, gl: WebGLRenderingContext | WebGL2RenderingContext): void {
    this.map = map;
    this.gl = gl as WebGL2RenderingContext;
    this.program = program(this.gl, VERTEX, FRAGMENT);
    this.at = uniforms(this.gl, this.program, NAMES);
    this.instances = new Instances(this.gl, 2);
    this.uploaded = null;
  }

  onRemove(): void {
    this.instances?.free();
    this.gl?.deleteProgram(this.program);
  }

  render(_gl: WebGLRenderingContext | WebGL2RenderingContext, input: CustomRenderMethodInput): void {
    const { gl, map, at, motion, palette } = this;
    if (!gl || !map || !at || !this.instances) return;
    if (this.uploaded !== motion.data) {
      this.instances.fill(motion.data);
      this.uploaded = motion.data;
    }
    const zoom = map.getZoom();
    const canvas = map.getCanvas();
    gl.useProgram(this.program);
    gl.uniformMatrix4fv(at.u_matrix, false, translated(input.defaultProjectionData.mainMatrix, motion.originX, motion.originY));
    gl.uniform1f(at.u_t, motion.progress(performance.now()));
    gl.uniform1f(at.u_size, taxiSize(zoom));
    gl.uniform1f(at.u_bearing, map.getBearing());
    gl.uniform2f(at.u_viewport, canvas.clientWidth, canvas.clientHeight);
    gl.uniform1i(at.u_selected, this.selected === null ? -1 : motion.indexOf(this.selected));
    gl.uniform3fv(at.u_colors, DRIVER_STATES.flatMap((state): Rgb => rgb(palette.driver[state])));
    gl.uniform3fv(at.u_rim, rgb(palette.rim));
    gl.uniform3fv(at.u_glass, rgb(palette.glass));
    gl.uniform3fv(at.u_accent, rgb(palette.accent));
    gl.uniform1f(at.u_detail, Math.min(Math.max((zoom - 13.2) / 1.2, 0), 1));
    this.instances.draw();
  }
}
