// Failures as the API tells them (RFC 9457), and the ones that happen before an answer arrives.

export interface FieldError { field: string; reason: string; fix?: string }

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: FieldError[];
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly retryAfterS: number | null;
  readonly requestId: string | null;

  constructor(status: number, body: ProblemBody, retryAfterS: number | null = null, requestId: string | null = null) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? (status === 0 ? 'unreachable' : `http_${status}`);
    this.title = body.title ?? '';
    this.detail = body.detail ?? '';
    this.errors = Array.isArray(body.errors) ? body.errors : [];
    this.retryAfterS = retryAfterS;
    this.requestId = requestId;
  }

  /** What the network did when there was no answer at all. */
  static unreachable(cause: unknown): Problem {
    return new Problem(0, { code: 'unreachable', detail: cause instanceof Error ? cause.message : '' });
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  let body: ProblemBody = {};
  try {
    body = JSON.parse(text) as ProblemBody;
  } catch {
    body = { title: response.statusText, detail: text.slice(0, 300) };
  }
  const retry = Number(response.headers.get('retry-after'));
  return new Problem(response.status, body, retry > 0 ? retry : null, response.headers.get('x-request-id'));
}

/** `/pickup/lat` → `pickup.lat`, as a person would write it. */
export function fieldName(pointer: string): string {
  return pointer
    .replace(/^[/#]+/, '')
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}
