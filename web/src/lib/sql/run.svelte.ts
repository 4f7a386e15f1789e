// One statement on its way: started, followed, stopped, its rows.
import * as calls from '../api/calls';
import type { Client } from '../api/client';
import { Problem } from '../api/problem';
import type { SqlColumn, SqlJob, SqlRow, SqlStatistics } from '../api/types';

/** Rows that are shown; a file has all of them. */
export const MOST_ROWS = 2000;
/** Seconds that a question for the state may take: the server answers earlier when there is news. */
const WAIT_S = 0.5;

type Phase = 'none' | 'queued' | 'running' | 'done' | 'failed' | 'stopped';

export class Run {
  phase = $state<Phase>('none');
  progress = $state(0);
  columns = $state.raw<SqlColumn[]>([]);
  rows = $state.raw<SqlRow[]>([]);
  more = $state(false);
  statistics = $state.raw<SqlStatistics>({});
  problem = $state.raw<unknown>(null);
  /** The job whose rows are on the server. */
  job = $state<string | null>(null);
  private stopper: AbortController | null = null;

  get busy(): boolean {
    return this.phase === 'queued' || this.phase === 'running';
  }

  /** Resolves when it has ended, however it ended. */
  async start(api: Client, statement: string, database: string, speed: string): Promise<void> {
    this.leave(api);
    const stopper = new AbortController();
    this.stopper = stopper;
    this.phase = 'queued';
    this.progress = 0;
    this.problem = null;
    try {
      let job: SqlJob = await calls.startSql(api, statement, database, speed);
      if (stopper.signal.aborted) {
        void calls.endSql(api, job.id).catch(() => {});
        return;
      }
      this.job = job.id;
      while (!job.ready && !['failed', 'cancelled'].includes(job.state)) {
        this.phase = job.state === 'queued' ? 'queued' : 'running';
        this.progress = job.progress;
        job = await calls.sqlJob(api, job.id, WAIT_S, stopper.signal);
      }
      this.statistics = job.statistics;
      if (!job.ready) {
        this.phase = job.state === 'cancelled' ? 'stopped' : 'failed';
        this.problem = job.error ? new Problem(-1, { code: 'query_failed', detail: job.error }) : null;
        return;
      }
      const { rows, more } = await calls.sqlRows(api, job.id, MOST_ROWS, stopper.signal);
      this.columns = job.columns;
      this.rows = rows;
      this.more = more;
      this.progress = 1;
      this.phase = 'done';
    } catch (error) {
      if (stopper.signal.aborted) return;
      this.problem = error;
      this.phase = 'failed';
    }
  }

  stop(api: Client): void {
    if (!this.busy) return;
    this.leave(api);
    this.phase = 'stopped';
  }

  /** Lets go of what is on the server. */
  leave(api: Client): void {
    this.stopper?.abort();
    this.stopper = null;
    if (this.job) void calls.endSql(api, this.job).catch(() => {});
    this.job = null;
  }
}
