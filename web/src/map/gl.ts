// The little WebGL 2 that the two layers share.

export function program(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const made = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new Error('the graphics context is lost');
    gl.shaderSource(shader, `#version 300 es\nprecision highp float;\n${source}`);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`the shaders do not link: ${gl.getProgramInfoLog(made) ?? ''}`);
  }
  return made;
}

/** Looks up uniforms once. */
export function uniforms<N extends string>(gl: WebGL2RenderingContext, from: WebGLProgram, names: readonly N[]): Record<N, WebGLUniformLocation | null> {
  return Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(from, name)])) as Record<N, WebGLUniformLocation | null>;
}

/**
 * A quad drawn once per instance, `vectors` four-component vectors of instance data each. `a_corner` is location 0,
 * the instance data follow from location 1.
 */
export class Instances {
  private readonly vao: WebGLVertexArrayObject | null;
  private readonly corners: WebGLBuffer | null;
  private readonly buffer: WebGLBuffer | null;
  private count = 0;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly vectors: number,
  ) {
    this.vao = gl.createVertexArray();
    this.corners = gl.createBuffer();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    for (let i = 0; i < vectors; i++) {
      gl.enableVertexAttribArray(1 + i);
      gl.vertexAttribPointer(1 + i, 4, gl.FLOAT, false, vectors * 16, i * 16);
      gl.vertexAttribDivisor(1 + i, 1);
    }
    gl.bindVertexArray(null);
  }

  fill(data: Float32Array): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    this.count = data.length / (this.vectors * 4);
  }

  draw(): void {
    if (this.count === 0) return;
    const { gl } = this;
    gl.bindVertexArray(this.vao);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.count);
    gl.bindVertexArray(null);
  }

  free(): void {
    this.gl.deleteVertexArray(this.vao);
    this.gl.deleteBuffer(this.corners);
    this.gl.deleteBuffer(this.buffer);
  }
}

/** matrix · translate(x, y, 0), in double precision, so that small offsets survive the way to the graphics card. */
export function translated(matrix: ArrayLike<number>, x: number, y: number): Float32Array {
  const out = Float32Array.from(matrix);
  for (let row = 0; row < 4; row++) {
    out[12 + row] = matrix[row]! * x + matrix[4 + row]! * y + matrix[12 + row]!;
  }
  return out;
}

export type Rgb = [number, number, number];

/** `#rrggbb` → components 0…1. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.trim().replace('#', ''), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
