// Uploads under way: two at a time, each with its progress, each can be called off.
import { bearer, type Credentials } from '../api/credentials';
import { objectPath } from '../api/calls';
import { Problem, problemOf } from '../api/problem';

export type UploadState = 'waiting' | 'sending' | 'done' | 'failed' | 'stopped';

export class Upload {
  state = $state<UploadState>('waiting');
  sent = $state(0);
  problem = $state.raw<unknown>(null);
  private request: XMLHttpRequest | null = null;

  constructor(
    readonly bucket: string,
    readonly key: string,
    readonly file: File,
  ) {}

  get share(): number {
    return this.file.size === 0 ? Number(this.state === 'done') : this.sent / this.file.size;
  }

  /** Sends the file. XMLHttpRequest, as fetch tells nothing of what has been sent. */
  send(credentials: Credentials): Promise<void> {
    this.state = 'sending';
    return new Promise((settle) => {
      const request = new XMLHttpRequest();
      this.request = request;
      const end = (state: UploadState, problem: unknown = null) => {
        this.state = state;
        this.problem = problem;
        settle();
      };
      request.open('PUT', objectPath(this.bucket, this.key));
      request.setRequestHeader('authorization', bearer(credentials));
      request.setRequestHeader('content-type', this.file.type || 'application/octet-stream');
      request.upload.onprogress = (event) => (this.sent = event.loaded);
      request.onerror = () => end('failed', Problem.unreachable(new TypeError('the upload broke off')));
      request.onabort = () => end('stopped');
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) {
          this.sent = this.file.size;
          end('done');
        } else {
          const answer = new Response(request.responseText, { status: request.status });
          void problemOf(answer).then((problem) => end('failed', problem));
        }
      };
      request.send(this.file);
    });
  }

  stop(): void {
    if (this.state === 'waiting') this.state = 'stopped';
    else this.request?.abort();
  }
}

const AT_ONCE = 2;

export class Uploads {
  all = $state.raw<Upload[]>([]);
  private sending = 0;

  constructor(
    private readonly credentials: () => Credentials,
    private readonly onDone: (upload: Upload) => void,
  ) {}

  add(bucket: string, prefix: string, files: Iterable<File>): void {
    const more = Array.from(files, (file) => new Upload(bucket, prefix + (file.webkitRelativePath || file.name), file));
    this.all = [...this.all, ...more];
    this.next();
  }

  /** Forgets what has ended. */
  clear(): void {
    this.all = this.all.filter((upload) => upload.state === 'waiting' || upload.state === 'sending');
  }

  private next(): void {
    while (this.sending < AT_ONCE) {
      const upload = this.all.find((one) => one.state === 'waiting');
      if (!upload) return;
      this.sending += 1;
      void upload.send(this.credentials()).then(() => {
        this.sending -= 1;
        if (upload.state === 'done') this.onDone(upload);
        this.next();
      });
    }
  }
}
